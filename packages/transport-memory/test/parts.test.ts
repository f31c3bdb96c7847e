/** How often a frame is copied on a memory network: once for each receiver that wants it whole, else never. */
import { utf8 } from '@quorate/core';
import { expect, it } from 'vitest';
import { memoryNetwork } from '../src/index.ts';
import { virtualRuntime } from './virtual-runtime.ts';

it('hands the parts to whoever takes them, and a copy of its own to anybody else', async () => {
  const runtime = virtualRuntime();
  const network = memoryNetwork({ runtime, faults: { duplication: 1 } });
  const parts = new Map<string, Uint8Array[]>();
  const frames: Uint8Array[] = [];
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((node) => {
    const transport = network.transport();
    parts.set(node, []);
    const receiveParts = (_from: string, received: readonly Uint8Array[]): void => {
      parts.get(node)?.push(...received);
    };
    const started = transport.start({
      cluster: 'test',
      node,
      receive: (_from, frame) => frames.push(frame),
      ...(node === 'd' ? {} : { receiveParts }),
    });
    transport.setPeers([{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }]);
    return { transport, started };
  });
  for (const end of [a, b, c, d]) await end?.started;
  const sent = [utf8('some'), new Uint8Array(0), utf8(' bytes')];
  const handedOver = [...sent];
  for (const to of ['b', 'c', 'd']) a?.transport.send(to, handedOver);
  // The list is the sender's own, and only what is in it stays.
  handedOver.length = 0;
  runtime.advance(1);
  for (const node of ['b', 'c']) {
    const received = parts.get(node) ?? [];
    expect(received).toHaveLength(2 * sent.length);
    received.forEach((part, at) => {
      expect(part).toBe(sent[at % sent.length]);
    });
  }
  expect(frames.map((frame) => Buffer.from(frame).toString())).toEqual([
    'some bytes',
    'some bytes',
  ]);
  expect(new Set(frames.map(({ buffer }) => buffer)).size).toBe(2);
  expect(network.counters).toMatchObject({ frames_received: 6, bytes_received: 60 });
});
