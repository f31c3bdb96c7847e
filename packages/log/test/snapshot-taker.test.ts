/**
 * Taking a snapshot: in pieces, below a rate, one a turn, and given up when the log closes.
 */
import { equalBytes, type SnapshotStore } from '@quorate/core';
import { memoryStorage } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import { defaultLimits, type LogLimits } from '../src/options.ts';
import { SnapshotTaker } from '../src/snapshot-taker.ts';
import { Throttle } from '../src/throttle.ts';
import { contentIn, contentOf } from './harness/transfer.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

/** Content in chunks of this size, as a machine makes them: all of them at hand at once. */
async function* chunksOf(content: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += size) yield content.subarray(at, at + size);
}

async function taking(content: Uint8Array, size: number, changes: Partial<LogLimits>) {
  const limits = { ...defaultLimits, snapshotChunkBytes: 1000, ...changes };
  const runtime = new VirtualRuntime();
  const throttle = new Throttle(runtime, limits.snapshotBytesPerSecond);
  const storage = memoryStorage();
  await storage.open({ cluster: 'c', node: 'a', algorithm: 'x' });
  const world = {
    applied: 10,
    stateOf: 0,
    largest: 0,
    written: 0,
    errors: [] as unknown[],
    staging: (): void => undefined,
  };
  const { snapshots } = storage;
  const watched: SnapshotStore = {
    current: () => snapshots.current(),
    list: () => snapshots.list(),
    read: (id) => snapshots.read(id),
    stage: async () => {
      world.staging();
      const writer = await snapshots.stage();
      const write = writer.write.bind(writer);
      return Object.assign(writer, {
        write: async (piece: Uint8Array) => {
          world.written += piece.length;
          world.largest = Math.max(world.largest, piece.length);
          await write(piece);
        },
      });
    },
  };
  const taker = new SnapshotTaker(
    {
      snapshot: () => {
        world.stateOf = world.applied;
        return { index: world.applied, chunks: chunksOf(content, size) };
      },
      compact: async ({ id, index }) => {
        await storage.write([{ type: 'snapshot', id, index, context: new Uint8Array(0) }]);
        return true;
      },
      applied: () => world.applied,
      pass: (bytes) => throttle.pass(bytes),
      taken: () => undefined,
      failed: (error) => world.errors.push(error),
    },
    watched,
    limits,
  );
  return { taker, throttle, runtime, storage, world };
}

describe('a snapshot that is taken', () => {
  it.each([1, 999, 1000, 1001, 25_000])(
    'is written in small pieces, whatever the machine makes: %i bytes',
    async (size) => {
      const content = contentOf(size === 1 ? 500 : 25_000, 1);
      const { taker, runtime, storage, world } = await taking(content, size, {});
      const taken = taker.take();
      await runtime.run(60_000);
      expect(await taken).toBe(10);
      expect(equalBytes(await contentIn(storage), content)).toBe(true);
      expect(world.largest).toBeLessThanOrEqual(1000);
    },
  );

  it('is of the index that its state is of, though more is applied while it is staged', async () => {
    const { taker, runtime, world } = await taking(contentOf(500, 1), 500, {});
    world.staging = () => {
      world.applied += 2;
    };
    const taken = taker.take();
    await runtime.run(1000);
    expect(world.applied).toBe(12);
    expect(world.stateOf).toBe(await taken);
  });

  it.each([
    { size: 900, due: 1000 },
    { size: 5000, due: 5000 },
  ])('is due again after its size of log, and 1000 bytes at least: $size bytes', async (row) => {
    const { taker, runtime, storage, world } = await taking(contentOf(row.size, 1), 500, {
      snapshotLogBytes: 1000,
    });
    const first = taker.take();
    await runtime.run(1000);
    expect(await first).toBe(10);
    world.applied = 20;
    taker.applied(row.due - 1);
    await runtime.run(1000);
    expect(storage.snapshots.current()?.index).toBe(10);
    taker.applied(1);
    await runtime.run(1000);
    expect(storage.snapshots.current()?.index).toBe(20);
  });

  it('takes so many bytes a second', async () => {
    const { taker, runtime, world } = await taking(contentOf(50_000, 1), 7000, {
      snapshotBytesPerSecond: 10_000,
    });
    const taken = taker.take();
    for (let second = 1; second <= 4; second++) {
      await runtime.run(1000);
      expect(world.written).toBeLessThanOrEqual(second * 10_000 * 1.02 + 1000);
      expect(world.written).toBeGreaterThan(second * 10_000 * 0.9);
      // Deliveries went on.
      world.applied += 1;
    }
    await runtime.run(2000);
    expect(await taken).toBe(10);
  });

  it('holds the event loop for one piece at a time, also without any rate', async () => {
    const { taker, runtime, world } = await taking(contentOf(20_000, 1), 20_000, {
      snapshotBytesPerSecond: Number.POSITIVE_INFINITY,
    });
    const seen: number[] = [];
    const turn = (): void => {
      seen.push(world.written);
      if (world.written < 20_000) runtime.nextTurn(turn);
    };
    runtime.nextTurn(turn);
    const taken = taker.take();
    await runtime.run(0);
    expect(await taken).toBe(10);
    const most = seen.map((written, at) => written - (seen[at - 1] ?? 0));
    expect(Math.max(...most)).toBeLessThanOrEqual(1000);
  });

  it('is given up when the log closes, and leaves nothing', async () => {
    const { taker, throttle, runtime, storage, world } = await taking(contentOf(50_000, 1), 7000, {
      snapshotBytesPerSecond: 10_000,
    });
    const taken = taker.take();
    await runtime.run(1000);
    const closed = taker.close();
    throttle.close();
    await expect(taken).rejects.toMatchObject({ code: 'CLOSED' });
    await closed;
    expect(world.errors).toEqual([]);
    expect(storage.snapshots.current()).toBeUndefined();
    expect(world.written).toBeLessThan(12_000);
    expect(runtime.pending).toBe(0);
  });
});
