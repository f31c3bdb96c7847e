/**
 * The folder: whose it is, who has it open, who may read it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { ForeignDataError, seededRandom } from '@quorate/core';
import { anyMark, type File, type FileSystem, nodeFileSystem, writeJsonFile } from '@quorate/files';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitSynced } from '../src/database.ts';
import { levelStorage } from '../src/index.ts';
import { makeStorage } from '../src/storage.ts';
import { defaults, owner, TestFolder } from './harness/folder.ts';

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
  it('the mark says whose data it is, and what is durable', async () => {
    await openOnce();
    expect(await anyMark(nodeFileSystem, folder.directory)).toMatchObject({
      storage: 'level',
      format: 2,
      cluster: 'test',
      node: 'n1',
      algorithm: 'raft',
      durable: { batch: 1 },
    });
  });

  it('a folder with other things in it is FOREIGN_DATA, and left alone', async () => {
    await writeFile(join(folder.directory, 'thesis.txt'), 'precious');
    await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'FOREIGN_DATA' });
    expect(await readdir(folder.directory)).toEqual(['thesis.txt']);
  });

  it('a newer format is FOREIGN_DATA', async () => {
    await openOnce();
    const fields = await anyMark(nodeFileSystem, folder.directory);
    await writeJsonFile(nodeFileSystem, mark(), { ...fields, format: 3 });
    const refusal = folder.storage().open(owner);
    await expect(refusal).rejects.toThrow(ForeignDataError);
    await expect(refusal).rejects.toThrow('in format 3, this is');
  });

  it('format 1, whose marks had no checksum, is FOREIGN_DATA and not damage', async () => {
    await openOnce();
    await writeFile(mark(), JSON.stringify({ storage: 'level', format: 1, ...owner }));
    const refusal = folder.storage().open(owner);
    await expect(refusal).rejects.toThrow(ForeignDataError);
    await expect(refusal).rejects.toThrow('in format 1, this is format 2');
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
    await writeFile(`${mark()}.new`, '{ "sto');
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
    expect(await mode('lock')).toBe('600');
    expect(await mode('snapshots', `${snapshot.id}.snapshot`)).toBe('600');
  });

  it('S9: a folder that was open to others is made private again', async () => {
    await openOnce();
    if (process.platform === 'win32') return;
    const open = { '.': 0o755, db: 0o777, snapshots: 0o750, 'quorate.json': 0o644 };
    for (const [name, mode] of Object.entries(open))
      await chmod(join(folder.directory, name), mode);
    await openOnce();
    const modes: Record<string, string> = {};
    for (const name of Object.keys(open)) {
      const { mode } = await stat(join(folder.directory, name));
      modes[name] = (mode % 0o1000).toString(8);
    }
    expect(modes).toEqual({ '.': '700', db: '700', snapshots: '700', 'quorate.json': '600' });
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
      for (let attempt = 0; attempt < 20; attempt++) {
        await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
      }
    } finally {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  });

  it('LOCKED also before the first one gets to its database', async () => {
    await openOnce();
    const unlock = await nodeFileSystem.lock(join(folder.directory, 'lock'));
    await expect(folder.storage().open(owner)).rejects.toMatchObject({ code: 'LOCKED' });
    await unlock();
    await openOnce();
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

describe('snapshots', () => {
  it('S12: leftovers of every kind are removed at the open', async () => {
    await openOnce();
    const snapshots = join(folder.directory, 'snapshots');
    await writeFile(join(snapshots, '17.snapshot'), 'half');
    await writeFile(join(snapshots, 'strange'), '');
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
  let open = 0;
  const counted = (file: File): File => {
    open++;
    return {
      read: (into, position) => file.read(into, position),
      write: (parts, position) => file.write(parts, position),
      writeDurably: (parts, position) => file.writeDurably(parts, position),
      sync: () => file.sync(),
      truncate: (bytes) => file.truncate(bytes),
      size: () => file.size(),
      close: async () => {
        await file.close();
        open--;
      },
    };
  };
  const files: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => counted(await nodeFileSystem.open(path, mode)),
  };
  const { directory } = folder;
  const storage = makeStorage({ ...defaults, directory }, { files, commit: commitSynced });
  await storage.open(owner);
  const snapshot = await storage.snapshots.stage();
  await snapshot.finish();
  await storage.write([{ type: 'snapshot', id: snapshot.id, index: 1, context: new Uint8Array() }]);
  const late = Promise.all([storage.snapshots.stage(), storage.snapshots.read(snapshot.id)]);
  await storage.close();
  expect(open).toBe(0);
  const [writer, reader] = await late;
  await expect(writer.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(reader.read(0, 1)).rejects.toMatchObject({ code: 'CLOSED' });
});

describe('options', () => {
  it.each([
    { directory: '' },
    { directory: 'x', maxRecordBytes: 0 },
    { directory: 'x', maxBatchBytes: 1.5 },
    { directory: 'x', cacheBytes: Number.NaN },
    { directory: 'x', writeBufferBytes: 2 ** 40 },
    { directory: 'x', retainSnapshots: 0 },
    { directory: 'x', retainSnapshots: 1.5 },
  ])('%j is INVALID_ARGUMENT', (options) => {
    expect(() => levelStorage(options)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
