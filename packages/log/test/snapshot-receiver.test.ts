/**
 * The receiving half of a transfer alone: whom it listens to, and what it does not believe.
 */
import {
  crc32,
  equalBytes,
  MalformedError,
  type NodeId,
  type SnapshotStore,
  type Storage,
} from '@quorate/core';
import { memoryStorage } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import {
  chunkChecksum,
  type FromReceiver,
  type SnapshotChunk,
  type SnapshotOffer,
} from '../src/snapshot-messages.ts';
import { SnapshotReceiver } from '../src/snapshot-receiver.ts';
import { contentIn, context, limits as transferLimits } from './harness/transfer.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

/** Pieces of 1000 bytes, four of them under way. */
const limits = { ...transferLimits, snapshotWindow: 4 };
const { snapshotTimeoutMs } = limits;

interface Alone {
  readonly receiver: SnapshotReceiver;
  readonly runtime: VirtualRuntime;
  readonly target: Storage;
  readonly said: (readonly [NodeId, FromReceiver])[];
  readonly installed: number[];
  readonly errors: unknown[];
}

/** A receiver alone, its clock and what it answered. */
async function alone(
  wrap: (snapshots: SnapshotStore) => SnapshotStore = (snapshots) => snapshots,
): Promise<Alone> {
  const target = memoryStorage();
  await target.open({ cluster: 'c', node: 'b', algorithm: 'x' });
  const runtime = new VirtualRuntime();
  const said: (readonly [NodeId, FromReceiver])[] = [];
  const installed: number[] = [];
  const errors: unknown[] = [];
  const receiver = new SnapshotReceiver(
    {
      now: () => runtime.now(),
      setTimer: (ms, run) => runtime.setTimer(ms, run),
      send: (to, message) => said.push([to, message]),
      install: async ({ id, index }, bytes) => {
        await target.write([{ type: 'snapshot', id, index, context: bytes }]);
        installed.push(index);
        return true;
      },
      decided: () => installed.at(-1) ?? 0,
      warn: () => undefined,
      failed: (error) => errors.push(error),
    },
    wrap(target.snapshots),
    limits,
  );
  return { receiver, runtime, target, said, installed, errors };
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A snapshot of four pieces of 1000 bytes, filled with `fill`. */
function offerOf(fill: number, changes: Partial<SnapshotOffer> = {}): SnapshotOffer {
  const { totalBytes = 4000 } = changes;
  const checksum = crc32(new Uint8Array(Math.min(totalBytes, 100_000)).fill(fill));
  return { type: 'offer', transfer: 1, index: 42, totalBytes, checksum, context, ...changes };
}

function pieceOf(at: number, fill: number, transfer: number = 1): SnapshotChunk {
  const offset = at * 1000;
  const bytes = new Uint8Array(1000).fill(fill);
  return {
    type: 'chunk',
    transfer,
    offset,
    checksum: chunkChecksum(transfer, offset, bytes),
    bytes,
  };
}

/** What was said last. */
function lastOf({ said }: Alone): readonly [NodeId, FromReceiver] | undefined {
  return said.at(-1);
}

const filledWith = (fill: number): Uint8Array => new Uint8Array(4000).fill(fill);

describe('a receiver', () => {
  it('never puts pieces of two runs of a sender together, though both count from 1', async () => {
    const made = await alone();
    const { receiver, target, installed } = made;
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    // The sender restarts, leads again, and sends a newer snapshot of the same size.
    receiver.chunk('a', 2, pieceOf(2, 9));
    expect(lastOf(made)).toMatchObject(['a', { target: 2, transfer: 1, state: 'unknown' }]);
    receiver.offer('a', 2, offerOf(9, { index: 50 }));
    await turn();
    expect(lastOf(made)).toMatchObject(['a', { type: 'accept', target: 2, offset: 0 }]);
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 2, pieceOf(at, 9));
    await turn();
    expect(installed).toEqual([50]);
    expect(equalBytes(await contentIn(target), filledWith(9))).toBe(true);
    expect(lastOf(made)).toMatchObject(['a', { target: 2, state: 'done' }]);
  });

  it('goes on with the very same content of another run at once', async () => {
    const made = await alone();
    const { receiver, installed } = made;
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    receiver.offer('a', 2, offerOf(7));
    await turn();
    expect(lastOf(made)).toMatchObject(['a', { type: 'accept', target: 2, offset: 2000 }]);
    expect(receiver.bytesResumed).toBe(2000);
    for (const at of [2, 3]) receiver.chunk('a', 2, pieceOf(at, 7));
    await turn();
    expect(installed).toEqual([42]);
  });

  it('goes on with the very same content of another node once its sender stands still', async () => {
    const made = await alone();
    const { receiver, runtime, said, installed } = made;
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    const before = said.length;
    receiver.offer('c', 1, offerOf(7));
    await turn();
    expect(said.length, 'the sender may still be at work').toBe(before);
    await runtime.run(snapshotTimeoutMs / 2);
    receiver.offer('c', 1, offerOf(7));
    await turn();
    expect(lastOf(made)).toMatchObject(['c', { type: 'accept', offset: 2000 }]);
    for (const at of [2, 3]) receiver.chunk('c', 1, pieceOf(at, 7));
    await turn();
    expect(installed).toEqual([42]);
  });

  it('does not take content for the same that has another context', async () => {
    const made = await alone();
    const { receiver, runtime } = made;
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1]) receiver.chunk('a', 1, pieceOf(at, 7));
    await runtime.run(snapshotTimeoutMs);
    receiver.offer('c', 1, offerOf(7, { context: new Uint8Array([9]) }));
    await turn();
    expect(lastOf(made)).toMatchObject(['c', { type: 'accept', offset: 0 }]);
  });

  it('lets two senders of one index not put each other back to the start', async () => {
    const { receiver, said, installed } = await alone();
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1, 2, 3]) {
      receiver.offer('c', 1, offerOf(8));
      receiver.chunk('a', 1, pieceOf(at, 7));
      receiver.chunk('c', 1, pieceOf(at, 8));
      await turn();
    }
    expect(installed).toEqual([42]);
    expect(said.filter(([to, { type }]) => to === 'c' && type === 'accept')).toEqual([]);
  });

  it('prefers a newer snapshot, and takes any when the one before stands still', async () => {
    const { receiver, runtime, installed, target } = await alone();
    receiver.offer('a', 1, offerOf(7));
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    receiver.offer('c', 1, offerOf(9, { index: 50 }));
    await turn();
    receiver.chunk('c', 1, pieceOf(0, 9));
    // Both senders go silent.
    await runtime.run(snapshotTimeoutMs / 2);
    receiver.offer('d', 1, offerOf(5, { index: 41 }));
    await turn();
    for (const at of [0, 1, 2, 3]) receiver.chunk('d', 1, pieceOf(at, 5));
    await turn();
    expect(installed).toEqual([41]);
    expect(equalBytes(await contentIn(target), filledWith(5))).toBe(true);
  });

  it('is not set back by a late offer or piece of what its sender has given up', async () => {
    const { receiver, installed } = await alone();
    receiver.offer('a', 1, offerOf(7, { transfer: 2 }));
    await turn();
    for (const at of [0, 1]) receiver.chunk('a', 1, pieceOf(at, 7, 2));
    receiver.offer('a', 1, offerOf(8, { transfer: 1, index: 50 }));
    receiver.chunk('a', 1, pieceOf(0, 8, 1));
    await turn();
    for (const at of [2, 3]) receiver.chunk('a', 1, pieceOf(at, 7, 2));
    await turn();
    expect(installed).toEqual([42]);
  });

  it('takes what its sender offers instead, though it is older', async () => {
    const { receiver, installed } = await alone();
    receiver.offer('a', 1, offerOf(7));
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    receiver.offer('a', 1, offerOf(8, { transfer: 2, index: 41 }));
    await turn();
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 1, pieceOf(at, 8, 2));
    await turn();
    expect(installed).toEqual([41]);
  });

  it('answers to the last number under which it was offered, also while it installs', async () => {
    let release = (): void => undefined;
    const made = await alone((snapshots) => ({
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      read: (id) => snapshots.read(id),
      stage: async (name) => {
        const writer = await snapshots.stage(name);
        const gate = new Promise<void>((resolve) => {
          release = resolve;
        });
        const finish = writer.finish.bind(writer);
        return Object.assign(writer, { finish: () => gate.then(finish) });
      },
    }));
    const { receiver, said } = made;
    receiver.offer('a', 1, offerOf(7));
    await turn();
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    const before = said.length;
    receiver.offer('a', 1, offerOf(7, { transfer: 2 }));
    receiver.chunk('a', 1, pieceOf(3, 7));
    // Not even a newer one comes between: the engine decides first.
    receiver.offer('c', 1, offerOf(9, { index: 50 }));
    await turn();
    expect(said.slice(before)).toMatchObject([['a', { state: 'unknown', transfer: 1 }]]);
    release();
    await turn();
    expect(lastOf(made)).toMatchObject(['a', { state: 'done', transfer: 2 }]);
  });

  it('closes what stands still, and keeps what it has of it', async () => {
    const said: string[] = [];
    const made = await alone((snapshots) => ({
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      read: (id) => snapshots.read(id),
      stage: async (name) => {
        const writer = await snapshots.stage(name);
        said.push(`staged at ${String(writer.bytes)}`);
        const close = writer.close.bind(writer);
        return Object.assign(writer, {
          close: async () => {
            said.push('closed');
            await close();
          },
        });
      },
    }));
    const { receiver, runtime } = made;
    receiver.offer('a', 1, offerOf(7));
    await runtime.run(0);
    receiver.chunk('a', 1, pieceOf(0, 7));
    await runtime.run(snapshotTimeoutMs - 1);
    receiver.chunk('a', 1, pieceOf(1, 7));
    await runtime.run(snapshotTimeoutMs - 1);
    expect(said).toEqual(['staged at 0']);
    await runtime.run(1);
    expect(said).toEqual(['staged at 0', 'closed']);
    receiver.chunk('a', 1, pieceOf(2, 7));
    expect(lastOf(made)).toMatchObject(['a', { state: 'unknown' }]);
    receiver.offer('a', 1, offerOf(7, { transfer: 2 }));
    await turn();
    expect(said).toEqual(['staged at 0', 'closed', 'staged at 2000']);
    expect(lastOf(made)).toMatchObject(['a', { type: 'accept', offset: 2000 }]);
  });

  it('has let go of everything when it is closed', async () => {
    const said: string[] = [];
    const { receiver, runtime } = await alone((snapshots) => ({
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      read: (id) => snapshots.read(id),
      stage: async (name) => {
        const writer = await snapshots.stage(name);
        return Object.assign(writer, {
          close: async () => {
            await turn();
            said.push('let go');
          },
        });
      },
    }));
    receiver.offer('a', 1, offerOf(7));
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    await receiver.close();
    said.push('closed');
    expect(said).toEqual(['let go', 'closed']);
    expect(runtime.pending).toBe(0);
    receiver.offer('a', 1, offerOf(7, { transfer: 2 }));
    receiver.chunk('a', 1, pieceOf(1, 7));
    await turn();
    expect(said).toEqual(['let go', 'closed']);
  });

  it('does not begin to install when it is closed, but keeps everything for the next life', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { receiver, target, installed } = await alone((snapshots) => ({
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      read: (id) => snapshots.read(id),
      stage: async (name) => {
        const writer = await snapshots.stage(name);
        const write = writer.write.bind(writer);
        return Object.assign(writer, {
          write: async (chunk: Uint8Array) => {
            await write(chunk);
            await gate;
          },
        });
      },
    }));
    const offer = offerOf(7, { totalBytes: 1000 });
    receiver.offer('a', 1, offer);
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    await turn();
    const closed = receiver.close();
    release();
    await closed;
    expect(installed).toEqual([]);
    const writer = await target.snapshots.stage(
      [42, 1000, offer.checksum, crc32(context)].join('-'),
    );
    expect(writer.bytes).toBe(1000);
  });

  it('starts over where the storage has more than there is', async () => {
    const made = await alone();
    const { receiver, target, installed } = made;
    const offer = offerOf(7);
    const name = [42, 4000, offer.checksum, crc32(context)].join('-');
    const writer = await target.snapshots.stage(name);
    await writer.write(new Uint8Array(5000));
    await writer.close();
    receiver.offer('a', 1, offer);
    await turn();
    expect(lastOf(made)).toMatchObject(['a', { type: 'accept', offset: 0 }]);
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    expect(installed).toEqual([42]);
  });
});

describe('a hostile sender', () => {
  /** A store whose disk does nothing until it is released. */
  function gated(): {
    readonly wrap: (snapshots: SnapshotStore) => SnapshotStore;
    readonly release: () => void;
    readonly written: () => number;
    readonly staged: () => number;
  } {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let written = 0;
    let staged = 0;
    return {
      release: () => {
        release();
      },
      written: () => written,
      staged: () => staged,
      wrap: (snapshots) => ({
        current: () => snapshots.current(),
        list: () => snapshots.list(),
        read: (id) => snapshots.read(id),
        stage: async (name) => {
          staged += 1;
          const writer = await snapshots.stage(name);
          return Object.assign(writer, {
            write: async (chunk: Uint8Array) => {
              await gate;
              written += chunk.length;
            },
            abort: () => gate,
          });
        },
      }),
    };
  }

  it('makes it hold no more than a window in memory', async () => {
    const { wrap, release, written } = gated();
    const { receiver } = await alone(wrap);
    receiver.offer('a', 1, offerOf(7, { totalBytes: 100_000 }));
    await turn();
    for (let at = 0; at < 100; at++) receiver.chunk('a', 1, pieceOf(at, 7));
    release();
    await turn();
    expect(written()).toBe(4000);
    expect(receiver.bytesReceived).toBe(4000);
  });

  it('makes it hold no more than so many pieces, however small', async () => {
    const { wrap, release, written } = gated();
    const { receiver } = await alone(wrap);
    receiver.offer('a', 1, offerOf(7, { totalBytes: 100_000 }));
    await turn();
    for (let offset = 0; offset < 2900; offset++) {
      const bytes = new Uint8Array([7]);
      const checksum = chunkChecksum(1, offset, bytes);
      receiver.chunk('a', 1, { type: 'chunk', transfer: 1, offset, checksum, bytes });
    }
    release();
    await turn();
    expect(written()).toBe(1024);
  });

  it('makes it hold one transfer at a time, however fast newer ones are offered', async () => {
    const { wrap, release, staged } = gated();
    const { receiver, said } = await alone(wrap);
    receiver.offer('a', 1, offerOf(7));
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    for (let index = 43; index < 200; index++) receiver.offer('c', index, offerOf(9, { index }));
    await turn();
    // The first of them waits for the disk to let go of the former; nobody else is heard.
    expect(staged()).toBe(1);
    release();
    await turn();
    await turn();
    expect(staged()).toBe(2);
    expect(said.slice(1)).toMatchObject([['c', { type: 'accept', target: 43 }]]);
  });

  it('is answered once for offers that it repeats while the disk is busy', async () => {
    const { wrap, release } = gated();
    const { receiver, said } = await alone(wrap);
    receiver.offer('a', 1, offerOf(7));
    await turn();
    receiver.chunk('a', 1, pieceOf(0, 7));
    for (let transfer = 2; transfer < 100; transfer++)
      receiver.offer('a', 1, offerOf(7, { transfer }));
    release();
    await turn();
    const accepts = said.flatMap(([, message]) => (message.type === 'accept' ? [message] : []));
    expect(accepts).toMatchObject([
      { transfer: 1, offset: 0 },
      { transfer: 99, offset: 1000 },
    ]);
  });

  it('is refused where what it says cannot be', async () => {
    const made = await alone();
    const { receiver } = made;
    expect(() => {
      receiver.offer('a', 1, offerOf(7, { totalBytes: limits.maxSnapshotBytes + 1 }));
    }).toThrow(/maxSnapshotBytes/);
    receiver.offer('a', 1, offerOf(7, { totalBytes: 4500 }));
    await turn();
    const nonsense: SnapshotChunk[] = [
      { ...pieceOf(0, 7), bytes: new Uint8Array(0) },
      { ...pieceOf(0, 7), bytes: new Uint8Array(1001) },
      pieceOf(4, 7),
      { ...pieceOf(0, 7), offset: 2 ** 47 },
    ];
    for (const chunk of nonsense) {
      expect(() => {
        receiver.chunk('a', 1, chunk);
      }).toThrow(MalformedError);
    }
    receiver.chunk('a', 1, { ...pieceOf(0, 7), checksum: 1 });
    expect(lastOf(made)).toMatchObject(['a', { state: 'again', offset: 0 }]);
    expect(receiver.bytesReceived).toBe(0);
    expect(receiver.chunksRefused).toBe(1);
  });

  it('cannot send before the offer is answered', async () => {
    const { receiver, installed } = await alone();
    receiver.offer('a', 1, offerOf(7));
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 1, pieceOf(at, 7));
    await turn();
    expect(receiver.bytesReceived).toBe(0);
    expect(installed).toEqual([]);
  });
});
