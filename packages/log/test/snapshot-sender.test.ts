/**
 * The sending half of a transfer alone: what it makes of its storage, and of answers that make no sense.
 */
import {
  CompactedError,
  CorruptError,
  InvariantError,
  MalformedError,
  type SnapshotStore,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { FromReceiver, FromSender } from '../src/snapshot-messages.ts';
import { SnapshotSender } from '../src/snapshot-sender.ts';
import { contentOf, limits, storageWith } from './harness/transfer.ts';

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** A store whose reads fail once their reader is closed, as those of a file do. */
function slowStore(base: SnapshotStore, failure?: Error): SnapshotStore {
  return {
    current: () => base.current(),
    list: () => base.list(),
    stage: (name) => base.stage(name),
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

async function sending(
  wrap: (snapshots: SnapshotStore) => SnapshotStore = (snapshots) => snapshots,
) {
  const storage = await storageWith(42, contentOf(50_000, 1));
  const sent: FromSender[] = [];
  const shipped: unknown[] = [];
  const errors: unknown[] = [];
  const sender = new SnapshotSender(
    {
      now: () => 0,
      setTimer: () => ({ cancel: () => undefined }),
      pass: () => Promise.resolve(),
      send: (_to, message) => sent.push(message),
      shipped: (_to, index) => shipped.push(index),
      firstIndex: () => 1,
      isMember: () => true,
      failed: (error) => errors.push(error),
    },
    wrap(storage.snapshots),
    limits,
  );
  return { sender, sent, shipped, errors, storage };
}

const accept: Extract<FromReceiver, { readonly type: 'accept' }> = {
  type: 'accept',
  target: 1,
  transfer: 1,
  offset: 0,
  chunkBytes: 1000,
  windowBytes: 3000,
};
const ack: Extract<FromReceiver, { readonly type: 'ack' }> = {
  type: 'ack',
  target: 1,
  transfer: 1,
  offset: 0,
  state: 'more',
};

describe('a sender', () => {
  it('has nothing to send without a snapshot', async () => {
    const { sender, shipped } = await sending((snapshots) => ({
      ...slowStore(snapshots),
      current: () => undefined,
    }));
    sender.ship('b');
    expect(shipped).toEqual([undefined]);
    expect(sender.size).toBe(0);
  });

  it('does not take it for a failure that it closed what it was reading', async () => {
    const { sender, sent, shipped, errors } = await sending(slowStore);
    sender.ship('b');
    await turn();
    sender.answer('b', accept);
    while (sent.length < 2) await turn();
    // The next piece is being read.
    sender.answer('b', { ...ack, state: 'done' });
    await turn();
    await turn();
    expect(shipped).toEqual([42]);
    expect(errors).toEqual([]);
  });

  it('asks the engine again where the snapshot was replaced, and fails where it is damaged', async () => {
    const replaced = await sending((base) => slowStore(base, new CompactedError('gone')));
    replaced.sender.ship('b');
    await turn();
    expect(replaced.shipped).toEqual([undefined]);
    expect(replaced.errors).toEqual([]);
    const damaged = await sending((base) => slowStore(base, new CorruptError('damaged')));
    damaged.sender.ship('b');
    await turn();
    expect(damaged.errors).toMatchObject([{ code: 'CORRUPT' }]);
  });

  it('fails where the storage has less than it said', async () => {
    const { sender, errors } = await sending((base) => ({
      ...slowStore(base),
      read: async (id) => {
        const reader = await base.read(id);
        return {
          info: reader.info,
          read: async () => new Uint8Array(0),
          close: () => reader.close(),
        };
      },
    }));
    sender.ship('b');
    await turn();
    sender.answer('b', accept);
    await turn();
    expect(errors).toMatchObject([expect.any(InvariantError)]);
  });

  it('sends nothing before it is told where to go on, and from there then', async () => {
    const { sender, sent, storage } = await sending();
    sender.ship('b');
    sender.ship('b');
    await turn();
    const { bytes, checksum } = storage.snapshots.current() ?? {};
    expect(sent).toMatchObject([
      { type: 'offer', transfer: 1, index: 42, totalBytes: bytes, checksum },
    ]);
    sender.answer('b', { ...accept, offset: 48_500 });
    await turn();
    expect(sent.slice(1)).toMatchObject([
      { type: 'chunk', transfer: 1, offset: 48_500 },
      { type: 'chunk', transfer: 1, offset: 49_000 },
    ]);
    expect(sender.bytesSent).toBe(1500);
  });

  it('offers again, under another number, to a receiver that does not know its transfer', async () => {
    const { sender, sent } = await sending();
    sender.ship('b');
    await turn();
    sender.answer('b', accept);
    await turn();
    sender.answer('b', { ...ack, offset: 2000 });
    await turn();
    const before = sent.length;
    // Every chunk under way is answered so.
    for (let time = 0; time < 3; time++) sender.answer('b', { ...ack, state: 'unknown' });
    await turn();
    expect(sent.slice(before)).toMatchObject([{ type: 'offer', transfer: 2 }]);
    // The receiver has lost some of it.
    sender.answer('b', { ...accept, transfer: 2, offset: 1000 });
    await turn();
    expect(sent[before + 1]).toMatchObject({ type: 'chunk', transfer: 2, offset: 1000 });
  });

  it('is not set back by what comes late or twice', async () => {
    const { sender, sent, shipped } = await sending();
    sender.ship('b');
    await turn();
    sender.answer('b', accept);
    await turn();
    sender.answer('b', { ...ack, offset: 3000 });
    await turn();
    const before = sent.length;
    sender.answer('b', accept);
    sender.answer('b', { ...ack, offset: 2000 });
    sender.answer('b', { ...ack, offset: 1000, state: 'again' });
    sender.answer('b', { ...ack, transfer: 7, state: 'done' });
    sender.answer('c', { ...ack, state: 'done' });
    await turn();
    expect(sent.length).toBe(before);
    expect(shipped).toEqual([]);
  });

  it('refuses answers that cannot be about its snapshot', async () => {
    const { sender, shipped } = await sending();
    sender.ship('b');
    await turn();
    const nonsense: FromReceiver[] = [
      { ...accept, offset: 50_001 },
      { ...accept, chunkBytes: 0 },
      { ...accept, chunkBytes: 10, windowBytes: 9 },
      { ...ack, offset: 2 ** 47 },
    ];
    for (const answer of nonsense) {
      expect(() => {
        sender.answer('b', answer);
      }).toThrow(MalformedError);
    }
    // An acknowledgement without an offer that was accepted says nothing.
    sender.answer('b', { ...ack, offset: 50_000 });
    sender.answer('b', { ...ack, offset: 0, state: 'unknown' });
    expect(sender.bytesSent).toBe(0);
    expect(shipped).toEqual([]);
  });

  it('keeps to its own bounds, whatever a receiver allows', async () => {
    const { sender, sent } = await sending();
    sender.ship('b');
    await turn();
    sender.answer('b', { ...accept, chunkBytes: 2 ** 40, windowBytes: 2 ** 47 });
    await turn();
    const chunks = sent.flatMap((message) => (message.type === 'chunk' ? [message.bytes] : []));
    expect(chunks.map(({ length }) => length)).toEqual([1000, 1000, 1000]);
  });

  it('has let go of everything when it is closed', async () => {
    let open = 0;
    const { sender, sent } = await sending((base) => ({
      ...slowStore(base),
      read: async (id) => {
        const reader = await base.read(id);
        open += 1;
        return {
          info: reader.info,
          read: (offset, maxBytes) => reader.read(offset, maxBytes),
          close: async () => {
            await turn();
            await reader.close();
            open -= 1;
          },
        };
      },
    }));
    sender.ship('b');
    await turn();
    // This one is still being opened.
    sender.ship('c');
    await sender.close();
    await turn();
    await turn();
    expect(open).toBe(0);
    expect(sent.length).toBe(1);
    expect(sender.size).toBe(0);
  });
});
