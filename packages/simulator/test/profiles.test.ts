/** Plans out of seeds: which faults there may be, within which limits. */
import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { Fault } from '../src/faults/fault.ts';
import { planOf } from '../src/simulate.ts';
import type { Plan } from '../src/plan.ts';
import { type Profile, profiles } from '../src/profiles.ts';
import { registersOn, simulatedRaft } from './small-worlds.ts';

const parts = registersOn(simulatedRaft);
const drawn = simulatedRaft.draw(seededRandom(1));

function plansOf(profile: Profile, count = 300): readonly Plan[] {
  return Array.from({ length: count }, (_, at) => planOf(at + 1, parts, profile));
}

function kindsOf(plans: readonly Plan[]): ReadonlySet<string> {
  return new Set(plans.flatMap(({ faults }) => faults.map(kindOf)));
}

const kindOf = (fault: Fault): string =>
  fault.type === 'partition' && fault.shape === 'by-change' ? 'partition by-change' : fault.type;

const kinds: { readonly [P in Profile]: readonly string[] } = {
  calm: [],
  network: ['clog', 'clog-one-by-one', 'flapping', 'partition', 'weather'],
  crashes: ['crash', 'outage', 'pause'],
  disks: ['bit-rot', 'disk-error', 'disk-full', 'disk-slow', 'disk-stall', 'misdirected-write'],
  clocks: ['clock-drift', 'clock-jump'],
  membership: ['change', 'partition by-change', 'snapshot', 'transfer'],
  overload: ['overload'],
  clients: ['client-burst', 'client-crash', 'client-cut', 'client-pause', 'client-reset'],
  swarm: [],
};
const all = Object.values(kinds).flat().toSorted();

describe('a plan', () => {
  it('is the same for the same seed, another one for another, and for another profile', () => {
    expect(planOf(7, parts)).toEqual(planOf(7, parts));
    const texts = [1, 2, 3, 4, 5].map((seed) =>
      JSON.stringify({ ...planOf(seed, parts), seed: 0 }),
    );
    expect(new Set(texts).size).toBe(5);
    expect(planOf(7, parts, 'network')).not.toEqual(planOf(7, parts));
  });

  it('is plain data', () => {
    for (const plan of plansOf('swarm', 50)) {
      expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    }
  });

  it.each(profiles)(
    'of the profile %s has faults of its kinds alone, and each of them',
    (profile) => {
      const expected = profile === 'swarm' ? all : kinds[profile];
      expect([...kindsOf(plansOf(profile))].toSorted()).toEqual(expected);
    },
  );

  it('has its faults in order, and within its time', () => {
    for (const { faults, runMs } of plansOf('swarm')) {
      const times = faults.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((left, right) => left - right));
      for (const at of times) {
        expect(at).toBeGreaterThan(0);
        expect(at).toBeLessThan(runMs);
      }
    }
  });

  it('has a bad network only in the profiles of the network', () => {
    const bad = (plan: Plan): boolean =>
      plan.network.loss + plan.network.duplication + plan.network.replay + plan.network.corruption >
      0;
    for (const profile of profiles) {
      const some = plansOf(profile, 60).some(bad);
      expect(some).toBe(profile === 'swarm' || profile === 'network');
    }
    for (const { network } of plansOf('network')) expect(network.loss).toBeLessThanOrEqual(0.3);
  });

  it('has spare nodes where members change, and one to five voters', () => {
    for (const plan of plansOf('membership')) expect(plan.spares).toBeGreaterThan(0);
    for (const plan of plansOf('crashes')) expect(plan.spares).toBe(0);
    expect(new Set(plansOf('swarm').map(({ voters }) => voters))).toEqual(new Set([1, 2, 3, 5]));
    for (const plan of plansOf('calm', 20)) expect(plan.voters).toBe(3);
  });

  it('lets clocks drift no further than leases allow, or reads under none', () => {
    let timid = 0;
    for (const { clockDrift, clients, faults } of plansOf('clocks')) {
      const rates = faults.flatMap((fault) => (fault.type === 'clock-drift' ? [fault.rate] : []));
      const fastest = Math.max(1 + clockDrift, ...rates);
      if (clients.leaseReads === 0) {
        timid += 1;
        continue;
      }
      // The slowest clock runs at 1.
      expect(fastest - 1).toBeLessThanOrEqual(drawn.maxClockDrift);
    }
    expect(timid).toBeGreaterThan(100);
    expect(timid).toBeLessThan(250);
  });

  it('lasts by the time that elections take', () => {
    const slow = {
      ...parts,
      algorithm: { name: 'slow', draw: () => ({ ...drawn, electionTimeoutMs: 5000 }) },
    };
    const [usual, tenfold] = [planOf(3, parts), planOf(3, slow)];
    expect(tenfold.runMs).toBe(10 * usual.runMs);
    expect(tenfold.recoveryMs).toBe(10 * usual.recoveryMs);
    expect(tenfold.clients.timeoutMs).toBe(10 * usual.clients.timeoutMs);
  });
});
