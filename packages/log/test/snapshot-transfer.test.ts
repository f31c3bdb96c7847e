/**
 * A snapshot from one node to another, whatever happens on the way.
 */
import { equalBytes, StorageFailedError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  chunkBytes,
  contentIn,
  contentOf,
  context,
  limits,
  type Link,
  publish,
  storageWith,
  TransferWorld,
  windowBytes,
  type WorldOptions,
} from './harness/transfer.ts';

const { snapshotPinMs, snapshotTimeoutMs } = limits;

/** A transfer of so many bytes that has begun; its seed is their number. */
async function begun(
  bytes: number,
  { damage, ...changes }: Partial<WorldOptions & Pick<Link, 'damage'>> = {},
): Promise<{ readonly world: TransferWorld; readonly content: Uint8Array }> {
  const content = contentOf(bytes, bytes + 1);
  const source = await storageWith(42, content);
  const world = await TransferWorld.open({ seed: bytes, source, ...changes });
  if (damage !== undefined) world.link.damage = damage;
  world.sender.ship('b');
  return { world, content };
}

async function expectArrived(world: TransferWorld, content: Uint8Array): Promise<void> {
  expect(world.errors).toEqual([]);
  expect(world.installed).toEqual([42]);
  expect(world.target.snapshots.current()).toMatchObject({
    index: 42,
    bytes: content.length,
    context,
  });
  expect(equalBytes(await contentIn(world.target), content)).toBe(true);
}

describe('a snapshot transfer', () => {
  it.each([0, 1, 999, 1000, 1001, 57_123])('brings %i bytes over, each once', async (bytes) => {
    const { world, content } = await begun(bytes);
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
    expect(world.bytesSent).toBe(bytes);
    expect(world.bytesReceived).toBe(bytes);
    expect(world.receiver.bytesResumed).toBe(0);
    expect(world.sender.size).toBe(0);
    await world.runtime.run(100_000);
    expect(world.runtime.pending, 'timers after the end').toBe(0);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('survives a lossy link (seed %i)', async (seed) => {
    const content = contentOf(30_000, seed);
    const source = await storageWith(42, content);
    const world = await TransferWorld.open({ seed, source });
    Object.assign(world.link, { loss: 0.2, duplication: 0.2, reordering: true });
    world.sender.ship('b');
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
  });

  it('never has more than its window under way', async () => {
    const { world } = await begun(100_000);
    await world.untilReceived(20_000);
    const before = world.bytesSent;
    await world.cut(snapshotTimeoutMs);
    expect(world.bytesSent - before).toBeLessThanOrEqual(windowBytes);
  });

  it('is over at once where the receiver has everything already', async () => {
    const { world } = await begun(50_000, { decided: 42 });
    expect(await world.untilShipped(1, 5000)).toBe(true);
    expect(world.shipped).toEqual([42]);
    expect(world.target.snapshots.current()).toBeUndefined();
    expect(world.bytesSent).toBe(0);
  });

  it('ends where the receiver gets everything by the log meanwhile, and leaves nothing', async () => {
    const { world } = await begun(50_000);
    await world.untilReceived(10_000);
    world.decide(42);
    expect(await world.untilShipped(1, 5000)).toBe(true);
    expect(world.shipped).toEqual([42]);
    expect(world.installed).toEqual([]);
    expect(world.bytesSent).toBeLessThan(10_000 + 3 * windowBytes);
    await world.runtime.run(1000);
    expect(world.disk.storedSnapshots).toBe(0);
  });

  it('keeps sending what it began when a newer snapshot is published meanwhile', async () => {
    const content = contentOf(50_000, 9);
    const source = await storageWith(42, content);
    const { world } = await begun(50_000, { source });
    await world.untilReceived(10_000);
    await publish(source, 50, contentOf(10, 1));
    // The engine had to let its log go: what arrives is better than what the peer has.
    world.firstIndex = 51;
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
  });

  it.each([
    { snapshotChunkBytes: 300, snapshotWindow: 2 },
    { snapshotChunkBytes: 2500, snapshotWindow: 1 },
    { snapshotChunkBytes: 5000, snapshotWindow: 9 },
  ])('works between nodes with other limits: $snapshotChunkBytes bytes', async (receiverLimits) => {
    const { world, content } = await begun(40_000, { receiverLimits });
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
    expect(world.bytesSent).toBe(content.length);
  });
});

describe('a connection that is lost', () => {
  it.each([
    { name: 'for a moment', ms: 1200 },
    { name: 'for longer than snapshotTimeoutMs', ms: snapshotTimeoutMs * 2 },
  ])('five times, $name, costs a window each time and no more', async ({ ms }) => {
    const { world, content } = await begun(100_000);
    for (let cut = 1; cut <= 5; cut++) {
      expect(await world.untilReceived(cut * 15_000)).toBe(true);
      await world.cut(ms);
      expect(world.shipped).toEqual([]);
    }
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
    expect(world.bytesReceived).toBe(content.length);
    expect(world.bytesSent).toBeGreaterThan(content.length);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + 5 * windowBytes);
  });

  it('lets the receiver close what it has, and take it up again', async () => {
    const { world, content } = await begun(50_000);
    await world.untilReceived(20_000);
    await world.cut(snapshotTimeoutMs * 1.5);
    expect(world.receiver.bytesResumed).toBe(0);
    expect(await world.untilShipped()).toBe(true);
    expect(world.receiver.bytesResumed).toBeGreaterThanOrEqual(20_000);
    await expectArrived(world, content);
  });

  it('for longer than snapshotPinMs gives the snapshot up; another attempt resumes', async () => {
    const { world, content } = await begun(50_000);
    await world.untilReceived(20_000);
    const received = world.bytesReceived;
    world.link.cut = true;
    await world.runtime.run(snapshotTimeoutMs + snapshotPinMs - 1000);
    expect(world.shipped).toEqual([]);
    await world.runtime.run(2000);
    expect(world.shipped).toEqual([undefined]);
    expect(world.sender.size).toBe(0);
    expect(world.runtime.pending).toBe(0);
    world.link.cut = false;
    world.sender.ship('b');
    expect(await world.untilShipped(2)).toBe(true);
    expect(world.shipped).toEqual([undefined, 42]);
    await expectArrived(world, content);
    expect(world.receiver.bytesResumed).toBe(received);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + windowBytes);
  });
});

describe('a restart', () => {
  it.each([1, 2, 3, 4, 5])('of the receiver by power loss resumes (seed %i)', async (seed) => {
    const content = contentOf(60_000, seed);
    const world = await TransferWorld.open({ seed, source: await storageWith(42, content) });
    world.sender.ship('b');
    await world.untilReceived(30_000);
    await world.crashReceiver();
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
    // What the disk had not written is lost; what it had written is not sent again.
    expect(world.receiver.bytesResumed).toBeGreaterThan(20_000);
    expect(world.receiver.bytesReceived + world.receiver.bytesResumed).toBe(content.length);
    expect(world.bytesSent).toBeLessThanOrEqual(world.bytesReceived + windowBytes);
  });

  it('of the receiver resumes where it was closed', async () => {
    const { world, content } = await begun(60_000);
    await world.untilReceived(30_000);
    await world.restartReceiver();
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.bytesReceived).toBe(content.length);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + windowBytes);
  });

  it('of the receiver when everything had arrived needs nothing more', async () => {
    let kill = (): void => undefined;
    const { world, content } = await begun(20_000, {
      wrap: (snapshots) => ({
        current: () => snapshots.current(),
        list: () => snapshots.list(),
        read: (id) => snapshots.read(id),
        stage: async (name) => {
          const writer = await snapshots.stage(name);
          if (writer.bytes > 0) return writer;
          // In its first life the process is killed between the last write and the sync.
          const killed = new Promise<void>((_resolve, reject) => {
            kill = () => {
              reject(new StorageFailedError('killed'));
            };
          });
          return Object.assign(writer, { finish: () => killed });
        },
      }),
    });
    await world.untilReceived(20_000);
    await world.runtime.run(200);
    expect(world.installed).toEqual([]);
    const crashed = world.crashReceiver();
    kill();
    await crashed;
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.bytesSent).toBe(content.length);
    expect(world.receiver.bytesResumed).toBe(content.length);
  });

  it('of the sender resumes, as the snapshot is the same', async () => {
    const { world, content } = await begun(60_000);
    await world.untilReceived(30_000);
    await world.restartSender();
    world.sender.ship('b');
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.bytesReceived).toBe(content.length);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + windowBytes);
  });

  it('of both resumes', async () => {
    const { world, content } = await begun(60_000);
    await world.untilReceived(30_000);
    await world.crashReceiver();
    await world.restartSender();
    world.sender.ship('b');
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.receiver.bytesResumed).toBeGreaterThan(20_000);
  });

  it('of the sender with a newer snapshot forgets what had arrived of the old one', async () => {
    const { world } = await begun(60_000);
    const newer = contentOf(30_000, 77);
    await world.untilReceived(30_000);
    await world.restartSender(await storageWith(50, newer));
    world.sender.ship('b');
    expect(await world.untilShipped()).toBe(true);
    expect(world.installed).toEqual([50]);
    expect(equalBytes(await contentIn(world.target), newer)).toBe(true);
    expect(world.receiver.bytesResumed).toBe(0);
    await world.runtime.run(1000);
    expect(world.disk.storedSnapshots).toBe(1);
  });
});

describe('what arrives damaged', () => {
  it('is never written: a chunk that fails its check is asked for again', async () => {
    const damaged = new Set<number>();
    const { world, content } = await begun(30_000, {
      damage: (message) => {
        if (message.type !== 'chunk' || message.offset % 7000 !== 0) return message;
        if (damaged.has(message.offset)) return message;
        damaged.add(message.offset);
        const flip = (byte: number, at: number): number => (at === 500 ? byte ^ 1 : byte);
        return { ...message, bytes: message.bytes.map(flip) };
      },
    });
    expect(await world.untilShipped(1, 2000), 'without waiting for silence').toBe(true);
    await expectArrived(world, content);
    expect([...damaged]).toEqual([0, 7000, 14_000, 21_000, 28_000]);
    expect(world.receiver.chunksRefused).toBe(5);
    expect(world.warnings.length, 'the first, the second, the fourth').toBe(3);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + 5 * windowBytes);
  });

  it('is found also where a chunk says that it belongs elsewhere', async () => {
    let lost = 0;
    const { world, content } = await begun(10_000, {
      damage: (message) => {
        if (message.type !== 'chunk' || lost === 2) return message;
        // The fourth is lost, and the fifth comes in its place.
        if (message.offset === 3000) return { ...message, transfer: 99 };
        if (message.offset === 4000) return { ...message, offset: 3000 };
        if (message.offset === 5000) lost = 2;
        return message;
      },
    });
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.receiver.chunksRefused).toBe(1);
  });

  it('always, ends the transfer in a bounded time', async () => {
    const { world } = await begun(10_000, {
      damage: (message) =>
        message.type === 'chunk' ? { ...message, checksum: message.checksum + 1 } : message,
    });
    expect(await world.untilShipped(1, snapshotTimeoutMs + snapshotPinMs + 1000)).toBe(true);
    expect(world.shipped).toEqual([undefined]);
    expect(world.bytesReceived).toBe(0);
    // Twice for each offer, and an offer after each silence of a tenth of the time-out.
    const silences = ((snapshotTimeoutMs + snapshotPinMs) / snapshotTimeoutMs) * 10;
    expect(world.bytesSent).toBeLessThanOrEqual(2 * windowBytes * silences);
  });

  it('as a whole, is discarded, reported, and starts over', async () => {
    const { world, content } = await begun(10_000, {
      damage: (message) =>
        message.type === 'offer' ? { ...message, checksum: message.checksum - 1 } : message,
    });
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([undefined]);
    expect(world.installed).toEqual([]);
    expect(world.receiver.contentsDiscarded).toBe(1);
    expect(world.warnings).toEqual(['a snapshot is not what was offered, and was discarded']);
    await world.runtime.run(1000);
    expect(world.disk.storedSnapshots).toBe(0);
    world.link.damage = (message) => message;
    world.sender.ship('b');
    expect(await world.untilShipped(2)).toBe(true);
    await expectArrived(world, content);
    expect(world.receiver.bytesResumed).toBe(0);
  });

  it('on the disk of the receiver since an earlier life, is discarded in the end', async () => {
    const { world, content } = await begun(20_000, {
      wrap: (snapshots) => ({
        current: () => snapshots.current(),
        list: () => snapshots.list(),
        read: (id) => snapshots.read(id),
        stage: async (name) => {
          const writer = await snapshots.stage(name);
          if (writer.bytes === 0) return writer;
          // The storage believes that its bytes are intact, and they are others.
          return Object.defineProperty(writer, 'checksum', { value: 1 });
        },
      }),
    });
    await world.untilReceived(10_000);
    await world.restartReceiver();
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([undefined]);
    expect(world.receiver.contentsDiscarded).toBe(1);
    world.sender.ship('b');
    expect(await world.untilShipped(2)).toBe(true);
    await expectArrived(world, content);
  });
});

describe('a pinned snapshot', () => {
  it('is gone on with, though newer ones are published and compacted meanwhile', async () => {
    const content = contentOf(50_000, 9);
    const source = await storageWith(42, content);
    const { world } = await begun(50_000, { source });
    await world.untilReceived(20_000);
    world.link.cut = true;
    await world.runtime.run(snapshotTimeoutMs + 1000);
    for (const index of [50, 60, 70]) await publish(source, index, contentOf(10, index));
    world.link.cut = false;
    expect(await world.untilShipped()).toBe(true);
    expect(world.shipped).toEqual([42]);
    await expectArrived(world, content);
    expect(world.bytesSent).toBeLessThanOrEqual(content.length + windowBytes);
  });

  it('is given up for a newer one once the log does not reach back to it', async () => {
    const newer = contentOf(8000, 2);
    const source = await storageWith(42, contentOf(50_000, 9));
    const { world } = await begun(50_000, { source });
    await world.untilReceived(20_000);
    world.link.cut = true;
    await world.runtime.run(snapshotTimeoutMs + 1000);
    expect(world.shipped).toEqual([]);
    await publish(source, 50, newer);
    world.firstIndex = 43;
    await world.runtime.run(1000);
    expect(world.shipped, 'the log goes on right behind it').toEqual([]);
    world.firstIndex = 44;
    await world.runtime.run(1000);
    expect(world.shipped).toEqual([undefined]);
    world.link.cut = false;
    world.sender.ship('b');
    expect(await world.untilShipped(2)).toBe(true);
    expect(world.shipped).toEqual([undefined, 50]);
    expect(equalBytes(await contentIn(world.target), newer)).toBe(true);
  });

  it('is let go when its peer leaves the group, also while it is being opened', async () => {
    const { world } = await begun(50_000);
    world.members = ['a'];
    world.sender.membershipChanged();
    expect(world.shipped).toEqual([undefined]);
    world.members = ['a', 'b'];
    world.sender.ship('b');
    await world.untilReceived(20_000);
    world.members = ['a', 'c'];
    world.sender.membershipChanged();
    expect(world.shipped).toEqual([undefined, undefined]);
    expect(world.sender.size).toBe(0);
  });

  it('is not kept for a peer that is no member, though such a one is served', async () => {
    const { world } = await begun(50_000, {});
    world.members = ['a'];
    await world.untilReceived(20_000);
    world.link.cut = true;
    await world.runtime.run(snapshotTimeoutMs + 2000);
    expect(world.shipped).toEqual([undefined]);
  });
});

describe('a throttled transfer', () => {
  it('sends so many bytes a second, and no more', async () => {
    const rate = 20_000;
    const { world, content } = await begun(100_000, { limits: { snapshotBytesPerSecond: rate } });
    let before = 0;
    for (let second = 0; second < 4; second++) {
      await world.runtime.run(1000);
      const sent = world.bytesSent - before;
      before = world.bytesSent;
      // What the slack allows, and a piece that was waiting.
      expect(sent).toBeLessThanOrEqual(rate * 1.02 + chunkBytes);
      expect(sent).toBeGreaterThan(rate * 0.9);
    }
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.runtime.now()).toBeGreaterThan(4800);
    expect(world.runtime.now()).toBeLessThan(6000);
  });

  it('does not take its own pace for the silence of its peer', async () => {
    const rate = (chunkBytes * 4000) / snapshotTimeoutMs;
    const { world, content } = await begun(8000, { limits: { snapshotBytesPerSecond: rate } });
    expect(await world.untilShipped()).toBe(true);
    await expectArrived(world, content);
    expect(world.said.filter(({ type }) => type === 'offer').length).toBe(1);
  });
});
