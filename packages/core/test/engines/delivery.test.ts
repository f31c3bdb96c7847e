/** Committed entries on their way to the consumer. */
import { beforeEach, describe, expect, it } from 'vitest';
import { Delivery, type DeliverySource } from '../../src/engines/delivery.ts';
import { Outbox } from '../../src/engines/outbox.ts';
import { Publications } from '../../src/engines/publications.ts';
import { RecordTail } from '../../src/engines/record-tail.ts';
import type { Effects } from '../../src/index.ts';

const record = new Uint8Array(10);

describe('delivery', () => {
  let outbox: Outbox<never>;
  let tail: RecordTail;
  let delivery: Delivery;
  let asked: [from: number, to: number][];
  const take = (): Effects<never> => outbox.take(undefined, undefined, 0);
  const handOut = (commitIndex: number, maxUnappliedBytes = 1000): number[] => {
    const source: DeliverySource = {
      outbox,
      commitIndex,
      tail,
      maxUnappliedBytes,
      load: (_, from, to) => void asked.push([from, to]),
    };
    delivery.handOut(source);
    return take().committed.map(({ index }) => index);
  };

  beforeEach(() => {
    outbox = new Outbox();
    tail = new RecordTail(1);
    for (let index = 1; index <= 9; index++) tail.push(index, record);
    delivery = new Delivery(0);
    asked = [];
  });

  it('hands out what is committed, each entry once', () => {
    expect(handOut(3)).toEqual([1, 2, 3]);
    expect(handOut(3)).toEqual([]);
    expect(handOut(5)).toEqual([4, 5]);
    expect(delivery.handedOut).toBe(5);
  });

  it('waits for the consumer at the bound, and hands out one record at least', () => {
    expect(handOut(9, 20)).toEqual([1, 2]);
    delivery.apply(1);
    expect(handOut(9, 20)).toEqual([]);
    delivery.apply(2);
    expect(handOut(9, 5)).toEqual([3]);
    expect(delivery.applied).toBe(2);
  });

  it('asks for what left memory, and goes on with the page', () => {
    tail.dropBefore(4);
    expect(handOut(5)).toEqual([]);
    expect(asked).toEqual([[1, 5]]);
    delivery.page = [1, 2, 3].map((index) => ({ index, record }));
    expect(handOut(5)).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not believe that something was applied before it was handed out', () => {
    handOut(3);
    expect(() => delivery.apply(4)).toThrow('not handed out');
  });

  it('goes on behind a snapshot, whatever is still reported from before', () => {
    handOut(3, 20);
    delivery.restore(outbox, { id: 's', index: 7 });
    expect(take().restored).toEqual({ id: 's', index: 7 });
    delivery.apply(1);
    expect(handOut(9, 20)).toEqual([8, 9]);
  });
});

describe('a publication', () => {
  const [first, second] = [
    { id: 'a', index: 5 },
    { id: 'b', index: 8 },
  ];

  it('is done once its write is durable, and restored if it came from elsewhere', () => {
    const [outbox, delivery, publications] = [new Outbox(), new Delivery(0), new Publications()];
    publications.add(1, first, false);
    publications.noteWrite(1);
    publications.add(2, second, true);
    publications.noteWrite(2);
    publications.settle(outbox, delivery, 1);
    expect(outbox.take(undefined, undefined, 0)).toMatchObject({
      outcomes: [{ type: 'done', ticket: 1, index: 5 }],
      restored: undefined,
    });
    expect(publications.installing).toBe(true);
    publications.settle(outbox, delivery, 2);
    expect(outbox.take(undefined, undefined, 0)).toMatchObject({
      outcomes: [{ type: 'done', ticket: 2, index: 8 }],
      restored: second,
    });
    expect([publications.installing, delivery.handedOut]).toEqual([false, 8]);
  });

  it('is not restored any more with a later one on its way', () => {
    const [outbox, delivery, publications] = [new Outbox(), new Delivery(0), new Publications()];
    publications.add(1, first, true);
    publications.noteWrite(1);
    publications.add(2, second, true);
    publications.settle(outbox, delivery, 1);
    expect(outbox.take(undefined, undefined, 0).restored).toBeUndefined();
  });
});
