/** Every log that is measured alone: that it holds what was written, and stays bounded. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { durableStorageNames, owner, storageNamed, storageNames } from '../src/storages.ts';
import { openJournal, rawNames } from '../src/subjects/journal-load.ts';
import { openRawLevel } from '../src/subjects/journals/raw-level.ts';
import { prepareOpening } from '../src/subjects/opening.ts';
import type { Subject } from '../src/subjects/subject.ts';

const brief = { seconds: 0.02, warmUpSeconds: 0.01 };

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-bench-test-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

function opened(name: string): Promise<Subject> {
  return openJournal({ name, directory, valueBytes: 256, mostEntries: 64 });
}

describe.each([...Object.values(rawNames), ...storageNames])('%s', (name) => {
  it('is written to and measured', async () => {
    const journal = await opened(name);
    await journal.fill?.({ entries: 100, batch: 64, goOn: false });
    for (const clients of [1, 64]) {
      const { operationsPerSecond, figures } = await journal.measure({ ...brief, clients });
      expect(operationsPerSecond).toBeGreaterThan(0);
      if (name !== rawNames.level) expect(figures['syncsPerWrite']).toBeGreaterThanOrEqual(1);
    }
    await journal.close();
  });
});

describe.each(durableStorageNames)('%s', (name) => {
  it('holds what it was filled with', async () => {
    const journal = await opened(name);
    await journal.fill?.({ entries: 100, batch: 64, goOn: false });
    await journal.close();
    const storage = await storageNamed(name, directory);
    expect(await storage.open(owner)).toMatchObject({ records: { first: 1, last: 100 } });
    const [record] = await storage.read(100, 100, 1);
    expect(record?.record).toHaveLength(256);
    await storage.close();
  });

  it('drops what is above a bound, and keeps what was there at first', async () => {
    const [valueBytes, mostEntries] = [16 * 1024, 64];
    const boundBytes = 2 * mostEntries * valueBytes;
    const journal = await openJournal({ name, directory, valueBytes, mostEntries, boundBytes });
    await journal.fill?.({ entries: 10, batch: 10, goOn: false });
    const task = { clients: 64, seconds: 0, warmUpSeconds: 0 };
    // Two writes each: the third one finds enough of them.
    for (let times = 0; times < 2; times++) await journal.measure(task);
    await journal.close();
    const storage = await storageNamed(name, directory);
    const { records } = await storage.open(owner);
    await storage.close();
    expect(records).toEqual({ first: 2 * 64 + 1, last: 10 + 4 * 64 });
  });

  it('is opened again, and what that takes is measured', async () => {
    const journal = await opened(name);
    await journal.fill?.({ entries: 100, batch: 64, goOn: false });
    await journal.close();
    const options = { storage: name, directory, valueBytes: 256 };
    const task = { clients: 1, seconds: 0, warmUpSeconds: 0 };
    const missing = await prepareOpening({ ...options, entries: 101 });
    await expect(missing.measure(task)).rejects.toThrow('had acknowledged 101 entries');
    await missing.close();
    const opening = await prepareOpening({ ...options, entries: 100 });
    const { p50, figures } = await opening.measure(task);
    await opening.close();
    expect(p50).toBeGreaterThan(0);
    expect(figures['peakRssMiB']).toBeGreaterThan(0);
    expect(figures['blockBytesPerEntry']).toBeGreaterThan(0);
  });
});

it('LevelDB by itself has each entry under its index, in order', async () => {
  const journal = await openRawLevel(directory);
  const entries = [7, 8].map((byte) => new Uint8Array([byte]));
  const block = new Uint8Array([7, 8]);
  await journal.prepare({ first: 1, entries, block, dropBefore: undefined })();
  await journal.prepare({ first: 3, entries, block, dropBefore: 2 })();
  await journal.close();
  const database = new ClassicLevel<Uint8Array, Uint8Array>(directory, {
    ...{ keyEncoding: 'view', valueEncoding: 'view' },
  });
  const found = await database.iterator().all();
  await database.close();
  expect(found.map(([key, value]) => [key.at(-1), ...value])).toEqual([
    [2, 8],
    [3, 7],
    [4, 8],
  ]);
});

it('a storage that is not in the table is refused', async () => {
  await expect(storageNamed('tape', directory)).rejects.toThrow(RangeError);
});
