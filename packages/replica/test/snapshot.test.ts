/** Snapshots: the machine's state, its clock and its place in the log, in a stream that is checked. */
import { MalformedError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collect, payloadOf, streamOf } from './register.ts';
import { add, openWorld } from './world.ts';
import { concatBytes } from '@quorate/core';

/** A snapshot of the sum 12345 at index 2, as one byte string. */
async function takeOne(): Promise<Uint8Array> {
  const { log } = await openWorld();
  log.deliver([{ payloads: [payloadOf(add(12_000))], time: 500 }]);
  log.deliver([{ payloads: [payloadOf(add(345))], time: 400 }]);
  const { index, chunks } = log.consumer.snapshot();
  expect(index).toBe(2);
  return concatBytes(await collect(chunks));
}

/** Cuts bytes at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = [0, ...[...places].sort((left, right) => left - right), bytes.length];
  return sorted.slice(1).map((end, at) => bytes.subarray(sorted[at], end));
}

it('carries state, applied index and clock over to another replica', async () => {
  const { log, machine, replica } = await openWorld();
  await log.restore(2, streamOf([await takeOne()]));
  expect(machine.sum).toBe(12_345);
  expect(replica.status).toMatchObject({ appliedIndex: 2, time: 500, stateHash: '00003039' });
  log.deliver([{ payloads: [payloadOf(add(1))], time: 450 }]);
  expect(machine.contexts).toEqual([{ index: 3, position: 0, time: 500 }]);
});

it('may come back cut anywhere', async () => {
  const bytes = await takeOne();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: bytes.length })), async (places) => {
      const { log, machine } = await openWorld();
      await log.restore(2, streamOf(cut(bytes, places)));
      expect(machine.sum).toBe(12_345);
    }),
  );
});

it('is the state as of the call, also where the machine looks at it only when asked for a chunk', async () => {
  const { log } = await openWorld();
  log.deliver([{ payloads: [payloadOf(add(5))] }]);
  const { chunks } = log.consumer.snapshot();
  log.deliver([{ payloads: [payloadOf(add(100))] }]);
  const other = await openWorld();
  await other.log.restore(1, chunks);
  expect(other.machine.sum).toBe(5);
});

it('has the format that its file describes', async () => {
  const hex = [...(await takeOne())].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  expect(hex).toBe(
    '51526570' + // magic
      '02' + // version
      '000000000002' + // index
      '0000000001f4' + // time 500
      '000000000000' + // no session was ever opened
      '00000000' + // and there is none
      '3132333435', // the machine: "12345"
  );
});

describe('a snapshot that cannot be right is refused, and the machine keeps its state', () => {
  const changes: readonly (readonly [string, (bytes: Uint8Array) => Uint8Array])[] = [
    ['nothing', () => new Uint8Array(0)],
    ['cut short', (bytes) => bytes.subarray(0, 20)],
    ['of something else', (bytes) => bytes.with(0, 0)],
    ['of a later version', (bytes) => bytes.with(4, 3)],
    ['at another index', (bytes) => bytes.with(10, 3)],
    ['with a session that is not there', (bytes) => bytes.with(26, 1)],
    ['with more sessions than there can be', (bytes) => bytes.with(23, 255)],
  ];

  it.each(changes)('%s', async (_, change) => {
    const { log, machine } = await openWorld();
    log.deliver([{ payloads: [payloadOf(add(5))] }]);
    const restored = log.restore(2, streamOf([change(await takeOne())]));
    await expect(restored).rejects.toBeInstanceOf(MalformedError);
    expect(machine.sum).toBe(5);
  });
});

it('lets go of the stream, whether the restore worked or not', async () => {
  for (const index of [2, 3]) {
    let released = 0;
    const bytes = await takeOne();
    const stream = (async function* (): AsyncGenerator<Uint8Array> {
      try {
        yield bytes;
        yield Uint8Array.of(0x30);
      } finally {
        released++;
      }
    })();
    const { log } = await openWorld();
    await log.restore(index, stream).catch(() => undefined);
    expect(released).toBe(1);
  }
});

it("lets go of the machine's stream when the reader stops early", async () => {
  const { log, machine } = await openWorld();
  let released = false;
  machine.snapshot = async function* (): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Uint8Array.of(1);
    } finally {
      released = true;
    }
  };
  let seen = 0;
  for await (const chunk of log.consumer.snapshot().chunks) {
    seen += chunk.length;
    if (seen > 100) break;
  }
  expect(released).toBe(true);
});
