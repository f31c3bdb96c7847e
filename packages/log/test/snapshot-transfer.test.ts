/**
 * A snapshot on its way from one node to another, over a link that loses, doubles and delays.
 */
import {
  CompactedError,
  concatBytes,
  CorruptError,
  equalBytes,
  MalformedError,
  type NodeId,
  seededRandom,
  type SnapshotStore,
  type StagedSnapshot,
  type Storage,
  type Timer,
} from '@quorate/core';
import { memoryStorage } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import type { PeerMessage } from '../src/frames.ts';
import { defaultLimits } from '../src/options.ts';
import { SnapshotReceiver } from '../src/snapshot-receiver.ts';
import { SnapshotSender } from '../src/snapshot-sender.ts';
import { VirtualRuntime } from './harness/virtual-runtime.ts';

const context = new Uint8Array([1, 2, 3]);

function contentOf(bytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
}

async function storageWith(index: number, content: Uint8Array): Promise<Storage> {
  const storage = memoryStorage();
  await storage.open({ cluster: 'c', node: 'a', algorithm: 'x' });
  await publish(storage, index, content);
  return storage;
}

async function publish(storage: Storage, index: number, content: Uint8Array): Promise<void> {
  const writer = await storage.snapshots.stage();
  await writer.write(content);
  await writer.finish();
  await storage.write([{ type: 'snapshot', id: writer.id, index, context }]);
}

async function contentIn(storage: Storage): Promise<Uint8Array> {
  const current = storage.snapshots.current();
  if (current === undefined) return new Uint8Array(0);
  const reader = await storage.snapshots.read(current.id);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < current.bytes; at += parts.at(-1)?.length ?? current.bytes) {
    parts.push(await reader.read(at, current.bytes));
  }
  await reader.close();
  return concatBytes(parts);
}

interface World {
  readonly runtime: VirtualRuntime;
  readonly sender: SnapshotSender;
  readonly target: Storage;
  readonly shipped: (number | undefined)[];
  readonly link: { loss: number; duplication: number; reordering: boolean; cut: boolean };
  readonly errors: unknown[];
  chunks: number;
  /** Puts a new receiver in the place of the old one, as a restart does. */
  restartReceiver(): Promise<void>;
}

async function world(seed: number, source: Storage, decided = 0): Promise<World> {
  const random = seededRandom(seed);
  const runtime = new VirtualRuntime(random.fork());
  const target = memoryStorage();
  await target.open({ cluster: 'c', node: 'b', algorithm: 'x' });
  const limits = { ...defaultLimits, snapshotChunkBytes: 1000, snapshotWindow: 3 };
  const link = { loss: 0, duplication: 0, reordering: false, cut: false };
  const arrivals = { a: 0, b: 0 };
  const errors: unknown[] = [];
  const shipped: (number | undefined)[] = [];
  let transfer = 0;
  let covered = decided;

  const carry = (to: 'a' | 'b', deliver: () => void): void => {
    const copies = random.chance(link.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (link.cut || random.chance(link.loss)) continue;
      let arrival = runtime.now() + random.between(1, 20);
      if (!link.reordering) arrival = Math.max(arrival, arrivals[to]);
      arrivals[to] = arrival;
      runtime.setTimer(arrival - runtime.now(), () => {
        if (!link.cut) deliver();
      });
    }
  };
  const makeReceiver = (): SnapshotReceiver =>
    new SnapshotReceiver(
      {
        now: () => runtime.now(),
        send: (_to: NodeId, message: PeerMessage) => {
          carry('a', () => {
            if (message.type === 'ack') sender.ack('b', message);
          });
        },
        install: async ({ id, index }: StagedSnapshot, bytes: Uint8Array) => {
          if (index <= covered) return false;
          await target.write([{ type: 'snapshot', id, index, context: bytes }]);
          covered = index;
          return true;
        },
        decided: () => covered,
        failed: (error) => errors.push(error),
      },
      target.snapshots,
      limits,
    );
  let receiver = makeReceiver();
  const made: World = {
    runtime,
    target,
    shipped,
    link,
    errors,
    chunks: 0,
    sender: new SnapshotSender(
      {
        now: () => runtime.now(),
        setTimer: (ms: number, run: () => void): Timer => runtime.setTimer(ms, run),
        send: (_to: NodeId, message: PeerMessage) => {
          if (message.type !== 'chunk') return;
          made.chunks += 1;
          carry('b', () => {
            receiver.chunk('a', 1, message);
          });
        },
        shipped: (_to, index) => shipped.push(index),
        failed: (error) => errors.push(error),
        nextTransfer: () => ++transfer,
      },
      source.snapshots,
      limits,
    ),
    restartReceiver: async () => {
      await receiver.close();
      receiver = makeReceiver();
    },
  };
  const { sender } = made;
  return made;
}

describe('a snapshot transfer', () => {
  it.each([0, 1, 999, 1000, 1001, 57_123])('brings %i bytes over, exactly', async (bytes) => {
    const content = contentOf(bytes, bytes + 1);
    const { runtime, sender, target, shipped, errors } = await world(
      1,
      await storageWith(42, content),
    );
    sender.ship('b');
    expect(await runtime.runUntil(() => shipped.length > 0, 60_000)).toBe(true);
    expect(shipped).toEqual([42]);
    expect(errors).toEqual([]);
    expect(target.snapshots.current()).toMatchObject({ index: 42, bytes, context });
    expect(equalBytes(await contentIn(target), content)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives a lossy link (seed %i)', async (seed) => {
    const content = contentOf(30_000, seed);
    const made = await world(seed, await storageWith(42, content));
    made.link.loss = 0.2;
    made.link.duplication = 0.2;
    made.link.reordering = true;
    made.sender.ship('b');
    expect(await made.runtime.runUntil(() => made.shipped.length > 0, 120_000)).toBe(true);
    expect(made.shipped).toEqual([42]);
    expect(made.errors).toEqual([]);
    expect(equalBytes(await contentIn(made.target), content)).toBe(true);
  });

  it('goes on where it stopped after the link was cut five times', async () => {
    const content = contentOf(100_000, 5);
    const made = await world(5, await storageWith(42, content));
    made.sender.ship('b');
    for (let cut = 0; cut < 5; cut++) {
      await made.runtime.run(600);
      made.link.cut = true;
      await made.runtime.run(1200);
      made.link.cut = false;
    }
    expect(await made.runtime.runUntil(() => made.shipped.length > 0, 120_000)).toBe(true);
    expect(made.shipped).toEqual([42]);
    expect(equalBytes(await contentIn(made.target), content)).toBe(true);
    // 100 pieces, and a window of 3 again after each cut: nothing started over.
    expect(made.chunks).toBeLessThan(100 + 5 * 15);
  });

  it('starts over with a receiver that was restarted', async () => {
    const content = contentOf(50_000, 6);
    const made = await world(6, await storageWith(42, content));
    made.sender.ship('b');
    await made.runtime.run(200);
    await made.restartReceiver();
    expect(await made.runtime.runUntil(() => made.shipped.length > 0, 120_000)).toBe(true);
    expect(made.shipped).toEqual([42]);
    expect(equalBytes(await contentIn(made.target), content)).toBe(true);
  });

  it('fails after snapshotTimeoutMs of silence, and can be tried again', async () => {
    const content = contentOf(5000, 7);
    const made = await world(7, await storageWith(42, content));
    made.link.cut = true;
    made.sender.ship('b');
    await made.runtime.run(defaultLimits.snapshotTimeoutMs * 1.2);
    expect(made.shipped).toEqual([undefined]);
    made.link.cut = false;
    made.sender.ship('b');
    expect(await made.runtime.runUntil(() => made.shipped.length > 1, 60_000)).toBe(true);
    expect(made.shipped).toEqual([undefined, 42]);
  });

  it('is over at once where the receiver has everything already', async () => {
    const made = await world(8, await storageWith(42, contentOf(50_000, 8)), 42);
    made.sender.ship('b');
    expect(await made.runtime.runUntil(() => made.shipped.length > 0, 5000)).toBe(true);
    expect(made.shipped).toEqual([42]);
    expect(made.target.snapshots.current()).toBeUndefined();
    expect(made.chunks).toBeLessThanOrEqual(3);
  });

  it('keeps sending what it began when a newer snapshot is published meanwhile', async () => {
    const content = contentOf(50_000, 9);
    const source = await storageWith(42, content);
    const made = await world(9, source);
    made.sender.ship('b');
    await made.runtime.run(100);
    await publish(source, 50, contentOf(10, 1));
    expect(await made.runtime.runUntil(() => made.shipped.length > 0, 120_000)).toBe(true);
    expect(made.shipped).toEqual([42]);
    expect(equalBytes(await contentIn(made.target), content)).toBe(true);
  });

  it('never has more than its window under way', async () => {
    const made = await world(10, await storageWith(42, contentOf(100_000, 10)));
    made.link.cut = true;
    made.sender.ship('b');
    await made.runtime.run(100);
    expect(made.chunks).toBe(3);
  });

  it('has nothing to send without a snapshot', async () => {
    const empty = memoryStorage();
    await empty.open({ cluster: 'c', node: 'a', algorithm: 'x' });
    const made = await world(11, empty);
    made.sender.ship('b');
    expect(made.shipped).toEqual([undefined]);
  });
});

type Chunk = Extract<PeerMessage, { readonly type: 'chunk' }>;
type Ack = Extract<PeerMessage, { readonly type: 'ack' }>;

/** A receiver alone, its clock and what it answered. */
async function alone(
  wrap: (snapshots: SnapshotStore) => SnapshotStore = (snapshots) => snapshots,
): Promise<{
  readonly receiver: SnapshotReceiver;
  readonly target: Storage;
  readonly world: { now: number };
  readonly acks: (readonly [NodeId, Ack])[];
  readonly installed: number[];
  readonly errors: unknown[];
}> {
  const target = memoryStorage();
  await target.open({ cluster: 'c', node: 'b', algorithm: 'x' });
  const world = { now: 0 };
  const acks: (readonly [NodeId, Ack])[] = [];
  const installed: number[] = [];
  const errors: unknown[] = [];
  const receiver = new SnapshotReceiver(
    {
      now: () => world.now,
      send: (to, message) => {
        if (message.type === 'ack') acks.push([to, message]);
      },
      install: async ({ id, index }, bytes) => {
        await target.write([{ type: 'snapshot', id, index, context: bytes }]);
        installed.push(index);
        return true;
      },
      decided: () => installed.at(-1) ?? 0,
      failed: (error) => errors.push(error),
    },
    wrap(target.snapshots),
    { ...defaultLimits, snapshotChunkBytes: 1000, snapshotWindow: 4 },
  );
  return { receiver, target, world, acks, installed, errors };
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** One piece of 1000 bytes of a snapshot of `pieces` such, filled with `fill`. */
function piece(at: number, fill: number, changes: Partial<Chunk> = {}): Chunk {
  return {
    type: 'chunk',
    transfer: 1,
    index: 42,
    totalBytes: 4000,
    context,
    offset: at * 1000,
    bytes: new Uint8Array(1000).fill(fill),
    ...changes,
  };
}

describe('a receiver', () => {
  it('never puts pieces of two runs of a sender together, though both count from 1', async () => {
    const { receiver, target, world, acks, installed } = await alone();
    for (const at of [0, 1]) receiver.chunk('a', 1, piece(at, 7));
    await turn();
    // The sender restarts, leads again, and sends a newer snapshot of the same size.
    for (const at of [0, 1, 2, 3]) receiver.chunk('a', 2, piece(at, 9, { index: 50 }));
    await turn();
    expect(installed).toEqual([50]);
    expect(equalBytes(await contentIn(target), new Uint8Array(4000).fill(9))).toBe(true);
    expect(acks.at(-1)).toMatchObject(['a', { target: 2, state: 'done' }]);
    expect(world.now).toBe(0);
  });

  it('lets two senders of one snapshot not put each other back to the start', async () => {
    const { receiver, acks, installed } = await alone();
    receiver.chunk('a', 1, piece(0, 7));
    receiver.chunk('c', 1, piece(0, 7));
    for (const at of [1, 2, 3]) {
      receiver.chunk('a', 1, piece(at, 7));
      receiver.chunk('c', 1, piece(at, 7));
    }
    await turn();
    expect(installed).toEqual([42]);
    expect(acks.filter(([, { state }]) => state === 'restart')).toEqual([]);
  });

  it('prefers a newer snapshot, and takes any when the one before stands still', async () => {
    const { receiver, world, installed, target } = await alone();
    receiver.chunk('a', 1, piece(0, 7));
    receiver.chunk('c', 1, piece(0, 9, { index: 50 }));
    // Both senders go silent.
    world.now += defaultLimits.snapshotTimeoutMs / 2;
    for (const at of [0, 1, 2, 3]) receiver.chunk('d', 1, piece(at, 5, { index: 41 }));
    await turn();
    expect(installed).toEqual([41]);
    expect(equalBytes(await contentIn(target), new Uint8Array(4000).fill(5))).toBe(true);
  });

  it('is not set back by a late piece of a transfer that its sender has given up', async () => {
    const { receiver, installed } = await alone();
    for (const at of [0, 1]) receiver.chunk('a', 1, piece(at, 7, { transfer: 2 }));
    receiver.chunk('a', 1, piece(0, 7, { transfer: 1 }));
    for (const at of [2, 3]) receiver.chunk('a', 1, piece(at, 7, { transfer: 2 }));
    await turn();
    expect(installed).toEqual([42]);
  });

  it('holds no more than a window in memory, whatever a peer sends', async () => {
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let written = 0;
    const { receiver } = await alone((snapshots) => ({
      current: () => snapshots.current(),
      read: (id) => snapshots.read(id),
      stage: async () => {
        const writer = await snapshots.stage();
        return {
          id: writer.id,
          bytes: 0,
          finish: () => writer.finish(),
          abort: () => writer.abort(),
          write: async (chunk) => {
            await gate;
            written += chunk.length;
          },
        };
      },
    }));
    for (let at = 0; at < 100; at++) receiver.chunk('a', 1, piece(at, 7, { totalBytes: 100_000 }));
    release();
    await turn();
    expect(written).toBe(4000);
    expect(() => {
      receiver.chunk('a', 1, piece(4, 7, { totalBytes: 100_000, bytes: new Uint8Array(0) }));
    }).toThrow(MalformedError);
  });

  it('has let go of everything when it is closed', async () => {
    const said: string[] = [];
    const { receiver } = await alone((snapshots) => ({
      current: () => snapshots.current(),
      read: (id) => snapshots.read(id),
      stage: async () => {
        const writer = await snapshots.stage();
        return {
          id: writer.id,
          bytes: 0,
          finish: () => writer.finish(),
          write: (chunk) => writer.write(chunk),
          abort: async () => {
            await turn();
            await writer.abort();
            said.push('aborted');
          },
        };
      },
    }));
    receiver.chunk('a', 1, piece(0, 7));
    await turn();
    await receiver.close();
    said.push('closed');
    expect(said).toEqual(['aborted', 'closed']);
  });
});

describe('a sender', () => {
  /** A store whose reads fail once their reader is closed, as those of a file do. */
  function slowStore(base: SnapshotStore, failure?: Error): SnapshotStore {
    return {
      current: () => base.current(),
      stage: () => base.stage(),
      read: async (id) => {
        if (failure !== undefined) throw failure;
        const reader = await base.read(id);
        let closed = false;
        return {
          info: reader.info,
          read: async (offset, maxBytes) => {
            await turn();
            if (closed) throw new Error('EBADF: bad file descriptor, read');
            return reader.read(offset, maxBytes);
          },
          close: async () => {
            closed = true;
            await reader.close();
          },
        };
      },
    };
  }

  function sending(snapshots: SnapshotStore): {
    readonly sender: SnapshotSender;
    readonly sent: Chunk[];
    readonly shipped: unknown[];
    readonly errors: unknown[];
  } {
    const sent: Chunk[] = [];
    const shipped: unknown[] = [];
    const errors: unknown[] = [];
    const sender = new SnapshotSender(
      {
        now: () => 0,
        setTimer: () => ({ cancel: () => undefined }),
        send: (_to, message) => {
          if (message.type === 'chunk') sent.push(message);
        },
        shipped: (_to, index) => shipped.push(index),
        failed: (error) => errors.push(error),
        nextTransfer: () => 1,
      },
      snapshots,
      { ...defaultLimits, snapshotChunkBytes: 1000 },
    );
    return { sender, sent, shipped, errors };
  }

  it('does not take it for a failure that it closed what it was reading', async () => {
    const storage = await storageWith(42, contentOf(50_000, 1));
    const { sender, sent, shipped, errors } = sending(slowStore(storage.snapshots));
    sender.ship('b');
    while (sent.length === 0) await turn();
    // The next piece is being read.
    sender.ack('b', { type: 'ack', target: 1, transfer: 1, offset: 0, state: 'done' });
    await turn();
    await turn();
    expect(shipped).toEqual([42]);
    expect(errors).toEqual([]);
  });

  it('asks the engine again where the snapshot was replaced, and fails where it is damaged', async () => {
    const storage = await storageWith(42, contentOf(5000, 1));
    const replaced = sending(slowStore(storage.snapshots, new CompactedError('gone')));
    replaced.sender.ship('b');
    await turn();
    expect(replaced.shipped).toEqual([undefined]);
    expect(replaced.errors).toEqual([]);
    const damaged = sending(slowStore(storage.snapshots, new CorruptError('damaged')));
    damaged.sender.ship('b');
    await turn();
    expect(damaged.errors).toMatchObject([{ code: 'CORRUPT' }]);
  });
});
