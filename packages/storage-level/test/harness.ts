/**
 * A folder on the real file system that can lose power.
 *
 * LevelDB appends every batch to its log and syncs it. A power loss is therefore: the files as they
 * are at one moment, with the log cut (or its sectors zeroed) anywhere behind what the last
 * finished sync covered. The old storage goes on with the old files, deaf and dumb.
 */
import { cpSync, mkdtempSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StorageHarness } from '@quorate/conformance/storage';
import type { Random, StorageOwner } from '@quorate/core';
import { ClassicLevel } from 'classic-level';
import { type Commit, commitSynced, type Database } from '../src/database.ts';
import { recordKey } from '../src/format.ts';
import { type LevelSettings, type LevelStorage, makeStorage } from '../src/storage.ts';

export const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };

const mebibyte = 2 ** 20;

/** A folder, the storages on it, and what happens to them. */
export class TestFolder implements StorageHarness {
  readonly maxRecordBytes: number = 2 * mebibyte;
  directory: string = makeDirectory();
  /** Runs in the place of each commit from now on. */
  commit: Commit = commitSynced;

  readonly #random: Random;
  readonly #settings: Partial<LevelSettings>;
  readonly #directories: string[] = [this.directory];
  #last: LevelStorage | undefined;
  /** Size of each log file when the last sync ended. */
  #durable: ReadonlyMap<string, number> = new Map<string, number>();
  #life = 0;

  constructor(random: Random, settings: Partial<LevelSettings> = {}) {
    this.#random = random;
    this.#settings = settings;
  }

  get database(): string {
    return join(this.directory, 'db');
  }

  storage(): LevelStorage {
    const life = this.#life;
    this.#last = makeStorage(
      {
        maxRecordBytes: this.maxRecordBytes,
        maxBatchBytes: 4 * mebibyte,
        cacheBytes: 8 * mebibyte,
        writeBufferBytes: 4 * mebibyte,
        ...this.#settings,
        directory: this.directory,
      },
      async (batch) => {
        await this.commit(batch);
        if (life !== this.#life) throw new Error('the power is gone');
        this.#durable = this.#logSizes();
      },
    );
    return this.#last;
  }

  async crash(): Promise<void> {
    this.#life++;
    const durable = this.#durable;
    await this.copy();
    for (const [name, size] of this.#logSizes()) {
      const safe = durable.get(name) ?? 0;
      const path = join(this.database, name);
      // The file system may have written some of the last sectors and not those before them.
      if (this.#random.chance(0.3)) await this.#zero(path, safe, size);
      else truncateSync(path, safe + this.#random.below(size - safe + 1));
    }
    this.#durable = new Map<string, number>();
  }

  async failNextWrite(): Promise<void> {
    const working = this.commit;
    // Half of the time the bytes arrive and only the answer is bad.
    const arrives = this.#random.chance(0.5);
    this.commit = async (batch) => {
      this.commit = working;
      if (arrives) await working(batch);
      throw new Error('input/output error (injected)');
    };
  }

  async damageRecord(index: number): Promise<void> {
    await this.#withDatabase(async (database) => {
      const value = await valueOf(database, index);
      value[value.length - 1] = (value.at(-1) ?? 0) ^ 0x10;
      await database.put(recordKey(index), value);
    });
  }

  /** Puts the stored values of two records in each other's place. */
  async swapRecords(left: number, right: number): Promise<void> {
    await this.#withDatabase(async (database) => {
      const values = [await valueOf(database, left), await valueOf(database, right)] as const;
      await database.put(recordKey(left), values[1]);
      await database.put(recordKey(right), values[0]);
    });
  }

  /** Deletes a record behind the storage's back. */
  async deleteRecord(index: number): Promise<void> {
    await this.#withDatabase((database) => database.del(recordKey(index)));
  }

  /** How many keys of records there are, live ones or not. */
  async countKeys(): Promise<number> {
    let count = 0;
    await this.#withDatabase(async (database) => {
      const range = { gte: recordKey(0), lte: recordKey(2 ** 48 - 1) };
      for await (const _key of database.keys(range)) count++;
    });
    return count;
  }

  /** Goes on with a copy of the folder. */
  async copy(): Promise<void> {
    const before = this.directory;
    do {
      this.directory = makeDirectory();
      this.#directories.push(this.directory);
    } while (!copyAtOnce(before, this.directory));
  }

  async damageSnapshot(): Promise<void> {
    const folder = join(this.directory, 'snapshots');
    for (const name of await readdir(folder)) await flipByte(join(folder, name), 0.6);
  }

  syncs(): number {
    return this.#last?.counters.syncs ?? 0;
  }

  async storedSnapshots(): Promise<number> {
    return (await readdir(join(this.directory, 'snapshots'))).length;
  }

  async remove(): Promise<void> {
    for (const directory of this.#directories) {
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #withDatabase(work: (database: Database) => Promise<void>): Promise<void> {
    const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(this.database, {
      keyEncoding: 'view',
      valueEncoding: 'view',
    });
    await work(database);
    await database.close();
  }

  #logSizes(): ReadonlyMap<string, number> {
    const names = readdirSync(this.database).filter((name) => name.endsWith('.log'));
    return new Map(names.map((name) => [name, statSync(join(this.database, name)).size]));
  }

  async #zero(path: string, from: number, to: number): Promise<void> {
    const file = await open(path, 'r+');
    const sectorBytes = 512;
    const first = Math.ceil(from / sectorBytes) * sectorBytes;
    for (let at = first; at < to; at += sectorBytes) {
      if (!this.#random.chance(0.5)) continue;
      await file.write(new Uint8Array(Math.min(sectorBytes, to - at)), 0, undefined, at);
    }
    await file.close();
  }
}

async function valueOf(database: Database, index: number): Promise<Uint8Array> {
  const value = await database.get(recordKey(index));
  if (value === undefined) throw new Error(`no record ${String(index)}`);
  return value;
}

/** Copies a folder as it is at one moment; `false` if LevelDB compacted meanwhile. */
function copyAtOnce(from: string, to: string): boolean {
  const list = (): string => readdirSync(from, { recursive: true }).join(' ');
  const before = list();
  try {
    cpSync(from, to, { recursive: true });
  } catch {
    return false;
  }
  return list() === before;
}

/** Flips one bit of a file, at this fraction of its length. */
export async function flipByte(path: string, where: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * where);
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  await writeFile(path, bytes);
}

function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'quorate-level-'));
}
