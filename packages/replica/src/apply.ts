/**
 * The consumer of the log: decided entries go into the machine, results to whoever waits for them.
 *
 * Everything here is deterministic. Which commands are refused, and the time that they see, follows
 * from the entries alone, so it is equal on every replica. What a machine throws other than a
 * rejection stops the node: its state can no longer be trusted.
 */
import {
  type ApplyContext,
  type ByteReader,
  ByteWriter,
  ClosedError,
  type Committed,
  type Envelope,
  invariant,
  type LogConsumer,
  type LogIndex,
  MalformedError,
  OutcomeUnknownError,
  type QuorateError,
  readEnvelope,
  type Reply,
  type SessionPlace,
  type StateMachine,
  writeReply,
} from '@quorate/core';
import type { Acknowledgements } from './acknowledgements.ts';
import type { PayloadCaller } from './callers.ts';
import type { Reads } from './reads.ts';
import { machineFailed, Refusal, run, undecodable } from './run.ts';
import { gone, SessionTable } from './sessions/table.ts';
import { restoreSnapshot, takeSnapshot } from './snapshot.ts';
import type { Watches } from './watches.ts';

/** Whoever looks at the machine while entries are applied to it. */
export interface Onlookers<R, Q, A> {
  readonly acknowledgements: Acknowledgements<R>;
  readonly reads: Reads<R, Q, A>;
  readonly watches: Pick<Watches<unknown, unknown>, 'restoring' | 'restored' | 'close'>;
  /** Something was applied. */
  readonly delivered: () => void;
}

/** Applies entries to a machine. */
export class Applier<C, R, Q, A> implements LogConsumer<PayloadCaller<R>> {
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
  readonly sessions: SessionTable = new SessionTable();
  readonly #machine: StateMachine<C, R, Q, A>;
  readonly #onlookers: Onlookers<R, Q, A>;
  readonly #writer = new ByteWriter();
  #state: 'ready' | 'restoring' | 'failed' = 'ready';

  constructor(machine: StateMachine<C, R, Q, A>, onlookers: Onlookers<R, Q, A>) {
    this.#machine = machine;
    this.#onlookers = onlookers;
  }

  /**
   * When the next session ends or the next thing in the machine runs out, if nothing happens before; where that
   * is not after `now`, exactly so.
   */
  nextExpiry(now: number): number | undefined {
    const session = this.sessions.nextExpiry(now);
    const machine = this.#machine.nextExpiry?.();
    if (session === undefined || machine === undefined) return session ?? machine;
    return Math.min(session, machine);
  }

  deliver(entries: readonly Committed<PayloadCaller<R>>[]): void {
    invariant(this.#state === 'ready', 'entries come to a machine whose state is whole');
    try {
      for (const entry of entries) this.#applyEntry(entry);
    } catch (error) {
      this.#fail(error, entries);
      throw error;
    }
    const { acknowledgements, reads, delivered } = this.#onlookers;
    acknowledgements.ask(this.appliedIndex);
    reads.applied(this.appliedIndex);
    delivered();
  }

  async restore(index: LogIndex, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    invariant(this.#state === 'ready', 'one restore at a time');
    this.#state = 'restoring';
    const { reads, watches } = this.#onlookers;
    reads.restoring();
    watches.restoring();
    try {
      const { time, sessions } = await restoreSnapshot(this.#machine, index, chunks);
      this.time = time;
      this.sessions.restore(sessions);
    } catch (error) {
      this.#fail(error, []);
      throw error;
    }
    this.appliedIndex = index;
    this.restored++;
    this.#state = 'ready';
    reads.restored(index);
    watches.restored();
  }

  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> } {
    invariant(this.#state === 'ready', 'a snapshot is taken of a state that is whole');
    this.snapshots++;
    return {
      index: this.appliedIndex,
      chunks: takeSnapshot(this.#machine, this.appliedIndex, {
        time: this.time,
        sessions: this.sessions.freeze(),
      }),
    };
  }

  #applyEntry(entry: Committed<PayloadCaller<R>>): void {
    const { index, callers } = entry;
    invariant(index === this.appliedIndex + 1, 'entries come without a gap');
    // Leaders have clocks of their own: after a change of leader the next time may lie before the last.
    const time = Math.max(this.time, entry.time);
    this.time = time;
    entry.payloads.each((payload, position) => {
      this.#applyPayload(payload, { index, position, time }, callers?.[position]);
    });
    this.appliedIndex = index;
    this.entries++;
  }

  #applyPayload(
    reader: ByteReader,
    context: ApplyContext,
    caller: PayloadCaller<R> | undefined,
  ): void {
    let envelope: Envelope;
    try {
      envelope = readEnvelope(reader);
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      this.#refuse(undecodable(error), caller);
      return;
    }
    const { sessions } = this;
    const { time } = context;
    switch (envelope.type) {
      case 'command':
        this.#applyCommand(reader, context, caller);
        return;
      case 'session-command':
      case 'skip':
        this.#applyInSession(envelope, reader, context, caller);
        return;
      case 'open-session':
        this.#reply(
          { type: 'session', session: sessions.open(envelope.timeoutMs, time) },
          context,
          caller,
        );
        return;
      case 'keep-session':
        if (sessions.touch(envelope.session, envelope.answered, time) !== undefined) {
          this.#reply({ type: 'done' }, context, caller);
        } else caller?.reject(gone(envelope.session));
        return;
      case 'close-session':
        if (sessions.close(envelope.session)) this.#reply({ type: 'done' }, context, caller);
        else caller?.reject(gone(envelope.session));
        return;
      case 'time':
        sessions.expire(time);
        this.#advance(() => this.#machine.expire?.(context), context);
        this.#reply({ type: 'done' }, context, caller);
        return;
      case 'leader':
        sessions.renew(time);
        this.#advance(() => this.#machine.renew?.(context), context);
        this.#reply({ type: 'done' }, context, caller);
        return;
    }
  }

  /** A command of its own: whoever is told nothing must not hand it in again. */
  #applyCommand(
    reader: ByteReader,
    context: ApplyContext,
    caller: PayloadCaller<R> | undefined,
  ): void {
    const result = run(this.#machine, reader, context);
    if (result instanceof Refusal) {
      this.#refuse(result.error, caller);
      return;
    }
    this.applied++;
    if (caller?.applied(result, context.index) === true)
      this.#onlookers.acknowledgements.hold(caller);
  }

  /** A command of a session: it may have happened already, and then has a reply. */
  #applyInSession(
    place: SessionPlace & { readonly type: 'session-command' | 'skip' },
    reader: ByteReader,
    context: ApplyContext,
    caller: PayloadCaller<R> | undefined,
  ): void {
    const admission = this.sessions.admit(place, context.time);
    switch (admission.type) {
      case 'refused':
        this.#refuse(admission.error, caller);
        return;
      case 'again':
        this.#answer(admission.reply, context, caller);
        return;
      case 'next': {
        const { session } = admission;
        if (place.type === 'skip') writeReply({ type: 'skipped' }, this.#writer);
        else this.#writeReplyOf(run(this.#machine, reader, context), context);
        this.sessions.settle(session, this.#writer);
        const reply = caller === undefined ? undefined : session.replyOf(place.sequence);
        if (reply !== undefined) this.#answer(reply, context, caller);
      }
    }
  }

  #writeReplyOf(result: R | Refusal, context: ApplyContext): void {
    if (result instanceof Refusal) {
      this.rejected++;
      writeReply({ type: 'rejected', reason: result.error.message }, this.#writer);
      return;
    }
    this.applied++;
    try {
      writeReply({ type: 'result' }, this.#writer);
      this.#machine.results.encode(result, this.#writer);
    } catch (error) {
      throw machineFailed(error, context);
    }
  }

  #reply(reply: Reply, context: ApplyContext, caller: PayloadCaller<R> | undefined): void {
    if (caller === undefined) return;
    writeReply(reply, this.#writer);
    this.#answer(this.#writer.take(), context, caller);
  }

  #answer(reply: Uint8Array, { index }: ApplyContext, caller: PayloadCaller<R> | undefined): void {
    if (caller?.answered(reply, index) === true) this.#onlookers.acknowledgements.hold(caller);
  }

  #refuse(error: QuorateError, caller: PayloadCaller<R> | undefined): void {
    this.rejected++;
    caller?.reject(error);
  }

  #advance(change: () => void, context: ApplyContext): void {
    try {
      change();
    } catch (error) {
      throw machineFailed(error, context);
    }
  }

  /** The state can no longer be trusted. Nobody who waits here is left without a word. */
  #fail(cause: unknown, entries: readonly Committed<PayloadCaller<R>>[]): void {
    this.#state = 'failed';
    const unknown = new OutcomeUnknownError(
      'the state machine failed; the command may have happened, and happens again where it is applied',
      { cause },
    );
    this.#onlookers.acknowledgements.giveUp(unknown);
    for (const { callers } of entries) {
      if (callers !== undefined) for (const caller of callers) caller.reject(unknown);
    }
    const closed = new ClosedError('the state machine failed', { cause });
    this.#onlookers.reads.close(closed);
    this.#onlookers.watches.close(closed);
  }
}
