/**
 * A folder on the real file system that can lose power. The old storage goes on with the old files,
 * deaf and dumb; whoever comes later gets a copy of what was left.
 */
import { mkdtempSync, statfsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogIndex, Random, StorageOwner } from '@quorate/core';
import { nodeFileSystem } from '@quorate/files';
import { type Commit, commitSynced } from '../../src/database.ts';
import { recordKey } from '../../src/format.ts';
import { type LevelSettings, type LevelStorage, makeStorage } from '../../src/storage.ts';
import { damageValue, valueOf, withDatabase } from './database.ts';
import { copyAtOnce, type LogSizes, logSizes, loseUnsynced } from './power.ts';

export const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };

const mebibyte = 2 ** 20;

export const defaults: Omit<LevelSettings, 'directory'> = {
  maxRecordBytes: 2 * mebibyte,
  maxBatchBytes: 4 * mebibyte,
  cacheBytes: 8 * mebibyte,
  writeBufferBytes: 4 * mebibyte,
  retainSnapshots: 1,
  checkTables: true,
};

/** A folder, the storages on it, and what happens to them. */
export class TestFolder {
  directory: string = makeDirectory();
  /** Runs in the place of each commit from now on. */
  commit: Commit = commitSynced;

  readonly #random: Random;
  readonly #directories: string[] = [this.directory];
  #durable: LogSizes = new Map<string, number>();
  #life = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  get database(): string {
    return join(this.directory, 'db');
  }

  storage(settings: Partial<LevelSettings> = {}): LevelStorage {
    const life = this.#life;
    return makeStorage(
      { ...defaults, directory: this.directory, ...settings },
      {
        files: nodeFileSystem,
        commit: async (batch) => {
          await this.commit(batch);
          if (life !== this.#life) throw new Error('the power is gone');
          this.#durable = logSizes(this.database);
        },
      },
    );
  }

  /** The power goes; whatever was synced is there. */
  crash(): void {
    this.#life++;
    const durable = this.#durable;
    this.copy();
    loseUnsynced(this.database, durable, 'partly', this.#random);
    this.#durable = logSizes(this.database);
  }

  /** Goes on with a copy of the folder. */
  copy(): void {
    const before = this.directory;
    this.directory = makeDirectory();
    this.#directories.push(this.directory);
    copyAtOnce(before, this.directory);
  }

  damageRecord(index: LogIndex): Promise<void> {
    return damageValue(this.database, index);
  }

  /** Puts the stored values of two records in each other's place. */
  swapRecords(left: LogIndex, right: LogIndex): Promise<void> {
    return withDatabase(this.database, async (database) => {
      const values = [await valueOf(database, left), await valueOf(database, right)] as const;
      await database.put(recordKey(left), values[1]);
      await database.put(recordKey(right), values[0]);
    });
  }

  /** Deletes a record behind the storage's back. */
  deleteRecord(index: LogIndex): Promise<void> {
    return withDatabase(this.database, (database) => database.del(recordKey(index)));
  }

  /** How many keys of records there are, live ones or not. */
  async countKeys(): Promise<number> {
    let count = 0;
    await withDatabase(this.database, async (database) => {
      const range = { gte: recordKey(0), lte: recordKey(2 ** 48 - 1) };
      for await (const _key of database.keys(range)) count++;
    });
    return count;
  }

  async remove(): Promise<void> {
    for (const directory of this.#directories) {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** Flips one bit of a file, at this fraction of its length. */
export async function flipByte(path: string, where: number): Promise<void> {
  const bytes = await readFile(path);
  const at = Math.floor(bytes.length * where);
  bytes[at] = (bytes[at] ?? 0) ^ 0x40;
  await writeFile(path, bytes);
}

/** The power is lost in these tests alone, so that syncs need not wait for a real disk. */
const memory = '/dev/shm';
const neededBytes = 256 * mebibyte;

export function makeDirectory(): string {
  return mkdtempSync(join(hasRoom(memory) ? memory : tmpdir(), 'quorate-level-'));
}

function hasRoom(folder: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize > neededBytes;
  } catch {
    return false;
  }
}
