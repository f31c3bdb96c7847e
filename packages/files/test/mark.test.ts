/** The mark of a folder: whose it is, and what is refused. */
import type { StorageOwner } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  anyMark,
  type FileSystem,
  type FolderKind,
  markPath,
  ownerIn,
  readMark,
  writeJsonFile,
  writeMark,
} from '../src/index.ts';
import { simulatedDisk } from '../src/simulated/index.ts';
import { put, sample, simulatedGround } from './grounds.ts';

const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };
const kind: FolderKind = { storage: 'file', format: 3, names: ['log', 'lock'] };

async function marked(): Promise<FileSystem> {
  const { files } = await simulatedGround();
  await writeMark(files, '/data', kind, owner, { more: [1, 2] });
  return files;
}

describe('a folder without a mark', () => {
  it.each([
    ['is not there', []],
    ['is empty', []],
    ['holds what an interrupted first start leaves', ['log', 'lock', 'quorate.json.new']],
    ['is the root of a file system', ['lost+found']],
  ])('has not been in use when it %s', async (_, names) => {
    const { files } = await simulatedGround();
    for (const name of names) await put(files, `/data/${name}`, sample(1, 3));
    const folder = _ === 'is not there' ? '/no' : '/data';
    expect(await readMark(files, folder, kind, owner)).toBeUndefined();
    expect(await anyMark(files, folder)).toBeUndefined();
  });

  it('is FOREIGN_DATA when it holds anything else, and is left as it is', async () => {
    const { files } = await simulatedGround();
    await put(files, '/data/log', sample(1, 3));
    await put(files, '/data/thesis.txt', sample(2, 3));
    await expect(readMark(files, '/data', kind, owner)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
      message: expect.stringContaining('thesis.txt') as string,
    });
    expect([...(await files.list('/data'))].sort()).toEqual(['log', 'thesis.txt']);
  });
});

describe('a folder with a mark', () => {
  it('is known to its owner, with the fields of the storage', async () => {
    const files = await marked();
    const mark = { storage: 'file', format: 3, ...owner, more: [1, 2] };
    expect(await readMark(files, '/data', kind, owner)).toEqual(mark);
    expect(await anyMark(files, '/data')).toEqual(mark);
    expect(ownerIn('/data', mark)).toEqual(owner);
    // Whatever else lies in it.
    await put(files, '/data/thesis.txt', sample(2, 3));
    expect(await readMark(files, '/data', kind, owner)).toEqual(mark);
  });

  it.each([
    [{ ...owner, cluster: 'other' }, 'cluster "test", not "other"'],
    [{ ...owner, node: 'n2' }, 'node "n1", not "n2"'],
    [{ ...owner, algorithm: 'paxos' }, 'algorithm "raft", not "paxos"'],
  ])('is FOREIGN_DATA to anybody else (%#)', async (stranger, why) => {
    await expect(readMark(await marked(), '/data', kind, stranger)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
      message: expect.stringContaining(why) as string,
    });
  });

  it.each([
    { ...kind, storage: 'level' },
    { ...kind, format: 4 },
    { ...kind, format: 2 },
  ])('is FOREIGN_DATA to another storage or format (%#)', async (other) => {
    await expect(readMark(await marked(), '/data', other, owner)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
  });

  it('is CORRUPT in every byte, and never taken for another one or none', async () => {
    const disk = simulatedDisk();
    await disk.files().makeFolder('/data');
    await writeMark(disk.files(), '/data', kind, owner);
    for (let at = 0; at < disk.storedBytes; at++) {
      disk.flipBit({ path: markPath('/data'), at }, at % 8);
      await expect(readMark(disk.files(), '/data', kind, owner)).rejects.toMatchObject({
        code: 'CORRUPT',
      });
      disk.flipBit({ path: markPath('/data'), at }, at % 8);
    }
    expect(await readMark(disk.files(), '/data', kind, owner)).toBeDefined();
  });

  it('is CORRUPT when it names no owner', async () => {
    const { files } = await simulatedGround();
    const nobody = { storage: 'file', format: 3, cluster: 'test', node: 7 };
    await writeJsonFile(files, markPath('/data'), nobody);
    await expect(readMark(files, '/data', kind, owner)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('cannot be written with another owner among the fields of the storage', async () => {
    const { files } = await simulatedGround();
    await writeMark(files, '/data', kind, owner, { node: 'n2', format: 9 });
    expect(await readMark(files, '/data', kind, owner)).toMatchObject({ node: 'n1', format: 3 });
  });
});
