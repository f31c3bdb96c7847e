/** Watches from far away: in order, each change once, over all reconnects. */
import type { Watch } from '@quorate/client';
import { fromUtf8 } from '@quorate/core';
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
import { algorithms, members, World, type WorldOptions } from './world.ts';

let world: World<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

async function open(options: WorldOptions = {}): Promise<void> {
  world = await World.open(kvMachine, options);
}

afterEach(async () => {
  await world.close();
});

/** The next so many events: key and value, or key alone of a deletion. */
async function next(watch: Watch<KvEvent>, count: number): Promise<readonly string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const step = await world.finish(watch.next());
    if (step.done === true) throw new Error('the watch has ended');
    const event = step.value;
    events.push(
      event.type === 'put' ? `${event.pair.key}=${fromUtf8(event.pair.value)}` : event.key,
    );
  }
  return events;
}

describe.each(['raft', 'paxos'] as const)('a watch on %s', (name) => {
  it('misses nothing and repeats nothing though leaders die and connections break', async () => {
    await open({ algorithm: algorithms[name], seed: 3 });
    const writer = world.client({ window: 4 });
    const reader = world.client();
    const watch = reader.watch(kv.watch({ prefix: 'k/' }));
    await world.finish(watch.started);
    const total = 300;
    const writes = Array.from({ length: total }, (_, at) =>
      writer.execute(kv.put(`k/${String(at % 7)}`, String(at))),
    );
    const read = (async (): Promise<readonly string[]> => {
      const seen: string[] = [];
      for await (const event of watch) {
        if (event.type === 'put') seen.push(fromUtf8(event.pair.value));
        if (seen.length === total) break;
      }
      return seen;
    })();
    const end = { reached: false };
    void read.then(() => {
      end.reached = true;
    });
    for (let strike = 0; !end.reached; strike++) {
      await world.runtime.run(5 + world.runtime.random() * 60);
      world.links.reset(strike % 3 === 0 ? 'client-1' : 'client-2');
      if (strike % 12 !== 5) continue;
      const victim = await world.leader();
      await world.crash(victim);
      await world.runtime.run(300);
      await world.start(victim);
    }
    await world.finish(Promise.all(writes));
    expect(await world.finish(read)).toEqual(Array.from({ length: total }, (_, at) => String(at)));
    expect(reader.status.watches).toBe(0);
    await world.finish(Promise.all([writer.close(), reader.close()]));
  });
});

describe('a watch', () => {
  it('begins with the past where it is asked to, and passes on what is filtered for', async () => {
    await open();
    const client = world.client();
    for (const [key, value] of ['a1', 'b2', 'a3'].entries()) {
      await world.finish(client.execute(kv.put(value.slice(0, 1), String(key))));
    }
    await world.finish(client.execute(kv.delete('a')));
    const all = client.watch(kv.watch({ prefix: '' }, { revision: 2 }));
    expect(await next(all, 4)).toEqual(['a=0', 'b=1', 'a=2', 'a']);
    const deletions = client.watch(kv.watch('a', { revision: 2, puts: false }));
    expect(await next(deletions, 1)).toEqual(['a']);
    all.close();
    expect(await all.next()).toEqual({ done: true, value: undefined });
    await world.finish(client.close());
    await expect(world.finish(deletions.next())).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('goes on where it was after a reconnect, however long nothing of interest happened', async () => {
    await open();
    const client = world.client();
    await world.finish(client.execute(kv.retain({ revisions: 10, bytes: 10_000_000 })));
    const watch = client.watch(kv.watch('wanted'));
    await world.finish(watch.started);
    for (let at = 0; at < 100; at++) {
      await world.finish(client.execute(kv.put('other', String(at))));
    }
    // Now and then the server says how far it has looked.
    await world.runtime.run(5_000);
    world.links.reset('client-1');
    await world.finish(client.execute(kv.put('wanted', 'now')));
    expect(await next(watch, 1)).toEqual(['wanted=now']);
    await world.finish(client.close());
  });

  it('says COMPACTED where what comes next is gone', async () => {
    await open();
    const client = world.client();
    for (let at = 0; at < 20; at++) await world.finish(client.execute(kv.put('k', String(at))));
    await world.finish(client.execute(kv.compact(15)));
    const watch = client.watch(kv.watch('k', { revision: 3 }));
    await expect(world.finish(watch.next())).rejects.toMatchObject({ code: 'COMPACTED' });
    await expect(world.finish(watch.started)).rejects.toMatchObject({ code: 'COMPACTED' });
    expect(client.status.watches).toBe(0);
    await world.finish(client.close());
  });

  it('holds back a server whose client does not read', async () => {
    await open();
    const client = world.client();
    const watch = client.watch(kv.watch({ prefix: '' }));
    await world.finish(watch.started);
    const value = 'x'.repeat(10_000);
    for (let round = 0; round < 10; round++) {
      await world.finish(
        Promise.all(
          Array.from({ length: 20 }, (_, at) =>
            client.execute(kv.put(`k${String(round)}-${String(at)}`, value)),
          ),
        ),
      );
    }
    await world.runtime.run(1_000);
    // 2 MB were written; what has come is what there was room for.
    expect(watch.unreadBytes).toBeLessThan(400_000);
    expect(watch.unreadBytes).toBeGreaterThan(100_000);
    expect(await next(watch, 200)).toHaveLength(200);
    expect(watch.unreadBytes).toBe(0);
    await world.finish(client.close());
  });

  it('ends with its signal, and with its loop', async () => {
    await open();
    const client = world.client();
    const controller = new AbortController();
    const watch = client.watch(kv.watch('k'), { signal: controller.signal });
    await world.finish(watch.started);
    const step = watch.next();
    controller.abort();
    expect(await world.finish(step)).toEqual({ done: true, value: undefined });
    const other = client.watch(kv.watch('k'));
    await world.finish(other.started);
    await world.finish(client.execute(kv.put('k', '1')));
    await world.finish(
      (async () => {
        for await (const event of other) {
          expect(event.type).toBe('put');
          break;
        }
      })(),
    );
    expect(client.status.watches).toBe(0);
    await world.runtime.run(100);
    for (const id of members) expect(world.at(id).replica.status.watches).toBe(0);
    await world.finish(client.close());
  });

  it('is refused where there are too many of one client', async () => {
    await open({ server: { maxWatchesPerClient: 3 } });
    const client = world.client();
    const watches = Array.from({ length: 3 }, () => client.watch(kv.watch('k')));
    await world.finish(Promise.all(watches.map(({ started }) => started)));
    const fourth = client.watch(kv.watch('k'));
    await world.runtime.run(2_000);
    // It is asked for again and again, and gets its turn.
    watches[0]?.close();
    await world.finish(fourth.started);
    await world.finish(client.close());
  });
});
