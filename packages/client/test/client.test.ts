/** What a client is told, while nothing fails and while single things do. */
import { setMaxListeners } from 'node:events';
import type { Client, Refusal } from '@quorate/client';
import { ByteWriter, QuorateError, TooLargeError, writeEnvelope } from '@quorate/core';
import {
  add,
  compareAndSet,
  type CounterAnswer,
  type CounterCommand,
  counterMachine,
  type CounterQuery,
  type CounterResult,
  read,
} from '@quorate/machine-counter';
import { afterEach, describe, expect, it } from 'vitest';
import { algorithms, members, World, type WorldOptions } from './world.ts';

let world: World<CounterCommand, CounterResult, CounterQuery, CounterAnswer>;

async function open(options: WorldOptions = {}): Promise<void> {
  world = await World.open(counterMachine, options);
}

afterEach(async () => {
  await world.close();
});

describe.each(['raft', 'paxos'] as const)('a client of %s', (name) => {
  const algorithm = algorithms[name];

  it('executes and queries, through the leader wherever that is', async () => {
    await open({ algorithm });
    const leader = await world.leader();
    for (const only of ['a:1', 'b:1', 'c:1']) {
      const client = world.client({ endpoints: [only] });
      await world.finish(client.execute(add('visits', 2n)));
      await world.finish(client.close());
    }
    const client = world.client();
    expect(await world.finish(client.query(read('visits')))).toMatchObject({ value: 6n });
    expect(client.status).toMatchObject({ node: leader, leader });
    expect(await world.finish(client.execute(compareAndSet('visits', 6n, 10n)))).toMatchObject({
      happened: true,
    });
    await world.finish(client.close());
    expect(client.status.pending).toBe(0);
  });

  it('goes on when the leader dies, and follows when it changes', async () => {
    await open({ algorithm });
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    const first = await world.leader();
    const during = Array.from({ length: 100 }, () => client.execute(add('n', 1n)));
    await world.crash(first);
    await world.finish(Promise.all(during));
    const second = await world.leader();
    expect(second).not.toBe(first);
    expect(client.status.node).toBe(second);
    await world.start(first);
    await world.leader();
    await world.finish(world.at(second).replica.transferLeadership(first));
    await world.runtime.runUntil(() => client.status.node === first, 60_000);
    expect(client.status.node).toBe(first);
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 102n });
    await world.finish(client.close());
  });

  it('leaves a node that is cut off from the group, though it can be reached', async () => {
    await open({ algorithm });
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    const cutOff = await world.leader();
    expect(client.status.node).toBe(cutOff);
    world.network.isolate(cutOff);
    const waiting = client.query(read('n'), { timeoutMs: 60_000 });
    expect(await world.finish(client.execute(add('n', 1n), { timeoutMs: 60_000 }))).toMatchObject({
      value: 2n,
    });
    expect(await world.finish(waiting)).toMatchObject({ type: 'read' });
    expect(client.status.node).not.toBe(cutOff);
    world.network.heal();
    await world.finish(client.close());
  });

  it('has nothing happen twice though its connections break all the time', async () => {
    await open({ algorithm });
    const client = world.client({ window: 4 });
    const calls = Array.from({ length: 400 }, () => client.execute(add('n', 1n)));
    let settled = 0;
    for (const call of calls) void call.then(() => (settled += 1));
    let resets = 0;
    while (settled < calls.length) {
      await world.runtime.run(world.runtime.random() * 30);
      world.links.reset('client-1');
      resets += 1;
    }
    const results = await world.finish(Promise.all(calls));
    expect(results.map(({ value }) => value)).toEqual(calls.map((_, at) => BigInt(at + 1)));
    expect(resets).toBeGreaterThan(10);
    expect(await world.finish(client.query(read('n')))).toMatchObject({ value: 400n });
    const repeated = [...world.nodes.values()].map(
      ({ replica }) => replica.counters['commands_repeated'] ?? 0,
    );
    expect(Math.max(...repeated)).toBeGreaterThan(0);
    await world.finish(client.close());
  });
});

describe('a client', () => {
  it('keeps the order in which it was called', async () => {
    await open();
    const client = world.client();
    const results = await world.finish(
      Promise.all(Array.from({ length: 500 }, () => client.execute(add('n', 1n)))),
    );
    expect(results.map(({ value }) => value)).toEqual(
      Array.from({ length: 500 }, (_, at) => BigInt(at + 1)),
    );
    await world.finish(client.close());
  });

  it('says UNAVAILABLE for what was never taken, and it never happens', async () => {
    await open();
    const client = world.client();
    for (const id of members) world.links.cut('client-1', id);
    await expect(
      world.finish(client.execute(add('n', 1n), { timeoutMs: 500 })),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await expect(world.finish(client.query(read('n'), { timeoutMs: 500 }))).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    world.links.heal();
    expect(await world.finish(client.query(read('n')))).toMatchObject({ value: 0n });
    await world.finish(client.close());
  });

  it('says OUTCOME_UNKNOWN for what was handed on, and goes on behind it', async () => {
    await open();
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    const leader = await world.leader();
    const call = client.execute(add('n', 1n), { timeoutMs: 400 });
    await world.runtime.run(0);
    world.links.cut('client-1', leader);
    await expect(world.finish(call)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    world.links.heal();
    expect(await world.finish(client.execute(add('m', 5n)))).toMatchObject({ value: 5n });
    await world.finish(client.close());
  });

  it('never has that happen later which was definitely given up', async () => {
    await open();
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    const controller = new AbortController();
    for (const id of members) world.links.cut('client-1', id);
    await world.runtime.runUntil(() => client.status.node === undefined, 60_000);
    const call = client.execute(add('n', 100n), { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' });
    world.links.heal();
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 2n });
    await world.finish(client.close());
  });

  it('gives up a connection on which a damaged length swallows all that follows', async () => {
    await open();
    const links = world.links.host('client-1');
    let damaged = 0;
    const client = world.client({
      timeoutMs: 60_000,
      links: {
        platform: links.platform,
        proves: links.proves,
        identity: links.identity,
        listen: (address, accept) => links.listen(address, accept),
        dial: (address, expected, handler) =>
          links.dial(address, expected, (link) => {
            const inner = handler(link);
            return {
              opened: (identity) => inner.opened(identity),
              unproven: (end) => inner.unproven(end),
              drained: () => inner.drained(),
              otherSideEnded: () => inner.otherSideEnded(),
              closed: (end) => inner.closed(end),
              data: (chunk) => {
                // Behind the type stands the length: it grows by a mebibyte.
                if (damaged === 1) chunk[2] = (chunk[2] ?? 0) | 0x10;
                if (damaged === 1) damaged = 2;
                inner.data(chunk);
              },
            };
          }),
      },
    });
    await world.finish(client.execute(add('n', 1n)));
    damaged = 1;
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 2n });
    expect(damaged).toBe(2);
    await world.finish(client.close());
  });

  it('is told SESSION_EXPIRED once its session is gone, and goes on in another', async () => {
    await open();
    const client = world.client({ sessionTimeoutMs: 1_000 });
    await world.finish(client.execute(add('n', 1n)));
    const first = client.status.session;
    // Silent for longer than the session lives.
    for (const id of members) world.links.cut('client-1', id);
    await world.runtime.run(20_000);
    world.links.heal();
    const next = client.execute(add('n', 1n));
    await expect(world.finish(next)).rejects.toMatchObject({ code: 'SESSION_EXPIRED' });
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 2n });
    expect(client.status.session).not.toBe(first);
    await world.finish(client.close());
  });

  it('does not know what became of a command that was sent before its session ended', async () => {
    await open();
    const client = world.client({ sessionTimeoutMs: 1_000, timeoutMs: 120_000 });
    await world.finish(client.execute(add('n', 1n)));
    const sent = client.execute(add('n', 1n));
    await world.runtime.run(0);
    for (const id of members) world.links.cut('client-1', id);
    await world.runtime.run(20_000);
    world.links.heal();
    await expect(world.finish(sent)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await world.finish(client.close());
  });

  it('skips the number of a command that was definitely given up', async () => {
    await open({ limits: { requestTimeoutMs: 100 } });
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    // One that has not led: what a leader has accepted may still happen.
    const leader = await world.leader();
    const survivor = leader === 'a' ? 'b' : 'a';
    const others = members.filter((id) => id !== survivor);
    for (const id of others) await world.crash(id);
    const { replica } = world.at(survivor);
    await world.runtime.runUntil(
      () => client.status.node === survivor && replica.status.leader === undefined,
      60_000,
    );
    const controller = new AbortController();
    // Each call listens until it settles; from the eleventh on Node takes that for a leak.
    const count = 20;
    setMaxListeners(count, controller.signal);
    const calls = Array.from({ length: count }, () =>
      client.execute(add('n', 100n), { signal: controller.signal }).then(
        () => 'result',
        (error: unknown) => (error instanceof QuorateError ? error.code : 'none'),
      ),
    );
    // Until all of them were refused, since nobody leads, and wait for their next attempt.
    const pending = (): number => replica.status.pending;
    do {
      await world.runtime.runUntil(() => pending() > 0, 60_000);
      await world.runtime.runUntil(() => pending() === 0, 60_000);
      await world.runtime.run(5);
    } while (pending() > 0);
    controller.abort();
    expect(new Set(await world.finish(Promise.all(calls)))).toEqual(new Set(['ABORTED']));
    for (const id of others) await world.start(id);
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 2n });
    await world.finish(client.close());
  });

  it('keeps an idle session', async () => {
    await open();
    const client = world.client({ sessionTimeoutMs: 9_000, keepAliveMs: 1_000 });
    await world.finish(client.execute(add('n', 1n)));
    const { session } = client.status;
    await world.runtime.run(60_000);
    await world.finish(client.execute(add('n', 1n)));
    expect(client.status.session).toBe(session);
    await world.finish(client.close());
    await world.runtime.run(1_000);
    expect(world.at(await world.leader()).replica.counters['sessions']).toBe(0);
  });

  it('waits for all voters where it is asked to', async () => {
    await open();
    const client = world.client({ acknowledge: 'all' });
    expect(await world.finish(client.execute(add('n', 1n)))).toMatchObject({ value: 1n });
    for (const { replica } of world.nodes.values()) {
      expect(await world.finish(replica.query(read('n'), { consistency: 'local' }))).toMatchObject({
        value: 1n,
      });
    }
    await world.finish(client.close());
  });

  it('refuses what is too large, too much, or makes no sense, and nothing happens', async () => {
    await open({ limits: { maxCommandBytes: 200 } });
    const client = world.client({ maxPending: 2 });
    await world.finish(client.execute(add('n', 1n)));
    await expect(client.execute(add('x'.repeat(250), 1n))).rejects.toBeInstanceOf(TooLargeError);
    await expect(world.finish(client.execute(add('', 1n)))).rejects.toMatchObject({
      code: expect.stringMatching(/INVALID_ARGUMENT|COMMAND_REJECTED/u) as string,
    });
    const calls = [add('n', 1n), add('n', 1n)].map((command) => client.execute(command));
    await expect(client.execute(add('n', 1n))).rejects.toMatchObject({ code: 'OVERLOADED' });
    await world.finish(Promise.all(calls));
    await expect(client.execute(add('n', 1n), { timeoutMs: 0 })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(await world.finish(client.query(read('n')))).toMatchObject({ value: 3n });
    await world.finish(client.close());
    await expect(client.execute(add('n', 1n))).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('tells whoever waits when it is closed', async () => {
    await open();
    const client = world.client();
    await world.finish(client.execute(add('n', 1n)));
    const sent = client.execute(add('n', 1n));
    const asked = client.query(read('n'));
    await Promise.all([
      expect(sent).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' }),
      expect(asked).rejects.toMatchObject({ code: 'CLOSED' }),
      world.finish(client.close()),
    ]);
  });

  it('does not let a client speak as a leader does', async () => {
    await open();
    const { service } = world.at('a').replica;
    const refused: string[] = [];
    const requester = {
      answered: () => undefined,
      unconfirmed: () => undefined,
      refused: (_id: number, { code }: { code: string }) => refused.push(code),
    };
    for (const type of ['time', 'leader'] as const) {
      const writer = new ByteWriter();
      writeEnvelope({ type }, writer);
      service.submit(writer.take(), { acknowledge: 'quorum', timeoutMs: 1_000 }, 1, requester);
    }
    service.submit(new Uint8Array([99]), { acknowledge: 'quorum', timeoutMs: 1_000 }, 1, requester);
    expect(refused).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT', 'MALFORMED']);
  });
});

describe('a server', () => {
  it('serves only those that show a token, or that it admits', async () => {
    await open({ server: { tokens: ['secret', 'other'] } });
    const told = async (token?: string): Promise<string> => {
      const client = world.client(token === undefined ? {} : { token });
      const outcome = await world.finish(
        client.execute(add('n', 1n), { timeoutMs: 300 }).then(
          () => 'result',
          (error: unknown) => String(error),
        ),
      );
      await world.finish(client.close());
      return outcome;
    };
    expect(await told('secret')).toBe('result');
    expect(await told('other')).toBe('result');
    expect(await told('secreT')).toMatch(/no token/u);
    expect(await told('secret2')).toMatch(/no token/u);
    expect(await told()).toMatch(/no token/u);
  });

  it('ends the connections of those whose token holds no longer', async () => {
    let tokens = ['first', 'second'];
    await open({ server: { tokens: () => tokens } });
    const refusals: string[] = [];
    const onRefused = ({ code }: Refusal): void => void refusals.push(code);
    const leaving = world.client({ token: 'first', onRefused });
    const staying = world.client({ token: 'second', onRefused: () => refusals.push('staying') });
    for (const client of [leaving, staying]) {
      await world.finish(client.execute(add('n', 1n)));
    }
    const { node } = staying.status;
    await world.runtime.run(10_000);
    expect([leaving.status.node !== undefined, refusals]).toEqual([true, []]);
    tokens = ['second', 'third'];
    await world.runtime.runUntil(() => refusals.length > 0, 10_000);
    expect([leaving.status.node, new Set(refusals)]).toEqual([
      undefined,
      new Set(['UNAUTHENTICATED']),
    ]);
    await expect(
      world.finish(leaving.execute(add('n', 1n), { timeoutMs: 1_000 })),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await world.finish(staying.execute(add('n', 1n)))).toMatchObject({ value: 3n });
    expect(staying.status.node).toBe(node);
    await world.finish(Promise.all([leaving.close(), staying.close()]));
  });

  it('is known to refuse for good once all have done so; a client goes on trying unless it is closed', async () => {
    await open({ server: { tokens: ['secret'] } });
    const refusals: Refusal[] = [];
    const onRefused = (refusal: Refusal): void => void refusals.push(refusal);
    const stubborn = world.client({ token: 'wrong', onRefused });
    await expect(
      world.finish(stubborn.execute(add('n', 1n), { timeoutMs: 5_000 })),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(refusals.length).toBeGreaterThan(1);
    expect(refusals[0]).toEqual({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/^[abc]:1: refused by the other side: .*no token/u) as string,
    });
    await world.finish(stubborn.close());

    const quitter: Client<CounterCommand, CounterResult, CounterQuery, CounterAnswer> =
      world.client({ token: 'wrong', onRefused: () => void quitter.close() });
    const call = quitter.execute(add('n', 1n), { timeoutMs: 60_000 });
    const startedAt = world.runtime.now();
    await expect(world.finish(call)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(world.runtime.now() - startedAt).toBeLessThan(1_000);

    // One that is down may let it in when it is back.
    refusals.length = 0;
    await world.crash('a');
    const patient = world.client({ token: 'wrong', onRefused });
    await expect(
      world.finish(patient.execute(add('n', 1n), { timeoutMs: 2_000 })),
    ).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(refusals).toEqual([]);
    await world.finish(patient.close());
  });

  it('does not serve clients whose certificate is for another cluster', async () => {
    await open({ certificates: true });
    const told = async (cluster: string): Promise<string> => {
      const links = world.links.host(`web-${cluster}`, { role: 'client', cluster, name: 'web' });
      const client = world.client({ links });
      const outcome = await world.finish(
        client.execute(add('n', 1n), { timeoutMs: 300 }).then(
          () => 'result',
          (error: unknown) => String(error),
        ),
      );
      await world.finish(client.close());
      return outcome;
    };
    expect(await told('test')).toBe('result');
    expect(await told('elsewhere')).toMatch(/different clusters/u);
  });

  it('does not serve clients of another cluster', async () => {
    await open();
    const client = world.client({ cluster: 'elsewhere' });
    await expect(world.finish(client.execute(add('n', 1n), { timeoutMs: 300 }))).rejects.toThrow(
      /different clusters/u,
    );
    await world.finish(client.close());
  });

  it('refuses one request too many, which the client asks again later', async () => {
    await open({ server: { maxRequestsPerClient: 4 } });
    const client = world.client();
    const calls = Array.from({ length: 200 }, () => client.execute(add('n', 1n)));
    await world.finish(Promise.all(calls));
    const answers = await world.finish(
      Promise.all(Array.from({ length: 50 }, () => client.query(read('n')))),
    );
    expect(answers.every((answer) => answer.type === 'read' && answer.value === 200n)).toBe(true);
    await world.finish(client.close());
  });
});

describe('a member that takes a client in and cuts it off again and again', () => {
  it('is dialled with pauses', async () => {
    await open();
    const links = world.links.host('client-1');
    let dials = 0;
    const client = world.client({
      endpoints: [`${await world.leader()}:1`],
      links: {
        platform: links.platform,
        proves: links.proves,
        identity: links.identity,
        listen: (address, accept) => links.listen(address, accept),
        dial: (address, expected, handler) => {
          dials += 1;
          return links.dial(address, expected, (link) => {
            world.runtime.setTimer(10, () => {
              link.destroy();
            });
            return handler(link);
          });
        },
      },
    });
    await world.runtime.run(10_000);
    // Without pauses it would be a thousand.
    expect(dials).toBeLessThan(20);
    expect(dials).toBeGreaterThan(5);
    await world.finish(client.close());
  });
});
