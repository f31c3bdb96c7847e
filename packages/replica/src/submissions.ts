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
      const payload = this.#encode(command);
      const { tally } = this;
      const call = new Execution<R>(options.acknowledge ?? acknowledge, tally, resolve, reject);
      this.submitted += 1;
      this.deadlines.add(call, timeoutMs);
      call.watch(options.signal);
      log.submit(payload, call);
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
      const payloads = commands.map((command) => this.#encode(command));
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
      let position = 0;
      for (const caller of call.commands) {
        const payload = payloads[position++];
        if (payload !== undefined) log.submit(payload, caller);
      }
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
   * @throws InvalidArgumentError if it cannot be encoded.
   * @throws TooLargeError if it never fits.
   */
  #encode(command: C): Uint8Array {
    const { codec, limits } = this.#setup;
    try {
      writeEnvelope(plain, this.#writer);
      codec.encode(command, this.#writer);
    } catch (cause) {
      // What the codec wrote before it threw must not stand in front of the next command.
      this.#writer.take();
      throw new InvalidArgumentError(`the command cannot be encoded: ${describeError(cause)}`, {
        cause,
      });
    }
    const payload = this.#writer.take();
    if (payload.length > limits.maxCommandBytes) {
      throw new TooLargeError(
        `a command of ${String(payload.length)} bytes is over limits.maxCommandBytes of ${String(limits.maxCommandBytes)}`,
      );
    }
    return payload;
  }
}

const plain: Envelope = { type: 'command' };
