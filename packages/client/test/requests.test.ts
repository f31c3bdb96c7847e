/** What a server makes of a frame of requests. */
import { concatBytes } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Batch } from '../src/protocol/batch.ts';
import {
  readRequests,
  type RequestHandler,
  requestOverheadBytes,
  writeCancel,
} from '../src/protocol/requests.ts';

describe('a frame of requests', () => {
  const handled: number[] = [];
  const handler: RequestHandler = {
    command: (id) => handled.push(id),
    query: (id) => handled.push(id),
    watch: (id) => handled.push(id),
    more: (id) => handled.push(id),
    cancel: (id) => handled.push(id),
  };
  /** So many messages that say that nobody waits any more. */
  const cancels = (count: number): Uint8Array => new Uint8Array(count * 5).fill(5);

  it('is not long because it holds many of them: all would be dealt with in one turn', () => {
    readRequests(cancels(4_096), handler);
    expect(handled.splice(0)).toHaveLength(4_096);
    for (const [count, most] of [
      [4_097, 4_096],
      [110_000, 1],
    ] as const) {
      expect(() => {
        readRequests(cancels(count), handler);
      }).toThrow(`over ${String(most)} requests`);
      expect(handled.splice(0)).toHaveLength(most);
    }
  });

  it('is none of a client of ours, however much it asks in one turn', () => {
    const frames: Uint8Array[] = [];
    let turn = (): void => undefined;
    const batch = new Batch(
      {
        nextTurn: (run) => {
          turn = run;
        },
      },
      (parts) => frames.push(concatBytes(parts)),
    );
    for (let id = 0; id < 10_000; id++) writeCancel(batch.next(requestOverheadBytes), id);
    turn();
    for (const frame of frames) readRequests(frame, handler);
    expect(frames).toHaveLength(3);
    expect(handled.splice(0)).toEqual(Array.from({ length: 10_000 }, (_, at) => at));
  });

  it('is written into the memory of the one before where that was short, and was copied, and no other', () => {
    const places: unknown[] = [];
    let turn = (): void => undefined;
    const batch = new Batch(
      {
        nextTurn: (run) => {
          turn = run;
        },
      },
      ([part]) => places.push([part?.buffer, part?.byteOffset]),
    );
    const send = (requests: number): void => {
      for (let id = 0; id < requests; id++) writeCancel(batch.next(requestOverheadBytes), id);
      turn();
    };
    // What fits into the first, small slab, and into every later one.
    for (const requests of [4_000, 100, 3_999, 100, 50]) send(requests);
    const [, short, long, afterLong, again] = places;
    expect(long).toEqual(short);
    expect(afterLong).not.toEqual(long);
    expect(again).toEqual(afterLong);
  });
});
