/** Nodes in threads of one Node process; and the end of a thread, of which nobody is told. */
import { Worker } from 'node:worker_threads';
import { bundle } from '@quorate/chromium';
import { expect, it, onTestFinished } from 'vitest';
import { broadcastTransport } from '../src/index.ts';

const soon = { timeout: 10_000, interval: 5 };

it('a node in another thread is heard, missed when its thread is killed, and found again', async () => {
  const [script] = await bundle(new URL('.', import.meta.url), ['thread']);
  const program = new URL(`data:text/javascript,${encodeURIComponent(script?.code ?? '')}`);
  const startThread = (): Worker => {
    const thread = new Worker(program);
    onTestFinished(async () => {
      await thread.terminate();
    });
    return thread;
  };
  const frames: Uint8Array[] = [];
  const transport = broadcastTransport({
    listen: 'threads/a',
    claimMs: 20,
    keepAliveMs: 100,
    reconnect: { minMs: 5, maxMs: 50 },
  });
  onTestFinished(() => transport.close());
  await transport.start({
    cluster: 'threads',
    node: 'a',
    receive: (_from, frame) => frames.push(frame),
  });
  transport.setPeers([{ id: 'b', address: 'threads/b' }]);

  const first = startThread();
  const large = new Uint8Array(1_000_000).fill(7);
  const echo = async (frame: Uint8Array): Promise<Uint8Array | undefined> => {
    frames.length = 0;
    await expect
      .poll(() => {
        if (frames.length === 0) transport.send('b', [frame]);
        return frames.length;
      }, soon)
      .toBeGreaterThan(0);
    return frames[0];
  };
  expect(await echo(new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array([1, 2, 3]));
  transport.send('b', [large]);
  await expect.poll(() => frames.some(({ length }) => length === large.length), soon).toBe(true);

  const silences = (): number => transport.counters['ended_silent'] ?? 0;
  const before = silences();
  await first.terminate();
  await expect.poll(silences, soon).toBeGreaterThan(before);

  startThread();
  expect(await echo(new Uint8Array([4, 5, 6]))).toEqual(new Uint8Array([4, 5, 6]));
});
