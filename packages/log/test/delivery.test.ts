import {
  type CommittedRecord,
  encodeEntry,
  type LogIndex,
  MalformedError,
  type Storage,
  type StagedSnapshot,
  utf8,
} from '@quorate/core';
import { memoryStorage } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import { Delivery } from '../src/delivery.ts';
import { defaultLimits } from '../src/options.ts';
import { Requests } from '../src/requests.ts';
import { ListConsumer, type Submission } from './harness/recorder.ts';

const headerBytes = 6;

function record(index: LogIndex): CommittedRecord {
  const payloads = [utf8(`command ${String(index)}`)];
  return {
    index,
    record: encodeEntry(
      { kind: 'commands', time: 1, incarnation: 5, ticket: index, payloads },
      headerBytes,
    ),
  };
}

const records = (from: LogIndex, to: LogIndex): CommittedRecord[] =>
  Array.from({ length: to - from + 1 }, (_, at) => record(from + at));

/** Publishes a snapshot of commands 1 to `index`. */
async function publish(storage: Storage, index: LogIndex): Promise<StagedSnapshot> {
  const list = Array.from({ length: index }, (_, at) => [at + 1, `command ${String(at + 1)}`]);
  const writer = await storage.snapshots.stage();
  await writer.write(utf8(JSON.stringify(list)));
  await writer.finish();
  await storage.write([{ type: 'snapshot', id: writer.id, index, context: new Uint8Array(0) }]);
  return { id: writer.id, index };
}

async function subject(): Promise<{
  readonly storage: Storage;
  readonly consumer: ListConsumer;
  readonly delivery: Delivery<Submission>;
  readonly applied: LogIndex[];
  readonly restored: LogIndex[];
  readonly failures: unknown[];
}> {
  const storage = memoryStorage();
  await storage.open({ cluster: 'c', node: 'a', algorithm: 'x' });
  const consumer = new ListConsumer();
  const applied: LogIndex[] = [];
  const restored: LogIndex[] = [];
  const failures: unknown[] = [];
  const requests = new Requests<Submission>(
    {
      readsAnywhere: false,
      leader: () => undefined,
      epoch: () => 1,
      here: () => undefined,
      there: () => undefined,
      now: () => 0,
      wallTime: () => 0,
      nextTicket: () => 1,
      schedule: () => undefined,
    },
    defaultLimits,
    headerBytes,
    99,
  );
  const delivery = new Delivery(consumer, requests, storage.snapshots, headerBytes, 1000, {
    applied: (index) => applied.push(index),
    restored: (index) => restored.push(index),
    failed: (error) => failures.push(error),
  });
  return { storage, consumer, delivery, applied, restored, failures };
}

const idle = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 5);
  });

const upTo = (index: LogIndex): [LogIndex, string][] =>
  Array.from({ length: index }, (_, at) => [at + 1, `command ${String(at + 1)}`]);

describe('delivery', () => {
  it('hands on what is decided, in order, and says how far it is', async () => {
    const { consumer, delivery, applied } = await subject();
    delivery.committed(records(1, 3));
    delivery.committed(records(4, 4));
    expect(consumer.commands).toEqual(upTo(4));
    expect(applied).toEqual([3, 4]);
  });

  it('stops at a gap', async () => {
    const { delivery } = await subject();
    delivery.committed(records(1, 3));
    expect(() => {
      delivery.committed(records(5, 5));
    }).toThrow(/without a gap/);
  });

  it('keeps back what is decided while the consumer restores, and goes on after it', async () => {
    const { storage, consumer, delivery, applied, restored } = await subject();
    delivery.committed(records(1, 2));
    const { id } = await publish(storage, 10);
    delivery.jump(id, 10);
    delivery.committed(records(11, 12));
    expect(consumer.applied).toBe(2);
    await idle();
    expect(consumer.commands).toEqual(upTo(12));
    expect(applied).toEqual([2, 10, 12]);
    expect(restored).toEqual([10]);
    expect(delivery.jumpedTo).toBe(10);
  });

  it('drops what waits behind one jump when another one covers it', async () => {
    const { storage, consumer, delivery, failures } = await subject();
    const first = await publish(storage, 10);
    delivery.jump(first.id, 10);
    delivery.committed(records(11, 12));
    await idle();
    const second = await publish(storage, 20);
    delivery.jump(second.id, 20);
    delivery.committed(records(21, 22));
    const third = await publish(storage, 30);
    delivery.jump(third.id, 30);
    delivery.committed(records(31, 31));
    await idle();
    expect(failures).toEqual([]);
    expect(consumer.commands).toEqual(upTo(31));
  });

  it('restores the last of several that came while it was busy; the others are gone by then', async () => {
    const { storage, consumer, delivery, failures, restored } = await subject();
    for (const index of [10, 20, 30, 40]) {
      const { id } = await publish(storage, index);
      if (index === 10) {
        const restore = consumer.restore.bind(consumer);
        consumer.restore = async (at, chunks) => {
          if (at === 10) await idle();
          await restore(at, chunks);
        };
      }
      delivery.jump(id, index);
      delivery.committed(records(index + 1, index + 2));
    }
    await idle();
    await idle();
    expect(failures).toEqual([]);
    expect(restored).toEqual([40]);
    expect(consumer.commands).toEqual(upTo(42));
  });

  it('waits for the newer one where a snapshot was replaced before it could be read', async () => {
    const { storage, consumer, delivery, failures } = await subject();
    const first = await publish(storage, 10);
    const second = await publish(storage, 20);
    delivery.jump(first.id, 10);
    delivery.committed(records(11, 12));
    await idle();
    expect(failures).toEqual([]);
    delivery.jump(second.id, 20);
    delivery.committed(records(21, 22));
    await idle();
    expect(consumer.commands).toEqual(upTo(22));
  });

  it('takes no caller out of the table for an entry that it cannot hand on', async () => {
    const { delivery, consumer } = await subject();
    const asked: number[] = [];
    const [good, bad] = [record(1), { index: 2, record: new Uint8Array(3) }];
    const requests = { decided: (index: LogIndex) => void asked.push(index) };
    expect(() => {
      new Delivery(
        consumer,
        requests as unknown as Requests<Submission>,
        memoryStorage().snapshots,
        headerBytes,
        1000,
        { applied: () => undefined, restored: () => undefined, failed: () => undefined },
      ).committed([good, bad]);
    }).toThrow(MalformedError);
    expect(asked).toEqual([]);
    await delivery.close();
  });

  it('ends a restore under way when it is closed, and waits for its end', async () => {
    const { storage, consumer, delivery, failures } = await subject();
    const { id } = await publish(storage, 200);
    const beginning = delivery.begin(id);
    const closing = delivery.close();
    await expect(beginning).rejects.toMatchObject({ code: 'CLOSED' });
    await closing;
    expect(consumer.applied).toBe(0);
    expect(failures).toEqual([]);
  });

  it('reports a snapshot that cannot be restored', async () => {
    const { delivery, failures } = await subject();
    delivery.jump('no-such-snapshot', 10);
    await idle();
    expect(failures).toHaveLength(1);
  });
});
