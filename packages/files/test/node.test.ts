/** The real file system: who may read what is on it. */
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeFileSystem as files } from '../src/index.ts';

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
