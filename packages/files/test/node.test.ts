/** The real file system: who may read what is on it. */
import { constants } from 'node:fs';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem as files, writeAllDurably } from '../src/index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-node-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode % 0o1000).toString(8);
}

describe.skipIf(process.platform === 'win32')('nobody else may read', () => {
  it('a file that is made', async () => {
    await (await files.open(`${folder}/x`, 'create')).close();
    expect(await modeOf(`${folder}/x`)).toBe('600');
  });

  it.each(['read', 'write'] as const)('a file that is there and opened to %s', async (mode) => {
    await writeFile(`${folder}/x`, 'text');
    await chmod(`${folder}/x`, 0o644);
    await (await files.open(`${folder}/x`, mode)).close();
    expect(await modeOf(`${folder}/x`)).toBe('600');
  });

  it('a file that is locked', async () => {
    await (await files.lock(`${folder}/lock`))();
    expect(await modeOf(`${folder}/lock`)).toBe('600');
  });

  it('folders that are made, each of them', async () => {
    await files.makeFolder(`${folder}/a/b`);
    expect(await modeOf(`${folder}/a`)).toBe('700');
    expect(await modeOf(`${folder}/a/b`)).toBe('700');
  });

  it('a folder that is there; those above it stay as they are', async () => {
    await mkdir(`${folder}/a/b`, { recursive: true });
    await chmod(`${folder}/a`, 0o755);
    await chmod(`${folder}/a/b`, 0o755);
    await files.makeFolder(`${folder}/a/b`);
    expect(await modeOf(`${folder}/a`)).toBe('755');
    expect(await modeOf(`${folder}/a/b`)).toBe('700');
  });
});

describe.skipIf(process.platform !== 'linux')('durable writes', () => {
  /** Flags of the descriptors that this process has on a file. */
  async function flagsOn(path: string): Promise<number[]> {
    const flags: number[] = [];
    for (const fd of await readdir('/proc/self/fd')) {
      if ((await readlink(`/proc/self/fd/${fd}`).catch(() => '')) !== path) continue;
      const [, octal = '0'] =
        /^flags:\s*([0-7]+)$/m.exec(await readFile(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
      flags.push(Number.parseInt(octal, 8));
    }
    return flags;
  }
  const isSynced = (flags: number): boolean => (flags & constants.O_DSYNC) !== 0;

  it('leave no descriptor behind, whenever the file is closed', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const path = `${folder}/${String(turns)}`;
      const file = await files.open(path, 'create');
      const write = file.writeDurably([new Uint8Array(10)], 0).catch(() => undefined);
      if (turns % 2 === 0) await write;
      for (let turn = 0; turn < turns / 2; turn++) await Promise.resolve();
      await file.close();
      await write;
      await new Promise((resolve) => setImmediate(resolve));
      expect(await flagsOn(path)).toEqual([]);
    }
  });

  it('go through a descriptor on which each write is, whatever name the file has by then', async () => {
    const file = await files.open(`${folder}/x`, 'create');
    await files.rename(`${folder}/x`, `${folder}/y`);
    await writeFile(`${folder}/x`, 'another');
    await writeAllDurably(file, [new Uint8Array(10)], 0);
    await expect.poll(async () => (await flagsOn(`${folder}/y`)).filter(isSynced)).toHaveLength(1);
    await writeAllDurably(file, [new Uint8Array(10)], 10);
    expect((await stat(`${folder}/y`)).size).toBe(20);
    expect(await readFile(`${folder}/x`, 'utf8')).toBe('another');
    await file.close();
    expect(await flagsOn(`${folder}/y`)).toEqual([]);
  });
});
