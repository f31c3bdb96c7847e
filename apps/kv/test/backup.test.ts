/** A backup comes back as it was, and whatever happens to its bytes is noticed. */
import {
  CorruptError,
  crc32,
  InvalidArgumentError,
  MalformedError,
  OverloadedError,
  seededRandom,
  UnavailableError,
  utf8,
} from '@quorate/core';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackupFile, saveBackup, verifyBackup } from '../src/backup/file.ts';
import {
  backupBytes,
  type BackupHeader,
  checkMachine,
  encodeStart,
  firstLine,
  writtenChunkBytes,
} from '../src/backup/format.ts';
import { type Backup, readBackup } from '../src/backup/reader.ts';
import { Backups } from '../src/backup/source.ts';
import { writeBackup } from '../src/backup/writer.ts';
import { fakeReplica } from './fake-replica.ts';

function headerOf(content: Uint8Array): BackupHeader {
  return {
    cluster: 'group',
    node: 'n1',
    algorithm: 'raft',
    machine: 'kv',
    program: '1.2.3',
    time: '2026-01-02T03:04:05.678Z',
    index: 77,
    bytes: content.length,
    checksum: crc32(content),
  };
}

/** A snapshot that gives at most so many bytes at once. */
function snapshotOf(content: Uint8Array, most: number = Infinity): { read: typeof read } {
  function read(offset: number, maxBytes: number): Promise<Uint8Array> {
    return Promise.resolve(content.subarray(offset, offset + Math.min(maxBytes, most)));
  }
  return { read };
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

/** The bytes in pieces of random lengths. */
async function* cut(bytes: Uint8Array, seed: number = 1): AsyncGenerator<Uint8Array, void> {
  const random = seededRandom(seed);
  for (let at = 0; at < bytes.length; ) {
    await Promise.resolve();
    const length = random.pick([0, 1, 7, 1000, 300_000]);
    yield bytes.subarray(at, at + length);
    at += length;
  }
}

const backupOf = (content: Uint8Array): Promise<Buffer> =>
  collect(writeBackup(headerOf(content), snapshotOf(content)));

const read = async (bytes: Uint8Array): Promise<Backup> => readBackup(cut(bytes), 'FILE');
const verify = async (bytes: Uint8Array): Promise<BackupHeader> => verifyBackup(await read(bytes));

describe('a backup', () => {
  it.each([0, 1, writtenChunkBytes - 1, writtenChunkBytes, 2 * writtenChunkBytes + 5])(
    'of %i bytes comes back as it was, and is as long as was said before',
    async (length) => {
      const random = seededRandom(length);
      const content = Uint8Array.from({ length }, () => random.below(256));
      const header = headerOf(content);
      const bytes = await collect(writeBackup(header, snapshotOf(content, 100_000)));
      expect(bytes.length).toBe(backupBytes(header));
      const backup = await read(bytes);
      expect(backup.header).toEqual(header);
      expect((await collect(backup.chunks)).equals(content)).toBe(true);
    },
  );

  it('says in its first two lines what it is', async () => {
    const [first, second = ''] = (await backupOf(utf8('x'))).toString('latin1').split('\n');
    expect(first).toBe('quorate-backup 1');
    expect(JSON.parse(second)).toEqual(headerOf(utf8('x')));
  });

  it('is not passed off as whole where the snapshot reads as another one', async () => {
    const header = headerOf(utf8('some content'));
    for (const content of ['some other content', 'some c0ntent', 'some']) {
      await expect(collect(writeBackup(header, snapshotOf(utf8(content))))).rejects.toBeInstanceOf(
        CorruptError,
      );
    }
  });
});

describe('a backup is refused', () => {
  it('when it is cut off at any byte, or something stands behind it', async () => {
    const bytes = await backupOf(utf8('the content'));
    for (let length = firstLine.length; length < bytes.length; length++) {
      await expect(verify(bytes.subarray(0, length)), String(length)).rejects.toBeInstanceOf(
        CorruptError,
      );
    }
    await expect(verify(Buffer.concat([bytes, Buffer.from('\n')]))).rejects.toThrow(
      /CORRUPT|behind its end/,
    );
  });

  it('when any bit of it is another one', async () => {
    const bytes = await backupOf(utf8('the content'));
    for (let at = 0; at < bytes.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        const error: unknown = await verify(flipped).catch((thrown: unknown) => thrown);
        const wanted = at < firstLine.length ? MalformedError : CorruptError;
        expect(error, `byte ${String(at)}, bit ${String(bit)}`).toBeInstanceOf(wanted);
      }
    }
  });

  it('when chunks of it stand in another order, or are those of another one', async () => {
    const content = Buffer.alloc(2 * writtenChunkBytes, 'a').fill('b', writtenChunkBytes);
    const bytes = await backupOf(content);
    const start = encodeStart(headerOf(content)).length;
    const length = 8 + writtenChunkBytes;
    const [head, one, two, end] = [
      bytes.subarray(0, start),
      bytes.subarray(start, start + length),
      bytes.subarray(start + length, start + 2 * length),
      bytes.subarray(start + 2 * length),
    ];
    await expect(verify(Buffer.concat([head, one, two, end]))).resolves.toBeDefined();
    for (const parts of [
      [head, two, one, end],
      [head, one, one, end],
      [head, one, end],
      [head, one, two, two, end],
    ]) {
      await expect(verify(Buffer.concat(parts))).rejects.toBeInstanceOf(CorruptError);
    }
  });

  it('when it says to have a chunk that is too large, before any room is made for it', async () => {
    const head = encodeStart(headerOf(utf8('x')));
    const huge = Buffer.from('7fffffff00000000', 'hex');
    await expect(verify(Buffer.concat([head, huge]))).rejects.toThrow(/2147483647 bytes/);
  });

  it.each<readonly [string, string, RegExp]>([
    ['something else', 'PK\u0003\u0004 a zip file, say', /not a backup/],
    ['nothing', '', /not a backup/],
    ['a later version', 'quorate-backup 2\n{}', /upgrade/],
  ])('when it is %s', async (_what, text, message) => {
    const error: unknown = await verify(utf8(text)).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MalformedError);
    expect(String(error)).toMatch(message);
  });

  it('when its header has no end, and when it lacks a field', async () => {
    const endless = utf8(`${firstLine}${'x'.repeat(100_000)}`);
    await expect(verify(endless)).rejects.toThrow(/header does not end/);
    const { index: _index, ...fields } = headerOf(utf8('x'));
    const lacking = encodeStart(fields as BackupHeader);
    await expect(verify(lacking)).rejects.toBeInstanceOf(MalformedError);
  });

  it('when it is of another machine', () => {
    const header = headerOf(utf8('x'));
    checkMachine(header, 'FILE');
    expect(() => {
      checkMachine({ ...header, machine: 'ledger' }, 'FILE');
    }).toThrow(InvalidArgumentError);
  });
});

describe('a file', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  it('is there when it is whole, and can be read back', async () => {
    const path = join(folder, 'backup');
    const content = Buffer.alloc(1_000_000, 'content');
    const header = await saveBackup(cut(await backupOf(content)), path, false);
    expect(header).toEqual(headerOf(content));
    expect(await readdir(folder)).toEqual(['backup']);
    const backup = await openBackupFile(path);
    expect((await collect(backup.chunks)).equals(content)).toBe(true);
  });

  it('is not there when what came was damaged, and what was there stays', async () => {
    const path = join(folder, 'backup');
    const bytes = await backupOf(utf8('the content'));
    await expect(saveBackup(cut(bytes.subarray(0, -1)), path, false)).rejects.toBeInstanceOf(
      CorruptError,
    );
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, 'before');
    await expect(saveBackup(cut(bytes), path, false)).rejects.toThrow(/--force/);
    await expect(saveBackup(cut(bytes.subarray(0, -1)), path, true)).rejects.toBeInstanceOf(
      CorruptError,
    );
    expect(await readFile(path, 'utf8')).toBe('before');
    await saveBackup(cut(bytes), path, true);
    expect(await readFile(path)).toEqual(bytes);
  });

  it('that cannot be read or written is told as such', async () => {
    const nowhere = join(folder, 'no', 'such', 'file');
    await expect(openBackupFile(nowhere)).rejects.toMatchObject({ code: 'IO_FAILED' });
    const bytes = await backupOf(utf8('x'));
    await expect(saveBackup(cut(bytes), nowhere, false)).rejects.toMatchObject({
      code: 'IO_FAILED',
    });
  });
});

describe('a node', () => {
  /** A node whose applied index is 7, and whose snapshots are of these indexes, one after the other. */
  function node(...indexes: readonly number[]): {
    readonly backups: Backups;
    readonly taken: () => number;
    readonly open: () => number;
    readonly replica: ReturnType<typeof fakeReplica>;
  } {
    const content = utf8('state');
    const replica = fakeReplica();
    const later = [...indexes];
    let current = later.shift();
    let taken = 0;
    let open = 0;
    replica.snapshot = () => {
      taken += 1;
      current = later.shift() ?? current;
      return Promise.resolve(current ?? 0);
    };
    const info = (index: number) => ({
      id: String(index),
      index,
      context: new Uint8Array(0),
      bytes: content.length,
      checksum: crc32(content),
    });
    const backups = new Backups({
      replica,
      algorithm: 'raft',
      snapshots: {
        current: () => (current === undefined || current === 0 ? undefined : info(current)),
        read: (id) => {
          open += 1;
          const close = (): Promise<void> => Promise.resolve(void (open -= 1));
          return Promise.resolve({ ...snapshotOf(content), info: info(Number(id)), close });
        },
      },
    });
    return { backups, taken: () => taken, open: () => open, replica };
  }

  const local = {
    consistency: 'local',
    signal: new AbortController().signal,
  } as const;

  it('hands out the snapshot that it has, where nothing happened since', async () => {
    const { backups, taken } = node(7);
    const { header, stream } = await backups.open(local);
    expect([header.index, taken()]).toEqual([7, 0]);
    const bytes = await collect(stream.chunks());
    expect(bytes.length).toBe(stream.bytes);
    expect(await verify(bytes)).toEqual(header);
  });

  it('takes another one until it has what was there when it was asked', async () => {
    // One was under way already, and is too old.
    const { backups, taken } = node(3, 5, 7);
    expect((await backups.open(local)).header.index).toBe(7);
    expect(taken()).toBe(2);
  });

  it('finds out first what has been acknowledged, unless a local one is wanted', async () => {
    const { backups, replica } = node(7);
    await backups.open({ ...local, consistency: 'linearizable' });
    expect(replica.asked).toEqual([{ consistency: 'linearizable' }]);
    replica.failure = new UnavailableError('no leader');
    await expect(backups.open({ ...local, consistency: 'linearizable' })).rejects.toBe(
      replica.failure,
    );
    await expect(backups.open(local)).resolves.toBeDefined();
  });

  it('lets go of a snapshot once, and has only so many open', async () => {
    const { backups, open } = node(7);
    const all = await Promise.all([1, 2, 3, 4].map(() => backups.open(local)));
    expect(open()).toBe(4);
    await expect(backups.open(local)).rejects.toBeInstanceOf(OverloadedError);
    await Promise.all(all.map(({ stream }) => stream.close()));
    await all[0]?.stream.close();
    expect(open()).toBe(0);
    await expect(backups.open(local)).resolves.toBeDefined();
  });

  it('that comes to no snapshot says so, and can be asked again', async () => {
    const { backups } = node(3);
    for (let tries = 0; tries < 6; tries++) {
      await expect(backups.open(local)).rejects.toBeInstanceOf(UnavailableError);
    }
  });
});
