/**
 * What runs out by itself: sessions, and whatever the machine lets run out. Clocks differ from node to node, so
 * it happens by an entry in the log, at the same place on every replica. The node that leads writes it.
 *
 *     following ──► taking over ──► leading
 *         ▲              │             │     somebody else leads
 *         └──────────────┴─────────────┘
 *
 * A new leader first has all that was decided before applied, and then gives everybody who must be heard from in
 * time all of it again: while nobody led, nobody could be heard.
 */
import {
  ByteWriter,
  type Envelope,
  type LogEvent,
  type LogIndex,
  type ReplicatedLog,
  type Runtime,
  type Timer,
  writeEnvelope,
} from '@quorate/core';
import type { PayloadCaller } from './callers.ts';

/** What {@link Expiry} needs. */
export interface ExpirySetup<R> {
  readonly log: Pick<ReplicatedLog<PayloadCaller<R>>, 'node' | 'submit' | 'barrier'>;
  readonly runtime: Runtime;
  readonly appliedIndex: () => LogIndex;
  /** The machine's clock, which may be ahead of the one here: a leader before had a clock of its own. */
  readonly time: () => number;
  /** When the next thing runs out, ms since 1970; where that is not after `now`, exactly so. */
  readonly next: (now: number) => number | undefined;
}

/** Entries of the leader are at least so far apart: what runs out meanwhile does so together. */
const leastPauseMs = 100;
/** Pause after one that did not get through. */
const retryPauseMs = 1_000;
/** The wall clock is looked at again after so long, for it may jump. */
const longestWaitMs = 60_000;

type State =
  | { readonly name: 'following' }
  /** Until everything up to here is applied; `undefined`: not known yet. */
  | { readonly name: 'taking over'; until: LogIndex | undefined }
  | { readonly name: 'leading' };

/** Writes the entries by which things run out. */
export class Expiry<R> {
  /** Counter: entries that this node has written. */
  entries = 0;
  readonly #setup: ExpirySetup<R>;
  readonly #writer = new ByteWriter(64);
  #state: State = { name: 'following' };
  #timer: { readonly at: number; readonly timer: Timer } | undefined;
  /** One entry is on its way. */
  #busy = false;
  #closed = false;

  constructor(setup: ExpirySetup<R>) {
    this.#setup = setup;
  }

  /** Somebody leads now, or nobody. */
  leader({ leader }: Extract<LogEvent, { readonly type: 'leader' }>): void {
    this.#stopTimer();
    if (this.#closed || leader !== this.#setup.log.node) {
      this.#state = { name: 'following' };
      return;
    }
    this.#takeOver();
  }

  #takeOver(): void {
    const state: State = { name: 'taking over', until: undefined };
    this.#state = state;
    this.#setup.log.barrier('linearizable').then(
      (index) => {
        state.until = index;
        this.look();
      },
      () => {
        // It may lead all the same, and reach the others again without having lost that.
        this.#setup.runtime.setTimer(retryPauseMs, () => {
          if (this.#state === state && !this.#closed) this.#takeOver();
        });
      },
    );
  }

  /** Has to be called after each delivery: something new may run out, or the next thing earlier. */
  look(): void {
    const { appliedIndex, next } = this.#setup;
    const state = this.#state;
    if (state.name === 'following' || this.#busy || this.#closed) return;
    if (state.name === 'taking over') {
      if (state.until === undefined || appliedIndex() < state.until) return;
      if (next(0) !== undefined) {
        this.#write({ type: 'leader' });
        return;
      }
      this.#state = { name: 'leading' };
    }
    this.#arm(leastPauseMs);
  }

  close(): void {
    this.#closed = true;
    this.#stopTimer();
  }

  #arm(pauseMs: number): void {
    const { next, runtime } = this.#setup;
    const due = next(0);
    if (due === undefined) return;
    const waitMs = Math.min(Math.max(due - this.#time, pauseMs), longestWaitMs);
    const at = runtime.now() + waitMs;
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#stopTimer();
    this.#timer = { at, timer: runtime.setTimer(waitMs, () => this.#wake()) };
  }

  /** The time that an entry has which is written now. */
  get #time(): number {
    const { runtime, time } = this.#setup;
    return Math.max(runtime.wallTime(), time());
  }

  #wake(): void {
    this.#timer = undefined;
    if (this.#state.name !== 'leading' || this.#busy) return;
    const now = this.#time;
    const due = this.#setup.next(now);
    if (due === undefined) return;
    if (due <= now) this.#write({ type: 'time' });
    else this.#arm(leastPauseMs);
  }

  #write(envelope: Envelope): void {
    const state = this.#state;
    writeEnvelope(envelope, this.#writer);
    this.#busy = true;
    this.entries += 1;
    const done = (pauseMs: number, applied: boolean): void => {
      this.#busy = false;
      if (this.#state === state && applied) this.#state = { name: 'leading' };
      if (this.#closed || this.#state.name === 'following') return;
      if (this.#state.name === 'leading') this.#arm(pauseMs);
      else this.#setup.runtime.setTimer(pauseMs, () => this.look());
    };
    this.#setup.log.submit(this.#writer.take(), new OwnCaller(done));
  }

  #stopTimer(): void {
    this.#timer?.timer.cancel();
    this.#timer = undefined;
  }
}

/** Waits for an entry of the leader. */
class OwnCaller implements PayloadCaller<unknown> {
  readonly deadlineAt: number = Number.POSITIVE_INFINITY;
  readonly #done: (pauseMs: number, applied: boolean) => void;

  constructor(done: (pauseMs: number, applied: boolean) => void) {
    this.#done = done;
  }

  answered(): boolean {
    this.#done(leastPauseMs, true);
    return false;
  }

  applied(): boolean {
    return this.answered();
  }

  reject(): void {
    this.#done(retryPauseMs, false);
  }

  // Never held: nobody waits for all voters here.
  confirmed(): void {}

  unconfirmed(): void {}
}
