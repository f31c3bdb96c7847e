/**
 * Damaged files: whatever was acknowledged is there or the storage says CORRUPT. Never less, never
 * something else.
 */
import {
  copyFile,
  cp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type LogRecord, QuorateError, type Random, seededRandom } from '@quorate/core';
import { anyMark, markPath, nodeFileSystem, writeJsonFile } from '@quorate/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logUnknown } from '../src/folder.ts';
import { readLog } from '../src/leveldb-log.ts';
import type { LevelStorage } from '../src/storage.ts';
import { flipByte, owner, TestFolder } from './harness/folder.ts';

let folder: TestFolder;

beforeEach(() => {
  folder = new TestFolder(seededRandom(1));
});

afterEach(async () => {
  await folder.remove();
});

function record(index: number): Uint8Array {
  return new Uint8Array(300).fill(index % 251);
}

/** Writes 200 records and states, one a batch, some of them twice, and a snapshot. */
async function fill(storage: LevelStorage): Promise<void> {
  for (let index = 1; index <= 200; index++) {
    await storage.write([
      { type: 'put', index, record: record(index) },
      { type: 'state', bytes: Uint8Array.of(index) },
    ]);
    if (index !== 100) continue;
    const snapshot = await storage.snapshots.stage();
    await snapshot.write(new Uint8Array(1000).fill(9));
    await snapshot.finish();
    await storage.write([
      { type: 'snapshot', id: snapshot.id, index: 50, context: Uint8Array.of(5) },
    ]);
  }
}

/** Leaves everything in LevelDB's log, as a killed process does. */
async function fillAndKill(): Promise<void> {
  const storage = folder.storage();
  await storage.open(owner);
  await fill(storage);
  folder.crash();
  await storage.close();
}

/** Leaves everything in LevelDB's log, and the mark says so. */
async function fillAndClose(): Promise<void> {
  const storage = folder.storage();
  await storage.open(owner);
  await fill(storage);
  await storage.close();
}

/** Leaves everything in LevelDB's tables. */
async function fillAndRestart(): Promise<void> {
  await fillAndKill();
  const storage = folder.storage();
  await storage.open(owner);
  await storage.close();
}

function databaseFile(pattern: RegExp): Promise<string> {
  return largestFile(folder.database, pattern);
}

async function largestFile(directory: string, pattern: RegExp): Promise<string> {
  let largest = '';
  let size = -1;
  for (const name of await readdir(directory)) {
    const path = join(directory, name);
    const bytes = pattern.test(name) ? (await stat(path)).size : -1;
    if (bytes <= size) continue;
    largest = path;
    size = bytes;
  }
  return largest;
}

interface Content {
  readonly state: number | undefined;
  readonly last: number | undefined;
  readonly records: readonly LogRecord[];
  readonly snapshot: Uint8Array;
}

async function readEverything(): Promise<Content> {
  const storage = folder.storage();
  try {
    const recovered = await storage.open(owner);
    const records = await storage.read(1, 1000, 2 ** 30);
    const reader = await storage.snapshots.read(recovered.snapshot?.id ?? '');
    const snapshot = await reader.read(0, 2000);
    await reader.close();
    return {
      state: recovered.state?.[0],
      last: recovered.records?.last,
      records,
      snapshot,
    };
  } finally {
    await storage.close();
  }
}

const whole: Content = {
  state: 200,
  last: 200,
  records: Array.from({ length: 200 }, (_, at) => ({ index: at + 1, record: record(at + 1) })),
  snapshot: new Uint8Array(1000).fill(9),
};

async function filesAndSizes(): Promise<readonly string[]> {
  const names = await readdir(folder.directory, { recursive: true });
  const sizes = names.map(async (name) => {
    const { size } = await stat(join(folder.directory, name));
    return `${name} ${String(size)}`;
  });
  return (await Promise.all(sizes)).sort();
}

describe('the log of LevelDB', () => {
  it('a torn end, which nobody was told about, is cut off', async () => {
    await fillAndKill();
    const log = await databaseFile(/\.log$/);
    const { size } = await stat(log);
    await truncate(log, size - 100);
    const found = await readEverything();
    expect(found.last).toBe(199);
    expect(found.state).toBe(199);
    expect(found.records).toEqual(whole.records.slice(0, 199));
  });

  it.each([0.02, 0.3, 0.5, 0.9, 0.99])(
    'S4: damage at %d of its length is CORRUPT, and nothing is changed',
    async (where) => {
      await fillAndKill();
      await flipByte(await databaseFile(/\.log$/), where);
      const before = await filesAndSizes();
      await expect(readEverything()).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(await filesAndSizes()).toEqual(before);
      // It stays so: the first attempt did not "repair" anything.
      await expect(readEverything()).rejects.toThrow(/\.log at byte \d+ is damaged/);
    },
  );

  it('damage is seen in a folder that has lost its mark, too', async () => {
    await fillAndKill();
    await flipByte(await databaseFile(/\.log$/), 0.5);
    await rm(join(folder.directory, 'quorate.json'));
    await expect(readEverything()).rejects.toThrow(/\.log at byte \d+ is damaged/);
  });

  it('S3: a run of zeros inside is not a torn end', async () => {
    await fillAndKill();
    const log = await databaseFile(/\.log$/);
    const bytes = await readFile(log);
    bytes.fill(0, 20_000, 60_000);
    await writeFile(log, bytes);
    await expect(readEverything()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('S8: a log that is gone is missed', async () => {
    await fillAndKill();
    await rm(await databaseFile(/\.log$/));
    await expect(readEverything()).rejects.toThrow(/\.log is gone/);
  });
});

describe('after a good end nothing can be torn', () => {
  it('an end that is cut off, inside a batch or between two, is CORRUPT, and nothing is changed', async () => {
    await fillAndClose();
    const log = await databaseFile(/\.log$/);
    const bytes = await readFile(log);
    const starts: number[] = [];
    for await (const { type, at } of readLog(nodeFileSystem, log)) {
      if (type === 'whole' || type === 'first') starts.push(at);
    }
    const [last = 0] = starts.slice(-1);
    for (const size of [last, last + 3, last + 50, bytes.length - 1, starts[100] ?? 0, 0]) {
      await writeFile(log, bytes.subarray(0, size));
      const before = await filesAndSizes();
      await expect(readEverything()).rejects.toMatchObject({ code: 'CORRUPT' });
      expect(await filesAndSizes()).toEqual(before);
    }
    await writeFile(log, bytes);
    expect(await readEverything()).toEqual(whole);
  });

  it('damage of the very last batch is CORRUPT, also zeros and garbage', async () => {
    await fillAndClose();
    const log = await databaseFile(/\.log$/);
    const bytes = await readFile(log);
    for (const fill of [0, 0xa5]) {
      await writeFile(log, Uint8Array.from(bytes).fill(fill, bytes.length - 200));
      await expect(readEverything()).rejects.toThrow(/\.log at byte \d+ is damaged/);
    }
    await writeFile(log, bytes);
    expect(await readEverything()).toEqual(whole);
  });

  it('a manifest that is cut short, or not named any more, is CORRUPT', async () => {
    await fillAndClose();
    const manifest = await databaseFile(/^MANIFEST/);
    const { size } = await stat(manifest);
    await truncate(manifest, size - 1);
    await expect(readEverything()).rejects.toThrow('it has no manifest');
    for (const name of ['', 'MANIFEST-000001', 'MANIFEST-999999\n', 'nothing\n']) {
      await writeFile(join(folder.database, 'CURRENT'), name);
      await expect(readEverything()).rejects.toThrow('it has no manifest');
    }
  });

  it('a torn end of what came later is still cut off', async () => {
    await fillAndClose();
    const storage = folder.storage();
    await storage.open(owner);
    for (let index = 201; index <= 203; index++) {
      await storage.write([{ type: 'put', index, record: record(index) }]);
    }
    folder.crash();
    await storage.close();
    const log = await databaseFile(/\.log$/);
    await truncate(log, (await stat(log)).size - 100);
    expect((await readEverything()).last).toBe(202);
  });

  it('S8: an older copy of the database alone is CORRUPT', async () => {
    await fillAndClose();
    const older = join(folder.directory, '..', `${basename(folder.directory)}-older`);
    await cp(folder.database, older, { recursive: true });
    const storage = folder.storage();
    await storage.open(owner);
    await storage.write([{ type: 'put', index: 201, record: record(201) }]);
    await storage.close();
    await rm(folder.database, { recursive: true });
    await rename(older, folder.database);
    await expect(readEverything()).rejects.toThrow(/\.log is gone/);
    // Also where no log is known, only the number of the batch.
    const mark = await anyMark(nodeFileSystem, folder.directory);
    const durable = { batch: 202, ...logUnknown };
    await writeJsonFile(nodeFileSystem, markPath(folder.directory), { ...mark, durable });
    await expect(readEverything()).rejects.toThrow('lost batches 202 to 202');
  });

  it('what an open has found must be there from then on, however it ended', async () => {
    await fillAndKill();
    const before = join(folder.directory, '..', `${basename(folder.directory)}-older`);
    await cp(folder.database, before, { recursive: true });
    const storage = folder.storage();
    await storage.open(owner);
    folder.crash();
    await storage.close();
    const { directory } = folder;
    folder.copy();
    expect(await readEverything()).toEqual(whole);
    folder.directory = directory;
    const log = await largestFile(before, /\.log$/);
    await truncate(log, (await stat(log)).size - 100);
    await rm(folder.database, { recursive: true });
    await rename(before, folder.database);
    await expect(readEverything()).rejects.toThrow('lost batches 201 to 201');
  });
});

describe('the tables of LevelDB', () => {
  it('S8: a table that is gone is missed', async () => {
    await fillAndRestart();
    await rm(await databaseFile(/\.ldb$/));
    await expect(readEverything()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('P18: a database that is gone is not taken for a first start', async () => {
    await fillAndRestart();
    await rm(folder.database, { recursive: true });
    await expect(readEverything()).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('S7: a value under the key of another record fails its check', async () => {
    await fillAndRestart();
    const storage = folder.storage();
    await storage.open(owner);
    await storage.close();
    await folder.swapRecords(70, 71);
    await expect(readEverything()).rejects.toThrow('the record at index 70 fails its check');
  });

  it('S4: a record that is missing where none may be missing is CORRUPT', async () => {
    await fillAndRestart();
    await folder.deleteRecord(150);
    await expect(readEverything()).rejects.toThrow('the record at index 150 is gone');
    await folder.deleteRecord(200);
    await expect(readEverything()).rejects.toThrow('lost the record at index 200');
  });
});

describe('snapshots', () => {
  it('a content that is gone or cut short is CORRUPT at the open', async () => {
    await fillAndRestart();
    const snapshots = join(folder.directory, 'snapshots');
    const [name = ''] = await readdir(snapshots);
    const path = join(snapshots, name);
    await copyFile(path, join(folder.directory, 'kept'));
    await truncate(path, 500);
    await expect(readEverything()).rejects.toThrow('has 500 bytes, not 1004');
    await rm(path);
    await expect(readEverything()).rejects.toThrow('is gone');
    await copyFile(join(folder.directory, 'kept'), path);
    expect(await readEverything()).toEqual(whole);
  });
});

describe('any damage', () => {
  const seeds = Array.from({ length: 4 }, (_, at) => at + 1);

  it.each(seeds)('S4: flipped bits never give less or something else (seed %d)', async (seed) => {
    const random = seededRandom(seed);
    await (seed % 3 === 0 ? fillAndKill() : fillAndRestart());
    for (let round = 0; round < 10; round++) {
      const path = await anyFile(random);
      const bytes = await readFile(path);
      // The last batch in the log cannot be told from a torn end.
      const reach = path.endsWith('.log') ? bytes.length - 1000 : bytes.length;
      if (reach <= 0) continue;
      const damaged = Uint8Array.from(bytes);
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const at = random.below(reach);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
      }
      await writeFile(path, damaged);
      const before = folder.directory;
      try {
        // On a copy, for an open that succeeds writes new files.
        folder.copy();
        expect(await readEverything(), `damage in ${path}`).toEqual(whole);
      } catch (error) {
        if (!(error instanceof QuorateError)) throw error;
        expect(['CORRUPT', 'FOREIGN_DATA', 'STORAGE_FAILED']).toContain(error.code);
      }
      folder.directory = before;
      await writeFile(path, bytes);
    }
    expect(await readEverything()).toEqual(whole);
  });

  async function anyFile(random: Random): Promise<string> {
    const files: string[] = [];
    for (const name of await readdir(folder.directory, { recursive: true })) {
      const path = join(folder.directory, name);
      const found = await stat(path);
      if (found.isFile() && found.size > 0) files.push(path);
    }
    return random.pick(files.filter((path) => !/LOG(\.old)?$/.test(path)).sort());
  }
});
