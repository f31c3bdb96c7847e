/** The table of sessions is the same on all replicas: also on one that got it out of a snapshot. */
import { concatBytes, type Envelope } from '@quorate/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { collect, streamOf } from '../register.ts';
import { add, openWorld, type World } from '../world.ts';
import { decide, payloadOfEnvelope } from './probe.ts';

const id = fc.integer({ min: 1, max: 4 });
const sequence = fc.integer({ min: 1, max: 6 });
const answered = fc.integer({ min: 0, max: 5 });
const envelope: fc.Arbitrary<Envelope> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('open-session' as const),
      timeoutMs: fc.integer({ min: 0, max: 500 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('session-command' as const),
      session: id,
      sequence,
      answered,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('skip' as const), session: id, sequence, answered }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('keep-session' as const), session: id, answered }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close-session' as const), session: id }) },
  { weight: 2, arbitrary: fc.constant({ type: 'time' as const }) },
  { weight: 1, arbitrary: fc.constant({ type: 'leader' as const }) },
);
const steps = fc.array(
  fc.record({ envelope, afterMs: fc.integer({ min: 0, max: 200 }), by: fc.nat(9) }),
  {
    maxLength: 60,
  },
);

async function snapshotOf({ log }: World): Promise<Uint8Array> {
  return concatBytes(await collect(log.consumer.snapshot().chunks));
}

it('replies and goes on alike after a snapshot at any place', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.nat(60), async (all, place) => {
      const first = await openWorld();
      const second = await openWorld();
      let time = 1_000;
      const payloads = all.map(({ envelope: each, by }) =>
        payloadOfEnvelope(each, each.type === 'session-command' ? add(by) : undefined),
      );
      const times = all.map(({ afterMs }) => (time += afterMs));
      for (const [at, payload] of payloads.entries()) {
        if (at === Math.min(place, all.length - 1) && at > 0) {
          await second.log.restore(at, streamOf([await snapshotOf(first)]));
        }
        const told = decide(first, [payload], times[at] ?? 0);
        if (at < place && at < all.length - 1) continue;
        if (at === 0) second.log.deliver([]);
        expect(decide(second, [payload], times[at] ?? 0)).toEqual(told);
        if (second.replica.status.appliedIndex < first.replica.status.appliedIndex) continue;
        expect(second.replica.sessionsHash()).toBe(first.replica.sessionsHash());
      }
      if (all.length === 0 || second.replica.status.appliedIndex < all.length) return;
      expect(await snapshotOf(second)).toEqual(await snapshotOf(first));
    }),
  );
});

it('has a digest that every change of a table changes', async () => {
  const world = await openWorld();
  const digests = [world.replica.sessionsHash()];
  const changes: readonly Envelope[] = [
    { type: 'open-session', timeoutMs: 300 },
    { type: 'keep-session', session: 1, answered: 0 },
    { type: 'skip', session: 1, sequence: 1, answered: 0 },
    { type: 'keep-session', session: 1, answered: 1 },
    { type: 'close-session', session: 1 },
  ];
  changes.forEach((change, at) => {
    decide(world, [payloadOfEnvelope(change, undefined)], 1_000 + at);
    digests.push(world.replica.sessionsHash());
  });
  expect(digests[0]).toMatch(/^[0-9a-f]{8}$/);
  expect(new Set(digests).size).toBe(digests.length);
});

it('no number of a session happens twice, whatever comes in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const world = await openWorld();
      const happened = new Set<string>();
      let time = 1_000;
      for (const { envelope: each, afterMs } of all) {
        time += afterMs;
        const before = world.machine.contexts.length;
        decide(
          world,
          [payloadOfEnvelope(each, each.type === 'session-command' ? add(1) : undefined)],
          time,
        );
        if (world.machine.contexts.length === before) continue;
        if (each.type !== 'session-command') throw new Error('only commands happen');
        const name = `${String(each.session)}/${String(each.sequence)}`;
        expect(happened).not.toContain(name);
        happened.add(name);
        // In order, without a gap.
        if (each.sequence > 1) {
          expect(
            happened.has(`${String(each.session)}/${String(each.sequence - 1)}`) || skipped(all),
          ).toBe(true);
        }
      }
    }),
  );
});

function skipped(all: readonly { readonly envelope: Envelope }[]): boolean {
  return all.some(({ envelope: { type } }) => type === 'skip');
}
