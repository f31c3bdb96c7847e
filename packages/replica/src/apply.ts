/**
 * The consumer of the log: decided entries go into the machine, results to whoever waits for them.
 *
 * Everything here is deterministic. Which commands are refused, and the time that they see, follows
 * from the entries alone, so it is equal on every replica. What a machine throws other than a
 * rejection stops the node: its state can no longer be trusted.
 */
import {
  ClosedError,
  CommandRejectedError,
  type Committed,
  describeError,
  invariant,
  InvariantError,
  type LogConsumer,
  type LogIndex,
  MalformedError,
  OutcomeUnknownError,
  type QuorateError,
  type StateMachine,
} from '@quorate/core';
import type { Acknowledgements } from './acknowledgements.ts';
import type { CommandCaller } from './callers.ts';
import { decodeCommand } from './envelope.ts';
import type { Reads } from './reads.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';

/** Applies entries to a machine. */
export class Applier<C, R, Q, A> implements LogConsumer<CommandCaller<R>> {
  /** Last entry that the state contains. */
  appliedIndex: LogIndex = 0;
  /** The machine's clock, ms since 1970: the highest time of any entry so far. */
  time = 0;
  /** Counters. */
  entries = 0;
  applied = 0;
  rejected = 0;
  restored = 0;
  snapshots = 0;
  readonly #machine: StateMachine<C, R, Q, A>;
  readonly #acknowledgements: Acknowledgements<R>;
  readonly #reads: Reads<R, Q, A>;
  #state: 'ready' | 'restoring' | 'failed' = 'ready';

  constructor(
    machine: StateMachine<C, R, Q, A>,
    acknowledgements: Acknowledgements<R>,
    reads: Reads<R, Q, A>,
  ) {
    this.#machine = machine;
    this.#acknowledgements = acknowledgements;
    this.#reads = reads;
  }

  deliver(entries: readonly Committed<CommandCaller<R>>[]): void {
    invariant(this.#state === 'ready', 'entries come to a machine whose state is whole');
    try {
      for (const entry of entries) this.#applyEntry(entry);
    } catch (error) {
      this.#fail(error, entries);
      throw error;
    }
    this.#acknowledgements.ask(this.appliedIndex);
    this.#reads.applied(this.appliedIndex);
  }

  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    invariant(this.#state === 'ready', 'one restore at a time');
    this.#state = 'restoring';
    this.#reads.restoring();
    try {
      this.time = await restoreSnapshot(this.#machine, index, chunks);
    } catch (error) {
      this.#fail(error, []);
      throw error;
    }
    this.appliedIndex = index;
    this.restored++;
    this.#state = 'ready';
    this.#reads.restored(index);
  }

  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> } {
    invariant(this.#state === 'ready', 'a snapshot is taken of a state that is whole');
    this.snapshots++;
    return {
      index: this.appliedIndex,
      chunks: takeSnapshot(this.#machine, this.appliedIndex, this.time),
    };
  }

  #applyEntry(entry: Committed<CommandCaller<R>>): void {
    const { index, callers } = entry;
    invariant(index === this.appliedIndex + 1, 'entries come without a gap');
    // Leaders have clocks of their own: after a change of leader the next time may lie before the last.
    const time = Math.max(this.time, entry.time);
    this.time = time;
    let position = 0;
    for (const payload of entry.payloads) {
      this.#applyCommand(payload, index, position, time, callers?.[position]);
      position++;
    }
    this.appliedIndex = index;
    this.entries++;
  }

  #applyCommand(
    payload: Uint8Array,
    index: LogIndex,
    position: number,
    time: number,
    caller: CommandCaller<R> | undefined,
  ): void {
    let result: R;
    let decoded = false;
    try {
      const command = decodeCommand(this.#machine.commands, payload);
      decoded = true;
      result = this.#machine.apply(command, { index, position, time });
    } catch (error) {
      const refusal = refusalFor(error, decoded);
      if (refusal === undefined) {
        throw new InvariantError(
          `the state machine failed at index ${index}, command ${position}: ${describeError(error)}`,
          { cause: error },
        );
      }
      this.rejected++;
      caller?.reject(refusal);
      return;
    }
    this.applied++;
    if (caller?.applied(result, index) === true) this.#acknowledgements.hold(caller);
  }

  /** The state can no longer be trusted. Nobody who waits here is left without a word. */
  #fail(cause: unknown, entries: readonly Committed<CommandCaller<R>>[]): void {
    this.#state = 'failed';
    const unknown = new OutcomeUnknownError(
      'the state machine failed; the command may have happened, and happens again where it is applied',
      { cause },
    );
    this.#acknowledgements.giveUp(unknown);
    for (const { callers } of entries) {
      if (callers !== undefined) for (const caller of callers) caller.reject(unknown);
    }
    this.#reads.close(new ClosedError('the state machine failed', { cause }));
  }
}

/** A refusal that is part of the deterministic outcome, or `undefined` for a failure. */
function refusalFor(error: unknown, decoded: boolean): QuorateError | undefined {
  if (decoded) return error instanceof CommandRejectedError ? error : undefined;
  if (!(error instanceof MalformedError)) return undefined;
  return new CommandRejectedError(`the command cannot be decoded: ${error.message}`, {
    cause: error,
  });
}
