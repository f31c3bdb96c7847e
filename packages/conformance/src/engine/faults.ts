/**
 * Everything at once: each seed draws faults, limits and load of its own; all invariants are checked
 * after every step, and progress is demanded in the end.
 */
import { type Random, seededRandom } from '@quorate/core';
import { check, equal } from '../check.ts';
import type { EngineLimits } from './options.ts';
import type { EngineTests } from './scene.ts';
import { Trace } from './world/index.ts';

/** Seeds of one test, so that none takes long. */
const seedsPerTest = 5;
/** Runs whose seed is divisible by this are made twice, and must be equal. */
const twiceEvery = 10;
/** In so many runs together, everything must have happened that can. */
const enoughSeeds = 100;
/** Time-outs that a run goes on with faults, and at most so many without them until all is well. */
const rageTimeouts = 24;
const recoveryTimeouts = 40;

export function faultTests<Message>(tests: EngineTests<Message>): void {
  const { from = 1, seeds = 40 } = tests.options.swarm ?? {};
  const total = new Map<string, number>();

  for (let first = from; first < from + seeds; first += seedsPerTest) {
    const last = Math.min(first + seedsPerTest, from + seeds) - 1;
    tests.test(`seeds ${first} to ${last}`, () => {
      for (let seed = first; seed <= last; seed++) {
        const trace = seed % twiceEvery === 0 ? new Trace() : undefined;
        const counts = runSeed(tests, seed, trace);
        if (trace !== undefined) {
          const again = new Trace();
          runSeed(tests, seed, again);
          equal(again.hash, trace.hash, `the checksum over all that happens with seed ${seed}`);
        }
        for (const [kind, count] of counts) total.set(kind, (total.get(kind) ?? 0) + count);
      }
    });
  }

  if (seeds < enoughSeeds) return;
  tests.test('they go through everything that they are meant to go through', () => {
    const { transfers } = tests.options.capabilities;
    const kinds = [
      'propose accepted',
      'propose rejected',
      'read ready',
      'read rejected',
      'reconfigure done',
      'reconfigure rejected',
      'compact done',
      'install done',
      ...(transfers ? ['transfer done', 'transfer rejected'] : []),
    ];
    const never = kinds.filter((kind) => (total.get(kind) ?? 0) < 5);
    check(never.length === 0, `never, or hardly ever: ${never.join(', ')}`);
  });
}

/** Runs a seed, and tells how many requests ended how. */
function runSeed<Message>(
  tests: EngineTests<Message>,
  seed: number,
  trace: Trace | undefined,
): ReadonlyMap<string, number> {
  const { electionTimeoutMs } = tests;
  const { tailSlackBytes = 64 * 1024 } = tests.options;
  const limits = tests.known(drawLimits(seededRandom(seed + 0x0b7)));
  const swarm = tests.swarm(seed, {
    limits,
    runMs: rageTimeouts * electionTimeoutMs,
    maxDurableTailBytes:
      limits.maxTailBytes === undefined
        ? Number.POSITIVE_INFINITY
        : limits.maxTailBytes + (limits.maxUncommittedBytes ?? 0) + tailSlackBytes,
    ...(trace === undefined ? {} : { trace }),
  });
  const { cluster } = swarm;
  try {
    swarm.rage();
    swarm.recover(recoveryTimeouts * electionTimeoutMs);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `seed ${seed} at ${cluster.schedule.now.toFixed(3)} ms: ${message}\n` +
        `  replay it alone: swarm: { from: ${seed}, seeds: 1 }`,
      { cause },
    );
  }
  return cluster.requests.counts;
}

/** Tiny limits reach code that large ones never see. */
function drawLimits(random: Random): EngineLimits {
  const maxClockDrift = random.pick([0.05, 0.1, 0.3]);
  if (random.chance(0.5)) {
    return { maxClockDrift, keepBytesBehindSnapshot: random.pick([0, 2000]) };
  }
  return {
    maxClockDrift,
    maxMessageRecordBytes: random.pick([200, 2000]),
    maxUncommittedBytes: random.pick([1000, 20_000]),
    maxUnappliedBytes: random.pick([500, 5000]),
    maxTailBytes: random.pick([0, 1000, 10_000]),
    maxPendingReads: random.pick([2, 1000]),
    keepBytesBehindSnapshot: random.pick([0, 500, 5000]),
  };
}
