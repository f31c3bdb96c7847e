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
  type ReplicatedLog,
  type Runtime,
  TooLargeError,
  writeEnvelope,
} from '@quorate/core';
import { Call, type PayloadCaller, type Tally } from './callers.ts';
import { Deadlines } from '@quorate/core/waiting';
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

  /** Hands commands in; `present` makes of their results what the promise resolves with. */
  submit<T>(
    commands: readonly C[],
    present: (results: readonly R[]) => T,
    options: ExecuteOptions,
  ): Promise<T> {
    const { log, limits } = this.#setup;
    return new Promise<T>((resolve, reject) => {
      // What is thrown before the first `submit` rejects the promise, and nothing has happened.
      const timeoutMs = checkTimeout(options.timeoutMs ?? limits.executeTimeoutMs);
      this.#checkRoom(commands.length, options.signal);
      const payloads = this.#encode(commands);
      const call = new Call<R, T>(
        commands.length,
        options.acknowledge ?? this.#setup.acknowledge,
        present,
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

  /** All or nothing, so that a bad command does not leave half a batch handed in. */
  #encode(commands: readonly C[]): readonly Uint8Array[] {
    const { maxCommandBytes } = this.#setup.limits;
    const payloads: Uint8Array[] = [];
    for (const command of commands) {
      const payload = this.#encodeOne(command);
      if (payload.length > maxCommandBytes) {
        throw new TooLargeError(
          `a command of ${String(payload.length)} bytes is over limits.maxCommandBytes of ${String(maxCommandBytes)}`,
        );
      }
      payloads.push(payload);
    }
    return payloads;
  }

  #encodeOne(command: C): Uint8Array {
    try {
      writeEnvelope({ type: 'command' }, this.#writer);
      this.#setup.codec.encode(command, this.#writer);
      return this.#writer.take();
    } catch (cause) {
      // What the codec wrote before it threw must not stand in front of the next command.
      this.#writer.take();
      throw new InvalidArgumentError(`the command cannot be encoded: ${describeError(cause)}`, {
        cause,
      });
    }
  }
}
