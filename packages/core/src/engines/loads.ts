/**
 * Paging records in from disk, one page at a time for each that reads.
 *
 * Between asking and answer the log may have been truncated, rewritten or trimmed. So a page is
 * believed only as far as its records are still those of the log; what makes them so (the term, the
 * ballot) is for the log to say.
 */
import type { Input } from '../engine.ts';
import { invariant } from '../errors.ts';
import type { LogIndex } from '../ids.ts';
import type { LogRecord } from '../storage.ts';
import { engineInvariants } from './invariants.ts';
import type { LocalEffects } from './outbox.ts';

/** Whoever reads on where memory does not reach back: a follower's progress, or the consumer's. */
export interface PageReader {
  page: readonly LogRecord[] | undefined;
  /** Number of the load under way. */
  loading: number | undefined;
  /**
   * Whether it reads a stretch that may have holes: then it takes whatever there is, and checks it by
   * itself. @default false
   */
  readonly sparse?: boolean;
}

/** A log that pages are read from. */
export interface PagedLog {
  /** Rises whenever something that was in the log leaves it, also where something else takes its place. */
  readonly generation: number;
  /** Whether this record, as it was read from disk, is the one that the log holds at the index. */
  isCurrent(index: LogIndex, record: Uint8Array): boolean;
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
  readonly #log: PagedLog;

  constructor(log: PagedLog) {
    this.#log = log;
  }

  /** Asks for a page, unless the reader waits for one. */
  request(
    outbox: LocalEffects,
    reader: PageReader,
    from: LogIndex,
    to: LogIndex,
    maxBytes: number,
  ): void {
    if (reader.loading !== undefined) return;
    const id = ++this.#lastId;
    reader.loading = id;
    this.#underWay.set(id, { reader, from, generation: this.#log.generation });
    outbox.load({ id, from, to, maxBytes });
  }

  /** Takes a page. One that nobody asked for, or that came before, is dropped. */
  receive({ load, records }: Extract<Input<never>, { type: 'loaded' }>): void {
    const loading = this.#underWay.get(load);
    if (loading === undefined) return;
    this.#underWay.delete(load);
    const { reader, from, generation } = loading;
    reader.loading = undefined;
    if (reader.sparse === true) {
      reader.page = records;
      return;
    }
    let good = 0;
    while (good < records.length && this.#isCurrent(records[good], from + good)) good++;
    if (good > 0) reader.page = good === records.length ? records : records.slice(0, good);
    // Asking again and again would hide that the storage lost something.
    else invariant(generation !== this.#log.generation, engineInvariants.logReadable);
  }

  #isCurrent(found: LogRecord | undefined, index: LogIndex): boolean {
    return found?.index === index && this.#log.isCurrent(index, found.record);
  }
}
