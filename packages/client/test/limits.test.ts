/** What one side does not take: it costs the call that asked for it, and nothing else. */
import { connect } from '@quorate/client';
import { type Logger, silentLogger, utf8 } from '@quorate/core';
import {
  kv,
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  kvMachine,
  type KvQuery,
  type KvResult,
  type KvWatch,
} from '@quorate/machine-kv';
import { afterEach, describe, expect, it } from 'vitest';
import { World, type WorldOptions } from './world.ts';

type KvWorld = World<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

let world: KvWorld;

async function open(options: WorldOptions = {}): Promise<void> {
  world = await World.open(kvMachine, options);
}

afterEach(async () => {
  await world.close();
});

const mebibyte = 1024 * 1024;

/** Notes each connection that a client came to use. */
function counting(): { readonly logger: Logger; readonly connections: string[] } {
  const connections: string[] = [];
  const info = (message: string): void => {
    if (message.startsWith('connected with')) connections.push(message);
  };
  return { logger: { ...silentLogger, info }, connections };
}

describe('an answer that is over what the client takes', () => {
  /** Three values that only together are over it. */
  async function openWithValues(): Promise<void> {
    await open();
    const writer = world.client();
    for (const key of ['a', 'b', 'c']) {
      await world.finish(writer.execute(kv.put(key, 'x'.repeat(700_000))));
    }
    await world.finish(writer.close());
  }

  it('is TOO_LARGE for a query; the connection stays, and what else is asked is answered', async () => {
    await openWithValues();
    const { logger, connections } = counting();
    const client = world.client({ maxFrameBytes: mebibyte, logger });
    await world.finish(client.query(kv.get('a')));
    const before = connections.length;
    const range = client.query(kv.range({ prefix: '' }));
    const [tooLarge, put] = await world.finish(
      Promise.allSettled([range, client.execute(kv.put('d', 'small'))]),
    );
    expect(tooLarge).toMatchObject({ reason: { code: 'TOO_LARGE' } });
    expect(put).toMatchObject({ status: 'fulfilled' });
    expect(connections).toHaveLength(before);
    await world.finish(client.close());
  });

  it('is OUTCOME_UNKNOWN for a command, with the word that it has happened; the session goes on', async () => {
    await openWithValues();
    const { logger, connections } = counting();
    const client = world.client({ maxFrameBytes: mebibyte, logger });
    await world.finish(client.query(kv.get('a')));
    const before = connections.length;
    const reads = ['a', 'b', 'c'].map((key) => kv.get(key));
    const both = client.execute(kv.txn({ then: [kv.put('e', '1'), ...reads] }));
    const [withheld, put] = await world.finish(
      Promise.allSettled([both, client.execute(kv.put('d', 'small'))]),
    );
    expect(withheld).toMatchObject({
      reason: {
        code: 'OUTCOME_UNKNOWN',
        message: expect.stringContaining('has happened') as string,
      },
    });
    expect(put).toMatchObject({ status: 'fulfilled' });
    expect(await world.finish(client.query(kv.get('e')))).toMatchObject({ pair: { version: 1 } });
    expect(connections).toHaveLength(before);
    await world.finish(client.close());
  });
});

describe('a request that is over what the server takes', () => {
  it('is TOO_LARGE, also where it was made before there was a connection', async () => {
    await open({ limits: { maxCommandBytes: 100_000 }, server: { maxFrameBytes: mebibyte } });
    const { logger, connections } = counting();
    const client = world.client({ logger });
    const values = [1, 2].map((at) => kv.put(`k${String(at)}`, 'x'.repeat(700_000)));
    const command = client.execute(kv.txn({ then: values }));
    const small = client.execute(kv.put('small', '1'));
    const [early, put] = await world.finish(Promise.allSettled([command, small]));
    expect(early).toMatchObject({ reason: { code: 'TOO_LARGE' } });
    expect(put).toMatchObject({ status: 'fulfilled' });
    expect(connections).toHaveLength(1);
    await world.finish(client.close());
  });

  it('is TOO_LARGE for queries and watches alike', async () => {
    await open({ server: { maxFrameBytes: 2 * mebibyte } });
    const { logger, connections } = counting();
    const bytes = {
      encode: (value: string, writer: { raw(bytes: Uint8Array): unknown }) =>
        void writer.raw(utf8(value)),
      decode: (): string => '',
    };
    const client = connect({
      machine: {
        commands: bytes,
        results: bytes,
        queries: bytes,
        answers: bytes,
        watches: bytes,
        events: bytes,
      },
      links: world.links.host('client-of-texts'),
      endpoints: ['a:1'],
      runtime: world.runtime,
      logger,
    });
    const long = 'x'.repeat(2 * mebibyte);
    await expect(world.finish(client.query(long))).rejects.toMatchObject({ code: 'TOO_LARGE' });
    const watch = client.watch(long);
    await expect(world.finish(watch.next())).rejects.toMatchObject({ code: 'TOO_LARGE' });
    expect(connections).toHaveLength(1);
    await world.finish(client.close());
  });

  it('is not found out by every client: what can never work is refused at the start', async () => {
    await open();
    expect(() => world.client({ maxFrameBytes: 100_000 })).toThrow(/maxFrameBytes/u);
    expect(() => world.client({ maxFrameBytes: 2 ** 32 })).toThrow(/maxFrameBytes/u);
    await expect(
      World.open(kvMachine, {
        server: { maxFrameBytes: mebibyte },
        limits: { maxCommandBytes: 2 * mebibyte },
      }),
    ).rejects.toThrow(/maxFrameBytes/u);
  });
});
