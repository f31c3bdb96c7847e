/**
 * Paging records in from disk, one page at a time for each that reads.
 *
 * Between asking and answer the log may have been truncated, rewritten or trimmed. So a page is
 * believed only as far as its records are still those of the log: same index, same term.
 */
import { type Input, invariant, type LogIndex, type LogRecord } from '@quorate/core';
import { invariants } from './invariants.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftNode } from './node.ts';
import { minRecordBytes } from './record.ts';

/** Whoever reads on where memory does not reach back: a follower's progress, or the consumer's. */
export interface PageReader {
  page: readonly LogRecord[] | undefined;
  /** Number of the load under way. */
  loading: number | undefined;
}

interface Loading {
  readonly reader: PageReader;
  readonly from: LogIndex;
  readonly generation: number;
}

/** The loads under way. */
export class Loads {
  #lastId = 0;
  readonly #underWay = new Map<number, Loading>();

  /** Asks for a page, unless the reader waits for one. */
  request(node: RaftNode, reader: PageReader, from: LogIndex, to: LogIndex): void {
    if (reader.loading !== undefined) return;
    const id = ++this.#lastId;
    reader.loading = id;
    this.#underWay.set(id, { reader, from, generation: node.log.generation });
    node.outbox.load({ id, from, to, maxBytes: node.settings.maxAppendBytes });
  }

  /** Takes a page. One that nobody asked for, or that came before, is dropped. */
  receive(
    node: RaftNode,
    { load, records }: Extract<Input<RaftMessage>, { type: 'loaded' }>,
  ): void {
    const loading = this.#underWay.get(load);
    if (loading === undefined) return;
    this.#underWay.delete(load);
    const { reader, from, generation } = loading;
    reader.loading = undefined;
    let good = 0;
    while (good < records.length && isStillInLog(node, records[good], from + good)) good++;
    if (good > 0) reader.page = good === records.length ? records : records.slice(0, good);
    // Asking again and again would hide that the storage lost something.
    else invariant(generation !== node.log.generation, invariants.logReadable);
  }
}

function isStillInLog(node: RaftNode, found: LogRecord | undefined, index: LogIndex): boolean {
  return (
    found?.index === index &&
    found.record.length >= minRecordBytes &&
    index > node.log.terms.base.index &&
    index <= node.log.lastIndex &&
    node.log.holds(index, found.record)
  );
}
