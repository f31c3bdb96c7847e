/** The queue of replies: what goes in comes out, copies stand still, and memory follows what is kept. */
import { ByteReader, ByteWriter } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkReader } from '../../src/chunk-reader.ts';
import { maxKeptBytesOfSession } from '../../src/sessions/limits.ts';
import { type FrozenReplies, ReplyQueue, writeReplies } from '../../src/sessions/reply-queue.ts';
import { readTable, writeTable } from '../../src/sessions/snapshot.ts';
import { SessionTable } from '../../src/sessions/table.ts';
import { streamOf } from '../register.ts';

type Action =
  | { readonly type: 'keep' | 'keepWritten'; readonly lengths: readonly number[] }
  | { readonly type: 'drop'; readonly share: number }
  | { readonly type: 'freeze' | 'goOnFrozen' };

const lengths = fc.array(
  fc.oneof(fc.nat(40), fc.nat(3_000), fc.integer({ min: 16_000, max: 40_000 })),
  {
    maxLength: 40,
  },
);
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constantFrom('keep', 'keepWritten'), lengths }),
  fc.record({ type: fc.constant('drop'), share: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
  fc.record({ type: fc.constantFrom('freeze', 'goOnFrozen') }),
);

let stamp = 0;

/** Bytes that tell one reply from the next. */
function reply(length: number): Uint8Array {
  stamp += 1;
  return Uint8Array.from({ length }, (_, at) => stamp * 31 + at);
}

function check(queue: ReplyQueue, model: readonly Uint8Array[]): void {
  expect(queue.count).toBe(model.length);
  expect(queue.bytes).toBe(model.reduce((sum, { length }) => sum + length, 0));
  const frozen = queue.freeze();
  expect(queue.heldBytes).toBeGreaterThanOrEqual(frozen.encodedBytes);
  expect(queue.at(-1)).toBeUndefined();
  expect(queue.at(model.length)).toBeUndefined();
  // Every one would make it quadratic.
  const step = Math.max(Math.floor(model.length / 7), 1);
  for (let at = 0; at < model.length; at += step) expect(same(queue.at(at), model[at])).toBe(true);
  expect(same(queue.at(model.length - 1), model.at(-1))).toBe(true);
  const writer = new ByteWriter();
  writeReplies(frozen, writer);
  expect(writer.length).toBe(frozen.encodedBytes);
  const reader = new ByteReader(writer.take());
  for (const expected of model) expect(same(reader.bytes(), expected)).toBe(true);
  reader.end();
}

function same(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return Buffer.compare(left, right) === 0;
}

describe('a queue', () => {
  it('is what a list would be, and so is what was frozen of it, as of its time', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const writer = new ByteWriter();
        let queue = new ReplyQueue();
        let model: Uint8Array[] = [];
        const frozen: { readonly replies: FrozenReplies; readonly model: readonly Uint8Array[] }[] =
          [];
        const views: { readonly view: Uint8Array; readonly bytes: Uint8Array }[] = [];
        for (const step of actions) {
          switch (step.type) {
            case 'keep':
            case 'keepWritten':
              for (const length of step.lengths) {
                const bytes = reply(length);
                model.push(bytes);
                if (step.type === 'keepWritten') queue.keepWritten(writer.raw(bytes));
                else queue.keep(bytes);
                const view = queue.at(model.length - 1);
                if (view !== undefined) views.push({ view, bytes });
              }
              break;
            case 'drop': {
              const count = Math.floor(model.length * step.share);
              const dropped = model.slice(0, count);
              expect(queue.drop(count)).toBe(dropped.reduce((sum, { length }) => sum + length, 0));
              model = model.slice(count);
              break;
            }
            case 'freeze':
              frozen.push({ replies: queue.freeze(), model: [...model] });
              break;
            case 'goOnFrozen': {
              // Both write on behind the same replies.
              const before = queue;
              queue = new ReplyQueue(before.freeze());
              const other = Uint8Array.of(1, 2, 3);
              before.keep(other);
              frozen.push({ replies: before.freeze(), model: [...model, other] });
            }
          }
          check(queue, model);
        }
        for (const { replies, model: asOfThen } of frozen) check(new ReplyQueue(replies), asOfThen);
        for (const { view, bytes } of views) expect(same(view, bytes)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('lets go of memory with the replies in it, and makes none for nothing', () => {
    const queue = new ReplyQueue();
    expect(queue.heldBytes).toBe(0);
    queue.keep(reply(10));
    expect(queue.heldBytes).toBeLessThanOrEqual(512);
    for (let count = 1; count < 8_000; count++) queue.keep(reply(10));
    expect(queue.heldBytes).toBeLessThan(1.2 * queue.freeze().encodedBytes);
    queue.drop(7_990);
    expect(queue.heldBytes).toBeLessThan(4_096 + 8 * queue.freeze().encodedBytes);
    queue.drop(10);
    expect(queue.heldBytes).toBeLessThanOrEqual(4_096);
  });

  it('of which each reply is dropped as the next one comes holds no more than the least', () => {
    const queue = new ReplyQueue();
    for (let count = 0; count < 10_000; count++) {
      queue.drop(1);
      queue.keep(reply(15));
      expect(queue.heldBytes).toBeLessThanOrEqual(512);
    }
  });

  it('holds a large reply in memory of its own size', () => {
    const queue = new ReplyQueue();
    queue.keep(reply(1_000_000));
    expect(queue.heldBytes).toBe(1_000_004);
    queue.keep(reply(1));
    queue.drop(1);
    expect(queue.heldBytes).toBeLessThanOrEqual(16 * 1024);
  });

  it('that is frozen is not copied', () => {
    const queue = new ReplyQueue();
    for (let count = 0; count < 1_000; count++) queue.keep(reply(20));
    const again = new ReplyQueue(queue.freeze());
    for (const position of [0, 500, 999]) {
      expect(again.at(position)?.buffer).toBe(queue.at(position)?.buffer);
    }
  });
});

describe('replies', () => {
  it('come back from a snapshot however large they are, since one is always kept', async () => {
    const table = new SessionTable();
    const session = table.open(1_000, 0);
    const admission = table.admit({ session, sequence: 1, answered: 0 }, 0);
    if (admission.type !== 'next') throw new Error('refused');
    const large = new Uint8Array(2 * maxKeptBytesOfSession + 100_000).fill(7);
    table.settle(admission.session, new ByteWriter().raw(large));
    const chunks = [...writeTable(table.freeze())];
    const { sessions } = await readTable(new ChunkReader(streamOf(chunks)));
    expect(sessions[0]?.replies.encodedBytes).toBe(4 + large.length);
    expect(table.admit({ session, sequence: 2, answered: 0 }, 0).type).toBe('refused');
    expect(table.admit({ session, sequence: 2, answered: 1 }, 0).type).toBe('next');
  });

  it('in a frozen table stay, though the sessions go on and end', () => {
    const table = new SessionTable();
    const writer = new ByteWriter();
    const session = table.open(1_000, 0);
    const happen = (sequence: number, answered: number): void => {
      const admission = table.admit({ session, sequence, answered }, 0);
      if (admission.type !== 'next') throw new Error('refused');
      table.settle(admission.session, writer.u48(sequence));
    };
    for (let sequence = 1; sequence <= 500; sequence++)
      happen(sequence, Math.max(sequence - 100, 0));
    const frozen = table.freeze();
    const before = [...writeTable(frozen)].map((chunk) => chunk.slice());
    for (let sequence = 501; sequence <= 2_000; sequence++) happen(sequence, sequence - 1);
    table.close(session);
    expect([...writeTable(frozen)].map((chunk) => chunk.slice())).toEqual(before);
  });

  it('count the same in a table that a snapshot brought', async () => {
    const table = new SessionTable();
    const writer = new ByteWriter();
    for (const replies of [0, 1, 40]) {
      const session = table.open(1_000, 0);
      for (let sequence = 1; sequence <= replies; sequence++) {
        const admission = table.admit({ session, sequence, answered: 0 }, 0);
        if (admission.type !== 'next') throw new Error('refused');
        table.settle(admission.session, writer.raw(reply(sequence * 10)));
      }
    }
    const restored = new SessionTable();
    const chunks = [...writeTable(table.freeze())];
    restored.restore(await readTable(new ChunkReader(streamOf(chunks))));
    expect(restored.bytes).toBe(table.bytes);
    expect(Buffer.concat([...writeTable(restored.freeze())])).toEqual(Buffer.concat(chunks));
  });
});
