import type { Storage, StorageOp, WriteId } from '@quorate/core';
import { memoryStorage } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import { GroupCommit } from '../src/group-commit.ts';

/** A storage whose writes end when the test says so. */
function heldStorage(): {
  readonly storage: Storage;
  readonly batches: (readonly StorageOp[])[];
  finish(): Promise<void>;
  fail(): Promise<void>;
} {
  const batches: (readonly StorageOp[])[] = [];
  const ends: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const base = memoryStorage();
  const storage: Storage = {
    open: (owner) => base.open(owner),
    read: (from, to, maxBytes) => base.read(from, to, maxBytes),
    snapshots: base.snapshots,
    close: () => base.close(),
    write: (ops) => {
      batches.push(ops);
      return new Promise<void>((resolve, reject) => {
        ends.push({ resolve, reject });
      });
    },
  };
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      setImmediate(resolve);
    });
  return {
    storage,
    batches,
    finish: () => {
      ends.shift()?.resolve();
      return turn();
    },
    fail: () => {
      ends.shift()?.reject(new Error('no space left'));
      return turn();
    },
  };
}

function subject(storage: Storage): {
  readonly commit: GroupCommit<string>;
  readonly stored: WriteId[];
  readonly left: string[];
  readonly failures: unknown[];
} {
  const stored: WriteId[] = [];
  const left: string[] = [];
  const failures: unknown[] = [];
  const commit = new GroupCommit<string>(storage, {
    stored: (write) => stored.push(write),
    release: (_to, message) => left.push(message),
    failed: (error) => failures.push(error),
  });
  return { commit, stored, left, failures };
}

const put = (index: number): StorageOp => ({ type: 'put', index, record: new Uint8Array(1) });

describe('group commit', () => {
  it('joins everything that comes while a batch is under way into the next one', async () => {
    const disk = heldStorage();
    const { commit, stored } = subject(disk.storage);
    commit.add([{ id: 1, ops: [put(1)] }]);
    commit.add([{ id: 2, ops: [put(2)] }]);
    commit.add([
      { id: 3, ops: [put(3), put(4)] },
      { id: 4, ops: [put(5)] },
    ]);
    expect(disk.batches).toEqual([[put(1)]]);
    await disk.finish();
    expect(stored).toEqual([1]);
    expect(disk.batches[1]).toEqual([put(2), put(3), put(4), put(5)]);
    await disk.finish();
    expect(stored).toEqual([1, 4]);
    expect(commit.batches).toBe(2);
    expect(commit.writes).toBe(4);
  });

  it('lets a message leave only when the write that it depends on is durable', async () => {
    const disk = heldStorage();
    const { commit, left } = subject(disk.storage);
    commit.add([{ id: 1, ops: [put(1)] }]);
    commit.send({ to: 'b', message: 'free' });
    commit.send({ to: 'b', message: 'after 1', after: 1 });
    commit.add([{ id: 2, ops: [put(2)] }]);
    commit.send({ to: 'b', message: 'after 2', after: 2 });
    expect(left).toEqual(['free']);
    await disk.finish();
    expect(left).toEqual(['free', 'after 1']);
    await disk.finish();
    expect(left).toEqual(['free', 'after 1', 'after 2']);
    commit.send({ to: 'b', message: 'long durable', after: 1 });
    expect(left.at(-1)).toBe('long durable');
  });

  it('says nothing is durable after a failure, and lets nothing leave that depends on it', async () => {
    const disk = heldStorage();
    const { commit, stored, left, failures } = subject(disk.storage);
    commit.add([{ id: 1, ops: [put(1)] }]);
    commit.send({ to: 'b', message: 'after 1', after: 1 });
    commit.add([{ id: 2, ops: [put(2)] }]);
    await disk.fail();
    expect(failures).toHaveLength(1);
    expect(stored).toEqual([]);
    expect(left).toEqual([]);
    expect(disk.batches).toHaveLength(1);
  });

  it('asks nothing more of a storage that failed, though the disk may have room again', async () => {
    const disk = heldStorage();
    const { commit, stored, left, failures } = subject(disk.storage);
    commit.add([{ id: 1, ops: [put(1)] }]);
    await disk.fail();
    commit.add([{ id: 2, ops: [put(2)] }]);
    commit.send({ to: 'b', message: 'after 2', after: 2 });
    await disk.finish();
    expect(disk.batches).toHaveLength(1);
    expect(failures).toHaveLength(1);
    expect([stored, left]).toEqual([[], []]);
  });

  it('reports what goes wrong when messages are let go', async () => {
    const disk = heldStorage();
    const failures: unknown[] = [];
    const commit = new GroupCommit<string>(disk.storage, {
      stored: () => undefined,
      release: () => {
        throw new Error('a message that cannot be encoded');
      },
      failed: (error) => failures.push(error),
    });
    commit.add([{ id: 1, ops: [put(1)] }]);
    commit.send({ to: 'b', message: 'after 1', after: 1 });
    await disk.finish();
    expect(failures).toHaveLength(1);
    await commit.stop();
  });

  it('stops without another batch, and waits for the one under way', async () => {
    const disk = heldStorage();
    const { commit, stored } = subject(disk.storage);
    commit.add([{ id: 1, ops: [put(1)] }]);
    commit.add([{ id: 2, ops: [put(2)] }]);
    let stopped = false;
    const stopping = commit.stop().then(() => {
      stopped = true;
    });
    await Promise.resolve();
    expect(stopped).toBe(false);
    await disk.finish();
    await stopping;
    expect(stored).toEqual([]);
    expect(disk.batches).toHaveLength(1);
  });
});
