/**
 * The folder: whose it is, who has it open, who may read it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { seededRandom } from '@quorate/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Writable, writeAll } from '../src/files.ts';
import { levelStorage } from '../src/index.ts';
import { SnapshotFileReader, SnapshotFileWriter } from '../src/snapshot-file.ts';
import { owner, TestFolder } from './harness.ts';

let folder: TestFolder;

beforeEach(() => {
  folder = new TestFolder(seededRandom(1));
});

afterEach(async () => {
  await folder.remove();
});

async function openOnce(): Promise<void> {
  const storage = folder.storage();
  await storage.open(owner);
  await storage.write([{ type: 'put', index: 1, record: Uint8Array.of(1) }]);
  await storage.close();
}

const mark = (): string => join(folder.directory, 'quorate.json');

describe('ownership', () => {
  it('the mark says whose data it is', async () => {
    await openOnce();
    expect(JSON.parse(await readFile(mark(), 'utf8'))).toEqual({
      storage: 'level',
      format: 1,
      cluster: 'test',
      node: 'n1',
      algorithm: 'raft',
    });
  });

  it('a folder with other things in it is FOREIGN_DATA, and left alone', async () => {
    await writeFile(join(folder.directory, 'thesis.txt'), 'precious');
    await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'FOREIGN_DATA' });
    expect(await readdir(folder.directory)).toEqual(['thesis.txt']);
  });

  it('a newer format is FOREIGN_DATA', async () => {
    await openOnce();
    const text = await readFile(mark(), 'utf8');
    await writeFile(mark(), text.replace('"format": 1', '"format": 2'));
    await expect(folder.storage().open(owner)).rejects.toThrow('in format 2, this is');
  });

  it.each(['', '{', '[]x', 'null', '7', 'x'.repeat(10_000)])(
    'S1: a mark that cannot be read is CORRUPT (%#)',
    async (text) => {
      await openOnce();
      await writeFile(mark(), text);
      await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'CORRUPT' });
    },
  );

  it('data without its mark is recognised by the owner in the database', async () => {
    await openOnce();
    await rm(mark());
    const stranger = folder.storage();
    await expect(stranger.open({ ...owner, node: 'n2' })).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
    const storage = folder.storage();
    expect((await storage.open(owner)).records).toEqual({ first: 1, last: 1 });
    await storage.close();
    expect(await readdir(folder.directory)).toContain('quorate.json');
  });

  it('a first start that was interrupted is begun again', async () => {
    folder.commit = async () => {
      throw new Error('the power is gone');
    };
    await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    folder.commit = (batch) => batch.write({ sync: true });
    await writeFile(`${mark()}.tmp`, '{ "sto');
    await openOnce();
    const storage = folder.storage();
    expect((await storage.open(owner)).records).toEqual({ first: 1, last: 1 });
    await storage.close();
  });

  it('missing folders are made, for the owner alone', async () => {
    const directory = join(folder.directory, 'a', 'b');
    const storage = levelStorage({ directory });
    await storage.open(owner);
    const snapshot = await storage.snapshots.stage();
    await storage.close();
    if (process.platform === 'win32') return;
    const mode = async (...path: string[]): Promise<string> =>
      ((await stat(join(directory, ...path))).mode % 0o1000).toString(8);
    expect(await mode()).toBe('700');
    expect(await mode('db')).toBe('700');
    expect(await mode('snapshots')).toBe('700');
    expect(await mode('quorate.json')).toBe('600');
    expect(await mode('snapshots', `${snapshot.id}.snapshot`)).toBe('600');
  });

  it('a folder that cannot be made is STORAGE_FAILED, and close is still fine', async () => {
    const file = join(folder.directory, 'file');
    await writeFile(file, '');
    const storage = levelStorage({ directory: join(file, 'below') });
    await expect(storage.open(owner)).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    await storage.close();
  });
});

describe('S9: two processes', () => {
  /** Runs the steps in another process, in which `db` is the database of the folder, not open yet. */
  function another(steps: string): ChildProcessByStdio<null, Readable, null> {
    const level = createRequire(import.meta.url).resolve('classic-level');
    const script = `
      const { ClassicLevel } = require(${JSON.stringify(level)});
      const location = ${JSON.stringify(folder.database)};
      const db = new ClassicLevel(location, { writeBufferSize: 65536, valueEncoding: 'view' });
      ${steps}
    `;
    return spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  it('the second one is told that the folder is LOCKED, until the first one is gone', async () => {
    await openOnce();
    const child = another(`
      db.open().then(() => process.stdout.write('open'));
      setInterval(() => {}, 1000);
    `);
    try {
      await once(child.stdout, 'data');
      const second = folder.storage();
      await expect(second.open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
      await second.close();
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await openOnce();
  });

  it('LOCKED, not CORRUPT, also while the first one takes its log files away', async () => {
    await openOnce();
    // With so small a buffer LevelDB goes on to a new log with every fourth write.
    const child = another(`
      const write = (turn) => db.put('~state', new Uint8Array(20_000).fill(turn)).then(() => write(turn + 1));
      db.open().then(() => { process.stdout.write('open'); return write(0); });
    `);
    try {
      await once(child.stdout, 'data');
      for (let attempt = 0; attempt < 200; attempt++) {
        await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('a second open in this process is LOCKED, by whatever path, and lets no other process in', async () => {
    const first = folder.storage();
    await first.open(owner);
    await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
    const alias = `${folder.directory}-alias`;
    await symlink(folder.directory, alias, 'junction');
    try {
      const second = levelStorage({ directory: alias });
      await expect(second.open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
    } finally {
      await rm(alias);
    }
    const child = another(`
      db.open().then(() => process.stdout.write('open'), (error) => process.stdout.write(error.cause.code));
    `);
    const answer: unknown[] = await once(child.stdout, 'data');
    expect(answer.join('')).toBe('LEVEL_LOCKED');
    await first.close();
    await openOnce();
  });
});

describe('files', () => {
  it('S11: a write that takes less than it was given is continued', async () => {
    const content = new Uint8Array(100);
    const stingy: Writable = {
      write: async (bytes, offset, length, position) => {
        const taken = Math.min(length, 7);
        content.set(bytes.subarray(offset, offset + taken), position);
        return { bytesWritten: taken };
      },
    };
    const bytes = Uint8Array.from({ length: 50 }, (_, at) => at + 1);
    await writeAll(stingy, bytes, 20);
    expect(content.subarray(20, 70)).toEqual(bytes);
    const full: Writable = { write: async () => ({ bytesWritten: 0 }) };
    await expect(writeAll(full, bytes, 0)).rejects.toThrow('no more bytes');
  });
});

describe('snapshots', () => {
  it('S12: leftovers of every kind are removed at the open', async () => {
    await openOnce();
    const snapshots = join(folder.directory, 'snapshots');
    await writeFile(join(snapshots, '17.snapshot'), 'half');
    await writeFile(join(snapshots, 'strange'), '');
    await mkdir(join(snapshots, 'folder'));
    const storage = folder.storage();
    await storage.open(owner);
    expect(await readdir(snapshots)).toEqual([]);
    const snapshot = await storage.snapshots.stage();
    expect(await readdir(snapshots)).toEqual(['18.snapshot']);
    await snapshot.abort();
    expect(await readdir(snapshots)).toEqual([]);
    await storage.close();
  });
});

it('close() also waits for the files that are just being opened', async () => {
  const storage = folder.storage();
  await storage.open(owner);
  const snapshot = await storage.snapshots.stage();
  await snapshot.finish();
  await storage.write([{ type: 'snapshot', id: snapshot.id, index: 1, context: new Uint8Array() }]);
  const closed = vi.spyOn(SnapshotFileWriter.prototype, 'close');
  const closedReader = vi.spyOn(SnapshotFileReader.prototype, 'close');
  try {
    const late = Promise.all([storage.snapshots.stage(), storage.snapshots.read(snapshot.id)]);
    await storage.close();
    expect(closed).toHaveBeenCalledTimes(1);
    expect(closedReader).toHaveBeenCalledTimes(1);
    const [writer, reader] = await late;
    await expect(writer.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(reader.read(0, 1)).rejects.toMatchObject({ code: 'CLOSED' });
  } finally {
    vi.restoreAllMocks();
  }
});

describe('options', () => {
  it.each([
    { directory: '' },
    { directory: 'x', maxRecordBytes: 0 },
    { directory: 'x', maxBatchBytes: 1.5 },
    { directory: 'x', cacheBytes: Number.NaN },
    { directory: 'x', writeBufferBytes: 2 ** 40 },
  ])('%j is INVALID_ARGUMENT', (options) => {
    expect(() => levelStorage(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
