/**
 * Brings the records of a file into the map, in bounded memory.
 *
 * Records travel as transactions of many puts, several of them at once, through the session of a
 * client: each happens exactly once and in order, whichever nodes fail meanwhile. One that the map
 * refuses is taken apart, and its records come in later than they would have: so that lines with the
 * same key do not overtake each other, a record waits until an earlier one with its key is acknowledged.
 * No transaction may hold a key twice.
 */
import { kv } from '@quorate/machine-kv';
import { codeOf } from '@quorate/program';
import type { KvClient } from '../client/connect.ts';
import { type FileRecord, lineError } from './record.ts';

/** Options of {@link importRecords}. */
export interface ImportOptions {
  readonly client: Pick<KvClient, 'execute'>;
  /** In front of every key. @default '' */
  readonly prefix?: string;
  /** Transactions under way at the same time. @default 4 */
  readonly inFlight?: number;
  /** Told of what is acknowledged. */
  readonly onAcknowledged?: (records: number, bytes: number) => void;
}

/** A transaction takes 128 operations, and an entry of the log holds 256 KiB before it is split. */
export const maxBatchRecords = 128;
const maxBatchBytes = 192 * 1024;

/** Refusals that one bad record brings on all that share its transaction. */
const recordErrors: ReadonlySet<string> = new Set([
  'COMMAND_REJECTED',
  'INVALID_ARGUMENT',
  'MALFORMED',
  'TOO_LARGE',
]);

/**
 * Imports all records; resolves when the last one is acknowledged.
 *
 * @throws whatever `records` throws, after everything before it has been acknowledged.
 * @throws ServiceError naming the lines that the group refused, or could not take in time.
 */
export async function importRecords(
  records: AsyncIterable<FileRecord>,
  options: ImportOptions,
): Promise<void> {
  const importer = new Importer(options);
  try {
    for await (const record of records) await importer.add(record);
  } finally {
    // Also when a line is wrong: what stood before it is imported.
    await importer.finish();
  }
}

class Importer {
  readonly #options: ImportOptions;
  readonly #inFlight: number;
  #batch = new Batch();
  readonly #underWay = new Set<Promise<void>>();
  /** Keys of the transactions under way. */
  readonly #busyKeys = new Map<string, Promise<void>>();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: ImportOptions) {
    this.#options = options;
    this.#inFlight = options.inFlight ?? 4;
  }

  async add(record: FileRecord): Promise<void> {
    this.#throwFailure();
    if (!this.#batch.takes(record)) await this.#send();
    while (this.#busyKeys.has(record.key)) {
      await this.#busyKeys.get(record.key);
      this.#throwFailure();
    }
    this.#batch.add(record);
  }

  async finish(): Promise<void> {
    if (this.#failure === undefined && this.#batch.records.length > 0) await this.#send();
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  async #send(): Promise<void> {
    while (this.#underWay.size >= this.#inFlight) await Promise.race(this.#underWay);
    this.#throwFailure();
    const { records } = this.#batch;
    this.#batch = new Batch();
    const sending = this.#put(records)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .then(() => {
        this.#underWay.delete(sending);
        for (const { key } of records) this.#busyKeys.delete(key);
      });
    this.#underWay.add(sending);
    for (const { key } of records) this.#busyKeys.set(key, sending);
  }

  async #put(records: readonly FileRecord[]): Promise<void> {
    const { client, prefix = '', onAcknowledged } = this.#options;
    const puts = records.map(({ key, value }) => kv.put(prefix + key, value));
    try {
      await client.execute(kv.txn({ then: puts }));
    } catch (error) {
      const [first] = records;
      if (first === undefined) return;
      if (records.length === 1 || !recordErrors.has(codeOf(error)))
        throw lineError(first.line, error);
      // One of them is to blame: one at a time it is found, and the others before it get in.
      for (const record of records) await this.#put([record]);
      return;
    }
    let bytes = 0;
    for (const { value } of puts) bytes += value.length;
    onAcknowledged?.(puts.length, bytes);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** Records that become one transaction. */
class Batch {
  readonly records: FileRecord[] = [];
  readonly #keys = new Set<string>();
  #bytes = 0;

  takes(record: FileRecord): boolean {
    if (this.records.length === 0) return true;
    return (
      this.records.length < maxBatchRecords &&
      this.#bytes + sizeOf(record) <= maxBatchBytes &&
      !this.#keys.has(record.key)
    );
  }

  add(record: FileRecord): void {
    this.records.push(record);
    this.#keys.add(record.key);
    this.#bytes += sizeOf(record);
  }
}

function sizeOf(record: FileRecord): number {
  return record.key.length + record.value.length;
}
