/** Reading records, page by page, each one checked and none missed. */
import { CorruptError, type IndexSpan, type LogIndex, type LogRecord } from '@quorate/core';
import type { IdbKeyRanges, IdbObjectStore } from './browser.ts';
import { damaged, recordPlace, type Head, unseal } from './format.ts';
import type { Presence } from './presence.ts';
import { answer } from './transaction.ts';

/** Bytes that one page may bring into memory, unless a single record has more. */
const pageBytes = 4 * 1024 * 1024;
/** Records of the first page, when it is not known yet how large they are. */
const firstPageRecords = 16;
const maxPageRecords = 1024;

/**
 * Reads records, stopping before `maxBytes` is passed; at least one.
 *
 * @param head as it is in the same transaction.
 * @throws CorruptError if a record fails its check, or is missing.
 */
export async function readRecords(
  store: IdbObjectStore,
  keyRanges: IdbKeyRanges,
  { first, last }: IndexSpan,
  head: Head,
  maxBytes: number,
): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  const roll = new RollCall(head.presence, first);
  const most = Math.min(
    Math.max(Math.floor(pageBytes / Math.max(head.largestRecordBytes, 1)), 1),
    maxPageRecords,
  );
  let bytes = 0;
  for (let from = first; from <= last; ) {
    // As many as there is room for if the next ones are like those so far.
    const likely =
      records.length === 0 ? firstPageRecords : ((maxBytes - bytes) * records.length) / bytes + 1;
    const count = Number.isFinite(likely) ? Math.min(Math.max(Math.ceil(likely), 1), most) : most;
    const range = keyRanges.bound(from, last);
    const requests = [store.getAllKeys(range, count), store.getAll(range, count)] as const;
    const [keys, values] = await Promise.all([answer(requests[0]), answer(requests[1])]);
    for (const [at, key] of keys.entries()) {
      const index = checkIndex(key);
      roll.arrived(index);
      const record = unseal(recordPlace(index), values[at]);
      bytes += record.length;
      if (records.length > 0 && bytes > maxBytes) return records;
      records.push({ index, record });
      from = index + 1;
    }
    if (keys.length < count) break;
  }
  roll.ended(last);
  return records;
}

/** Looks whether every record comes that must, and no other. */
export class RollCall {
  readonly #presence: Presence;
  /** The next one that must come. */
  #due: LogIndex;

  constructor(presence: Presence, from: LogIndex) {
    this.#presence = presence;
    this.#due = presence.next(from);
  }

  arrived(index: LogIndex): void {
    if (index > this.#due) throw gone(this.#due);
    if (!this.#presence.allows(index)) {
      throw damaged(recordPlace(index), 'is there, although it was dropped or never written');
    }
    if (index === this.#due) this.#due = this.#presence.next(index + 1);
  }

  ended(last: LogIndex): void {
    if (this.#due <= last) throw gone(this.#due);
  }
}

/** @throws CorruptError if a key is not the index of a record. */
export function checkIndex(key: unknown): LogIndex {
  if (typeof key === 'number' && Number.isInteger(key) && key >= 1) return key;
  throw new CorruptError(
    `${String(key)} is not the key of a record; restore this node from its peers`,
  );
}

function gone(index: LogIndex): CorruptError {
  return damaged(recordPlace(index), 'is gone');
}
