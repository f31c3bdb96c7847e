/** Replies that stay are copied out of the slabs that they came on, and are in every snapshot. */
import { expect, it } from 'vitest';
import { ChunkReader } from '../../src/chunk-reader.ts';
import { KeptReplies, type KeptReply } from '../../src/sessions/kept-replies.ts';
import { maxKeptBytesOfSession } from '../../src/sessions/limits.ts';
import { readTable, writeTable } from '../../src/sessions/snapshot.ts';
import { SessionTable } from '../../src/sessions/table.ts';
import { streamOf } from '../register.ts';

const slabBytes = 64 * 1024;

it('do not keep slabs alive that hold nothing else', () => {
  const replies = new KeptReplies();
  const staying: KeptReply[] = [];
  for (let slab = 0; slab < 100; slab++) {
    const memory = new Uint8Array(slabBytes).fill(slab);
    staying.push(replies.keep(memory.subarray(0, 10)));
    const large = replies.keep(memory.subarray(10));
    large.dropped = true;
  }
  const held = new Set(staying.map(({ bytes }) => bytes.buffer));
  let heldBytes = 0;
  for (const { byteLength } of held) heldBytes += byteLength;
  expect(heldBytes).toBeLessThanOrEqual(1024 * 1024 + slabBytes + 100 * 10);
  expect(staying.map(({ bytes }) => [...bytes])).toEqual(
    staying.map((_, slab) => new Array<number>(10).fill(slab)),
  );
});

it('are no burden once they are dropped', () => {
  const replies = new KeptReplies();
  const memory = new Uint8Array(slabBytes);
  for (let count = 0; count < 1000; count++) {
    const reply = replies.keep(memory);
    reply.dropped = true;
    // Not copied, however many come behind it.
    expect(reply.bytes).toBe(memory);
  }
});

it('are let go of soon, however short they are', () => {
  const replies = new KeptReplies();
  const memory = new Uint8Array(slabBytes);
  const first = replies.keep(memory.subarray(0, 1));
  for (let count = 0; count < 10_000; count++) replies.keep(memory.subarray(1, 2)).dropped = true;
  expect(first.bytes.buffer).not.toBe(memory.buffer);
});

it('come back from a snapshot however large they are, since one is always kept', async () => {
  const table = new SessionTable();
  const session = table.open(1_000, 0);
  const admission = table.admit({ session, sequence: 1, answered: 0 }, 0);
  if (admission.type !== 'next') throw new Error('refused');
  const reply = new Uint8Array(2 * maxKeptBytesOfSession + 100_000).fill(7);
  table.settle(admission.session, reply);
  const chunks = [...writeTable(table.freeze())];
  const { sessions } = await readTable(new ChunkReader(streamOf(chunks)));
  const [kept] = sessions[0]?.replies ?? [];
  expect(kept?.bytes.length).toBe(reply.length);
  expect(table.admit({ session, sequence: 2, answered: 0 }, 0).type).toBe('refused');
  expect(table.admit({ session, sequence: 2, answered: 1 }, 0).type).toBe('next');
});
