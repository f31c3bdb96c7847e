/**
 * Limits: of a frame, and of what waits for somebody who does not keep up.
 */
import { QuorateError, utf8 } from '@quorate/core';
import { check, equal } from '../check.ts';
import {
  maxFrameBytes,
  maxQueuedBytes,
  quiet,
  type TestNode,
  type TransportTests,
} from './world.ts';

export function limitTests({ test }: TransportTests): void {
  test('a frame over maxFrameBytes is refused with TOO_LARGE, and harms nothing', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    equal(a.transport.maxFrameBytes, maxFrameBytes, 'maxFrameBytes');
    const half = new Uint8Array(maxFrameBytes / 2);
    const send = (...parts: readonly Uint8Array[]): unknown => {
      try {
        a.send(b, ...parts);
        return undefined;
      } catch (error) {
        return error instanceof QuorateError ? error.code : error;
      }
    };
    equal(send(half, half, new Uint8Array(1)), 'TOO_LARGE', 'one byte over the limit');
    equal(send(half, half), undefined, 'the limit itself');
    await world.until(() => b.received.length === 1, 'the largest frame arrives');
    equal(b.received[0]?.frame.length, maxFrameBytes, 'its length');
  });

  test('frames to nobody are dropped in silence', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    a.transport.send('stranger', [utf8('hello?')]);
    a.transport.send(a.name, [utf8('me?')]);
    a.send(b, utf8('still here'));
    await world.until(() => b.received.length > 0, 'others are still reached');
    await quiet();
    equal(a.received.length, 0, 'frames to itself');
  });

  test('what waits for a peer that does not keep up is bounded; the rest is dropped', async (world) => {
    const [a, b, c] = await world.connected('a', 'b', 'c');
    // Everything in one turn: the receiver has no chance to take anything meanwhile.
    const count = 64;
    flood(a, b, count);
    a.send(c, utf8('not your fault'));
    await world.until(() => c.received.length === 1, 'another peer is not affected');
    await world.until(() => b.received.length > 0, 'some of it arrives');
    let before = -1;
    while (before !== b.received.length) {
      before = b.received.length;
      await quiet();
    }
    // A system has buffers of its own besides the queue.
    const mostBytes = maxQueuedBytes + 8 * 1024 * 1024;
    check(
      b.received.length * maxFrameBytes <= mostBytes,
      `${b.received.length} of ${count} frames arrived: more was kept than the bound allows`,
    );
    for (const { frame } of b.received) {
      const mark = frame[0];
      check(
        frame.length === maxFrameBytes && frame.every((byte) => byte === mark),
        'what arrives is whole',
      );
    }
    await world.reaches(a, b);
  });
}

/** Sends numbered frames of the greatest size, without a pause. */
function flood(from: TestNode, to: TestNode, count: number): void {
  for (let at = 0; at < count; at++) from.send(to, new Uint8Array(maxFrameBytes).fill(at));
}
