/**
 * Handing committed entries to the consumer, in order, no faster than it applies them.
 *
 * What left memory (after a restart: everything behind the snapshot) is paged in from disk.
 */
import { invariant, type LogIndex, type LogRecord, type StagedSnapshot } from '@quorate/core';
import { invariants } from './invariants.ts';
import { Marks } from './marks.ts';
import type { PageReader } from './loads.ts';
import type { RaftNode } from './node.ts';

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
    invariant(index <= this.#handedOut, invariants.appliedWasHandedOut);
    // A report from before a snapshot was restored may come after it.
    if (index <= this.#applied) return;
    this.#applied = index;
    this.#appliedBytes = this.#marks.reach(index) ?? this.#appliedBytes;
  }

  /** Goes on behind a snapshot that the consumer restores. */
  restore(node: RaftNode, snapshot: StagedSnapshot): void {
    this.#handedOut = snapshot.index;
    this.#marks.clear();
    this.#appliedBytes = this.#handedOutBytes;
    this.page = undefined;
    node.outbox.restore(snapshot);
  }

  /** Hands out what is committed, within the bound of bytes not applied yet. */
  handOut(node: RaftNode): void {
    const { commitIndex, log, settings } = node;
    if (this.#handedOut === commitIndex) return;
    const start = this.#handedOut;
    while (this.#handedOut < commitIndex) {
      const unapplied = this.#handedOutBytes - this.#appliedBytes;
      if (unapplied > 0 && unapplied >= settings.maxUnappliedBytes) break;
      const index = this.#handedOut + 1;
      const item = index >= log.tail.firstIndex ? log.tail.at(index) : this.#paged(index);
      if (item === undefined) {
        node.loads.request(node, this, index, commitIndex);
        break;
      }
      invariant(item.index === index, invariants.committedGapless);
      node.outbox.commit(item);
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
