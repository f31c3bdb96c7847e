/**
 * Handing committed entries to the consumer, in order, no faster than it applies them.
 *
 * What left memory (after a restart: everything behind the snapshot) is paged in from disk.
 */
import type { StagedSnapshot } from '../engine.ts';
import { invariant } from '../errors.ts';
import type { LogIndex } from '../ids.ts';
import type { LogRecord } from '../storage.ts';
import { engineInvariants } from './invariants.ts';
import type { PageReader } from './loads.ts';
import { Marks } from './marks.ts';
import type { LocalEffects } from './outbox.ts';
import type { RecordTail } from './record-tail.ts';

/** Where committed entries come from. */
export interface DeliverySource {
  readonly outbox: LocalEffects;
  readonly commitIndex: LogIndex;
  readonly tail: RecordTail;
  /** Bound of the bytes handed out and not applied yet; a single record may be larger. */
  readonly maxUnappliedBytes: number;
  /** Asks for a page of what memory does not hold, unless the reader waits for one. */
  load(reader: PageReader, from: LogIndex, to: LogIndex): void;
}

/** How far the consumer is. */
export class Delivery implements PageReader {
  page: readonly LogRecord[] | undefined;
  loading: number | undefined;
  #handedOut: LogIndex;
  #applied: LogIndex;
  /** Index and bytes ever handed out by then. */
  readonly #marks = new Marks();
  #handedOutBytes = 0;
  #appliedBytes = 0;

  /** @param start the index of the snapshot that the consumer starts from. */
  constructor(start: LogIndex) {
    this.#handedOut = start;
    this.#applied = start;
  }

  get handedOut(): LogIndex {
    return this.#handedOut;
  }

  get applied(): LogIndex {
    return this.#applied;
  }

  /** The consumer has applied everything up to the index. */
  apply(index: LogIndex): void {
    invariant(index <= this.#handedOut, engineInvariants.appliedWasHandedOut);
    // A report from before a snapshot was restored may come after it.
    if (index <= this.#applied) return;
    this.#applied = index;
    this.#appliedBytes = this.#marks.reach(index) ?? this.#appliedBytes;
  }

  /** Goes on behind a snapshot that the consumer restores. */
  restore(outbox: LocalEffects, snapshot: StagedSnapshot): void {
    this.#handedOut = snapshot.index;
    this.#marks.clear();
    this.#appliedBytes = this.#handedOutBytes;
    this.page = undefined;
    outbox.restore(snapshot);
  }

  /** Hands out what is committed, within the bound of bytes not applied yet. */
  handOut(source: DeliverySource): void {
    const { commitIndex, tail, outbox } = source;
    if (this.#handedOut === commitIndex) return;
    const start = this.#handedOut;
    while (this.#handedOut < commitIndex) {
      const unapplied = this.#handedOutBytes - this.#appliedBytes;
      if (unapplied > 0 && unapplied >= source.maxUnappliedBytes) break;
      const index = this.#handedOut + 1;
      const item = index >= tail.firstIndex ? tail.at(index) : this.#paged(index);
      if (item === undefined) {
        source.load(this, index, commitIndex);
        break;
      }
      invariant(item.index === index, engineInvariants.committedGapless);
      outbox.commit(item);
      this.#handedOut = index;
      this.#handedOutBytes += item.record.length;
    }
    if (this.#handedOut > start) this.#marks.push(this.#handedOut, this.#handedOutBytes);
  }

  #paged(index: LogIndex): LogRecord | undefined {
    const first = this.page?.[0];
    if (first === undefined) return undefined;
    const item = this.page?.[index - first.index];
    if (item === undefined) this.page = undefined;
    return item;
  }
}
