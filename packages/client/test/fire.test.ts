/**
 * Exactly once under fire: leaders die and come back, connections break and are cut, and in the end everything has
 * happened once. Real replicas, servers and clients, on virtual time.
 */
import type { NodeId } from '@quorate/core';
import { add, counterMachine, read } from '@quorate/machine-counter';
import { expectType, ledger, ledgerMachine } from '@quorate/machine-ledger';
import { describe, expect, it } from 'vitest';
import { algorithms, members, World } from './world.ts';

/** Clients, and commands that each of them has under way at a time. */
const clientCount = 10;
const window = 1;

/** What struck while the commands went through. */
interface Fire {
  readonly crashes: number;
  readonly resets: number;
  readonly cuts: number;
}

/** Lets everything happen that can while the promise has not settled. */
async function underFire<C, R, Q, A>(
  world: World<C, R, Q, A>,
  promise: Promise<unknown>,
): Promise<Fire> {
  const fire = { crashes: 0, resets: 0, cuts: 0 };
  let settled = false;
  const end = (): void => {
    settled = true;
  };
  promise.then(end, end);
  const { runtime, links, network } = world;
  const anyClient = (): string =>
    `client-${String(1 + Math.floor(runtime.random() * clientCount))}`;
  const anyMember = (): NodeId => members[Math.floor(runtime.random() * members.length)] ?? 'a';
  const spell = (ms: number): Promise<boolean> => runtime.runUntil(() => settled, ms);
  for (let strike = 1; !(await spell(10 + runtime.random() * 30)); strike++) {
    if (strike % 4 === 2) {
      fire.crashes += 1;
      const victim = await world.leader();
      await world.crash(victim);
      await spell(runtime.random() * 150);
      await world.start(victim);
    } else if (strike % 4 !== 0) {
      fire.resets += 1;
      links.reset(anyClient());
    } else {
      // Nobody is told: what is under way waits, on both sides of the servers.
      fire.cuts += 1;
      const [client, member] = [anyClient(), anyMember()];
      links.cut(client, member);
      if (runtime.random() < 0.5) network.isolate(member);
      await spell(50 + runtime.random() * 250);
      links.heal();
      network.heal();
    }
  }
  return fire;
}

describe.each(['raft', 'paxos'] as const)('on %s', (name) => {
  it('10 000 increments count to 10 000', { timeout: 240_000 }, async () => {
    const world = await World.open(counterMachine, { algorithm: algorithms[name], seed: 5 });
    const clients = Array.from({ length: clientCount }, () =>
      world.client({ window, timeoutMs: 10 * 60_000, keepAliveMs: 200 }),
    );
    const calls = clients.flatMap((client) =>
      Array.from({ length: 10_000 / clientCount }, () => client.execute(add('n', 1n))),
    );
    const all = Promise.all(calls);
    const fire = await underFire(world, all);
    const values = (await world.finish(all)).map(({ value }) => value);
    // Each has a result of its own: none was applied twice, and none was told of another's.
    expect(new Set(values).size).toBe(10_000);
    const [first] = clients;
    expect(
      await world.finish(first?.query(read('n')) ?? Promise.reject(new Error())),
    ).toMatchObject({ value: 10_000n });
    expect(fire.crashes).toBeGreaterThan(2);
    expect(fire.resets).toBeGreaterThan(4);
    expect(fire.cuts).toBeGreaterThan(1);
    await world.finish(Promise.all(clients.map((client) => client.close())));
    await world.close();
  });

  it('every payment is made once, and all books agree', { timeout: 240_000 }, async () => {
    const world = await World.open(() => ledgerMachine(), { algorithm: algorithms[name], seed: 6 });
    const clients = Array.from({ length: clientCount }, () =>
      world.client({ window, timeoutMs: 10 * 60_000, keepAliveMs: 200 }),
    );
    const accounts = ['a', 'b', 'c', 'd', 'e'];
    const [first] = clients;
    if (first === undefined) throw new Error('no client');
    await world.finish(
      first.execute(ledger.atomic(...accounts.map((id) => ledger.open({ id, currency: 'EUR' })))),
    );
    const payments = 2_000;
    const calls = clients.flatMap((client, number) =>
      Array.from({ length: payments / clientCount }, (_, nth) => {
        const [debit = 'a', credit = 'b'] = [
          accounts[nth % 5],
          accounts[(nth + 1 + (number % 4)) % 5],
        ];
        const id = `${String(number)}-${String(nth)}`;
        return client.execute(ledger.transfer({ id, debit, credit, amount: 1n }));
      }),
    );
    const all = Promise.all(calls);
    const fire = await underFire(world, all);
    const results = await world.finish(all);
    expect(results.filter(({ type }) => type !== 'applied')).toEqual([]);
    expect(fire.crashes).toBeGreaterThan(0);

    const answer = expectType(await world.finish(first.query(ledger.status())), 'status');
    expect(answer.length).toBe(accounts.length + payments);
    // All replicas, once each has applied everything: one head, and books that balance.
    const head = await world.finish(world.at(await world.leader()).replica.query(ledger.status()));
    for (const { replica } of world.nodes.values()) {
      expect(await world.finish(replica.query(ledger.status()))).toEqual(head);
      const totals = expectType(await world.finish(replica.query(ledger.totals())), 'totals');
      expect(totals.totals.map(({ balances }) => balances)).toMatchObject([
        { debitsPosted: BigInt(payments), creditsPosted: BigInt(payments) },
      ]);
    }
    await world.finish(Promise.all(clients.map((client) => client.close())));
    await world.close();
  });
});
