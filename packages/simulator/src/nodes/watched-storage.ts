/** A storage as its driver sees it, with everything that goes through it on record. */
import type { LogRecord, Recovered, Storage } from '@quorate/core';
import type { DiskRecord, Finding } from './disk-record.ts';

/** What a watched storage tells. */
export interface StorageWatch {
  /** It was opened. What this throws is what the driver gets instead. */
  opened(finding: Finding): void;
  /** Whether the process that uses it has ended: then nothing of it counts any more. */
  ended(): boolean;
}

/** Reads so much at a time when it looks at what a storage holds. */
const pageBytes = 2 ** 20;

/** Puts a storage on record. */
export function watchStorage(storage: Storage, record: DiskRecord, watch: StorageWatch): Storage {
  return {
    snapshots: storage.snapshots,
    read: (from, to, maxBytes) => storage.read(from, to, maxBytes),
    close: () => storage.close(),
    open: async (owner) => {
      const recovered = await storage.open(owner);
      const records = await allRecords(storage, recovered);
      if (!watch.ended()) watch.opened(record.opened(recovered, records));
      return recovered;
    },
    write: async (ops) => {
      if (!watch.ended()) record.begun(ops);
      await storage.write(ops);
      if (!watch.ended()) record.acknowledged();
    },
  };
}

async function allRecords(storage: Storage, { records }: Recovered): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  if (records === undefined) return all;
  for (let from = records.first; from <= records.last; ) {
    const page = await storage.read(from, records.last, pageBytes);
    const last = page.at(-1);
    if (last === undefined) break;
    for (const record of page) all.push(record);
    from = last.index + 1;
  }
  return all;
}
