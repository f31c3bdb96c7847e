/**
 * The way of commands into the log: checked, encoded once, handed over with a caller each. Whatever
 * rejects here is definite, because nothing has left the replica yet.
 */
import {
  AbortedError,
  type Acknowledge,
  ByteWriter,
  describeError,
  InvalidArgumentError,
  OverloadedError,
  type Codec,
  type Envelope,
  type ReplicatedLog,
  type Runtime,
  TooLargeError,
  writeEnvelope,
} from '@quorate/core';
import { Deadlines } from '@quorate/core/waiting';
import { Call, type PayloadCaller, type Tally } from './callers.ts';
import { Execution } from './execution.ts';
import { checkTimeout, type ExecuteOptions, type ReplicaLimits } from './options.ts';

/** What {@link Submissions} needs. */
export interface SubmissionSetup<C, R> {
  readonly log: Pick<ReplicatedLog<PayloadCaller<R>>, 'submit'>;
  readonly codec: Codec<C>;
  readonly acknowledge: Acknowledge;
  readonly limits: ReplicaLimits;
  readonly runtime: Runtime;
}

/** All commands that this node hands in. */
export class Submissions<C, R> {
  readonly deadlines: Deadlines;
  readonly tally: Tally = { pending: 0, timedOut: 0, aborted: 0 };
  /** Counters. */
  submitted = 0;
  refused = 0;
  readonly #setup: SubmissionSetup<C, R>;
  /** The log copies what is submitted: all commands are encoded into the same memory. */
  readonly #writer = new ByteWriter();

  constructor(setup: SubmissionSetup<C, R>) {
    this.#setup = setup;
    this.deadlines = new Deadlines(setup.runtime);
  }

  /** Hands one command in; the promise resolves with its result. */
  submit(command: C, options: ExecuteOptions): Promise<R> {
    const { log, limits, acknowledge } = this.#setup;
    return new Promise<R>((resolve, reject) => {
      // What is thrown before `submit` rejects the promise, and nothing has happened.
      const timeoutMs = checkTimeout(options.timeoutMs ?? limits.executeTimeoutMs);
      this.#checkRoom(1, options.signal);
      this.#encode(command);
      const payload = this.#writer.take();
      const { tally } = this;
      const call = new Execution<R>(options.acknowledge ?? acknowledge, tally, resolve, reject);
      this.submitted += 1;
      this.deadlines.add(call, timeoutMs);
      call.watch(options.signal);
      log.submit(payload, call);
      this.#writer.giveBack(payload);
    });
  }

  /** Hands commands in; the promise resolves with their results. */
  submitAll(commands: readonly C[], options: ExecuteOptions): Promise<readonly R[]> {
    const { log, limits, acknowledge } = this.#setup;
    return new Promise<readonly R[]>((resolve, reject) => {
      // What is thrown before the first `submit` rejects the promise, and nothing has happened.
      const timeoutMs = checkTimeout(options.timeoutMs ?? limits.executeTimeoutMs);
      this.#checkRoom(commands.length, options.signal);
      // All or nothing, so that a bad command does not leave half a batch handed in.
      const ends: number[] = [];
      for (const command of commands) ends.push(this.#encode(command));
      const payloads = this.#writer.take();
      const call = new Call<R>(
        commands.length,
        options.acknowledge ?? acknowledge,
        this.tally,
        resolve,
        reject,
      );
      this.submitted += commands.length;
      this.deadlines.add(call, timeoutMs);
      call.watch(options.signal);
      let start = 0;
      for (const [position, caller] of call.commands.entries()) {
        const end = ends[position] ?? start;
        log.submit(payloads.subarray(start, end), caller);
        start = end;
      }
      this.#writer.giveBack(payloads);
    });
  }

  /**
   * @throws AbortedError if the signal has fired.
   * @throws TooLargeError if so many commands never fit.
   * @throws OverloadedError if they do not fit now.
   */
  #checkRoom(count: number, signal: AbortSignal | undefined): void {
    if (signal?.aborted === true) {
      throw new AbortedError('aborted before anything was handed on', { cause: signal.reason });
    }
    const { maxPending } = this.#setup.limits;
    if (this.tally.pending + count <= maxPending) return;
    this.refused += count;
    if (count > maxPending) {
      throw new TooLargeError(
        `${String(count)} commands at once are over limits.maxPending of ${String(maxPending)}; split them`,
      );
    }
    throw new OverloadedError(
      `${String(this.tally.pending)} commands wait here, limits.maxPending is ${String(maxPending)}; slow down and retry`,
    );
  }

  /**
   * Writes a payload behind those that were written.
   *
   * @returns where it ends.
   * @throws InvalidArgumentError if it cannot be encoded, TooLargeError if it never fits. Nothing is left written then.
   */
  #encode(command: C): number {
    const { codec, limits } = this.#setup;
    const writer = this.#writer;
    const start = writer.length;
    try {
      writeEnvelope(plain, writer);
      codec.encode(command, writer);
    } catch (cause) {
      // What the codec wrote before it threw must not stand in front of the next command.
      writer.giveBack(writer.take());
      throw new InvalidArgumentError(`the command cannot be encoded: ${describeError(cause)}`, {
        cause,
      });
    }
    const end = writer.length;
    if (end - start > limits.maxCommandBytes) {
      writer.giveBack(writer.take());
      throw new TooLargeError(
        `a command of ${String(end - start)} bytes is over limits.maxCommandBytes of ${String(limits.maxCommandBytes)}`,
      );
    }
    return end;
  }
}

const plain: Envelope = { type: 'command' };
