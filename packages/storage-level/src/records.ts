/** Reading records from the database. */
import { CorruptError, type IndexSpan, type LogIndex, type LogRecord } from '@quorate/core';
import type { Database } from './database.ts';
import { recordIndex, recordKey, unseal, valueOverheadBytes } from './format.ts';

/** Bytes that one step of a read brings into memory, besides the record that goes over it. */
const readAheadBytes = 1024 * 1024;

/** The lowest and the highest index in a span that have a key; `undefined`: none has. */
export async function endsWithin(
  database: Database,
  { first, last }: IndexSpan,
): Promise<IndexSpan | undefined> {
  const range = { gte: recordKey(first), lte: recordKey(last), limit: 1 };
  const [lowest] = await database.keys(range).all();
  const [highest] = await database.keys({ ...range, reverse: true }).all();
  return lowest === undefined || highest === undefined
    ? undefined
    : { first: recordIndex(lowest), last: recordIndex(highest) };
}

/**
 * Reads records, stopping before `maxBytes` is passed; at least one.
 *
 * @param denseFrom from here on no index may be missing.
 */
export async function readRecords(
  database: Database,
  span: IndexSpan,
  denseFrom: LogIndex,
  maxBytes: number,
): Promise<readonly LogRecord[]> {
  const iterator = database.iterator({
    gte: recordKey(span.first),
    lte: recordKey(span.last),
    highWaterMarkBytes: Math.min(Math.max(maxBytes, 1), readAheadBytes),
  });
  // The lowest index that must come next, where one must.
  let due = Math.max(span.first, denseFrom);
  const arrived = (index: LogIndex): void => {
    if (index > due) {
      throw new CorruptError(
        `the record at index ${String(due)} is gone; restore this node from its peers`,
      );
    }
    if (index === due) due++;
  };
  try {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (;;) {
      const entries = await iterator.nextv(1000);
      if (entries.length === 0) break;
      for (const [key, value] of entries) {
        const index = recordIndex(key);
        arrived(index);
        bytes += value.length - valueOverheadBytes;
        if (records.length > 0 && bytes > maxBytes) return records;
        records.push({ index, record: unseal(key, value) });
      }
    }
    arrived(span.last + 1);
    return records;
  } finally {
    await iterator.close();
  }
}
