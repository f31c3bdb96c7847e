/** The folder on the real file system: private, locked, and whoever else's it is left alone. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileStorage } from '../src/index.ts';
import { owner, sized } from './harness.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-file-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function modes(): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = { '.': (await stat(directory)).mode & 0o777 };
  for (const name of await readdir(directory, { recursive: true })) {
    found[name] = (await stat(join(directory, name))).mode & 0o777;
  }
  return found;
}

describe('the folder', () => {
  it('is private to its owner, also where it was not before', async () => {
    for (let round = 0; round < 2; round++) {
      const storage = fileStorage({ directory, segmentBytes: 4096 });
      await storage.open(owner);
      await storage.write([{ type: 'put', index: round + 1, record: sized(1, 100) }]);
      await storage.close();
      for (const [name, mode] of Object.entries(await modes())) {
        expect(mode, name).toBe((await stat(join(directory, name))).isDirectory() ? 0o700 : 0o600);
      }
      // Opened up by hand: the next open closes it again.
      for (const name of ['.', 'segments', 'snapshots']) await chmod(join(directory, name), 0o755);
      for (const name of ['quorate.json', 'lock']) await chmod(join(directory, name), 0o644);
      for (const name of await readdir(join(directory, 'segments'))) {
        await chmod(join(directory, 'segments', name), 0o644);
      }
    }
  });

  it('is left alone if it holds something else', async () => {
    await writeFile(join(directory, 'notes.txt'), 'mine');
    await expect(fileStorage({ directory }).open(owner)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
    expect(await readdir(directory)).toEqual(['notes.txt']);
  });

  it('is refused if it is of another storage or another format', async () => {
    const { writeMark, nodeFileSystem } = await import('@quorate/files');
    for (const [storage, format] of [
      ['level', 1],
      ['file', 2],
    ] as const) {
      await writeMark(nodeFileSystem, directory, { storage, format, names: [] }, owner);
      await expect(fileStorage({ directory }).open(owner)).rejects.toMatchObject({
        code: 'FOREIGN_DATA',
      });
    }
  });

  it('S9: is locked against another process, until that one has ended, however it ends', async () => {
    await mkdir(join(directory, 'n1'), { mode: 0o700 });
    const path = join(directory, 'n1');
    const storage = fileStorage({ directory: path });
    await storage.open(owner);
    await storage.close();
    const script = `
      const { openSync } = require('node:fs');
      const { spawnSync } = require('node:child_process');
      const file = openSync(process.argv[1], 'r+');
      const { status } = spawnSync('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', file] });
      process.stdout.write(String(status));
      setInterval(() => undefined, 1000);`;
    const holder = spawn(process.execPath, ['-e', script, join(path, 'lock')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [answer] = (await once(holder.stdout, 'data')) as [Buffer];
      expect(answer.toString()).toBe('0');
      await expect(fileStorage({ directory: path }).open(owner)).rejects.toMatchObject({
        code: 'LOCKED',
      });
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
    const again = fileStorage({ directory: path });
    await again.open(owner);
    await again.close();
  });

  it('refuses options that cannot work', () => {
    for (const options of [
      { directory: '' },
      { directory, segmentBytes: 100 },
      { directory, maxRecordBytes: 0 },
      { directory, maxBatchBytes: 1.5 },
      { directory, retainSnapshots: 0 },
      { directory, maxSpareSegments: -1 },
    ]) {
      expect(() => fileStorage(options)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      );
    }
  });

  it('refuses a write that no batch can hold', async () => {
    const storage = fileStorage({ directory, maxRecordBytes: 2 ** 30 });
    await storage.open(owner);
    // Two views on the same bytes: what counts is what would be written.
    const record = new Uint8Array(2 ** 30);
    const ops = [1, 2].map((index) => ({ type: 'put' as const, index, record }));
    await expect(storage.write(ops)).rejects.toMatchObject({ code: 'TOO_LARGE' });
    await storage.write([{ type: 'put', index: 1, record: sized(1, 10) }]);
    await storage.close();
  });
});
