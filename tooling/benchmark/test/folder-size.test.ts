import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { folderSize, sizeFigures } from '../src/subjects/folder-size.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-bench-test-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the size of a folder', () => {
  it('is that of all files in it and below', async () => {
    await mkdir(join(directory, 'log'));
    await writeFile(join(directory, 'mark'), new Uint8Array(100));
    await writeFile(join(directory, 'log', 'segment'), new Uint8Array(50_000));
    const { bytes, blockBytes } = await folderSize(directory);
    expect(bytes).toBe(50_100);
    expect(blockBytes % 512).toBe(0);
  });

  it('is nothing where there is no folder', async () => {
    expect(await folderSize(join(directory, 'none'))).toEqual({ bytes: 0, blockBytes: 0 });
  });

  it('is told by the entry, and beside an entry with 32 bytes more', () => {
    expect(sizeFigures({ bytes: 2800, blockBytes: 4320 }, 10, 256)).toEqual({
      diskBytesPerEntry: 280,
      blockBytesPerEntry: 432,
      blocksOfValueAnd32: 1.5,
    });
  });
});
