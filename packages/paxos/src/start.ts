/**
 * After a restart: reading the votes back that are not known to be chosen.
 *
 * An acceptor that answered before it knows its own votes would break its promise to report them. They
 * are few: what lies behind the last durable hint of what is chosen (see `state.ts`).
 */
import { CorruptError, type LogIndex, type LogRecord } from '@quorate/core';
import type { PageReader } from '@quorate/core/engines';
import { compareBallots, describeBallot } from './ballot.ts';
import { advance, know } from './learner.ts';
import type { PaxosNode } from './node.ts';
import { ballotOf, checkRecord, isMarkedChosen, trusted } from './record.ts';

/** Votes on their way back from the disk. */
export class ReadBack implements PageReader {
  readonly sparse = true;
  page: readonly LogRecord[] | undefined;
  loading: number | undefined;
  #next: LogIndex;
  readonly #last: LogIndex;

  /** @param chosen what stands behind it, up to `last`, has to be read. */
  constructor(chosen: LogIndex, last: LogIndex) {
    this.#next = chosen + 1;
    this.#last = last;
  }

  /** Whether the node knows all of its votes. */
  get done(): boolean {
    return this.#next > this.#last;
  }

  /** Asks for the next page. */
  request(node: PaxosNode): void {
    if (this.done) return;
    const { loads, outbox, settings } = node;
    loads.request(outbox, this, this.#next, this.#last, settings.maxAppendBytes);
  }

  /**
   * Takes what has come.
   *
   * @throws CorruptError if it is no vote, or one that this node cannot have given.
   */
  receive(node: PaxosNode): void {
    const { page } = this;
    if (this.done || page === undefined) return;
    this.page = undefined;
    for (const { index, record } of page) {
      this.#next = index + 1;
      if (index <= node.chosen) continue;
      trusted(() => {
        checkRecord(record);
        this.#take(node, index, record);
      });
    }
    // Nothing more: what follows are holes.
    if (page.length === 0) this.#next = this.#last + 1;
    if (this.#next <= this.#last) {
      this.request(node);
      return;
    }
    advance(node);
    node.restartTimer();
  }

  #take(node: PaxosNode, index: LogIndex, record: Uint8Array): void {
    const ballot = ballotOf(record);
    const chosen = isMarkedChosen(record);
    if (!chosen && compareBallots(ballot, node.promised) > 0) {
      throw new CorruptError(
        `the vote in slot ${String(index)} is in ballot ${describeBallot(ballot)}, the promise only in ${describeBallot(node.promised)}`,
      );
    }
    // The ballots that it was chosen in may not have reached the disk with it; the promise did.
    if (chosen) know(node, node.promised);
    node.slots.put({ item: { type: 'put', index, record }, ballot, chosen, write: 0 });
  }
}
