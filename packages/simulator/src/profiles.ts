/**
 * Draws the plan of a seed. Each seed has some kinds of faults and not others, and its own strengths
 * (swarm testing: Groce et al., "Swarm Testing", 2012): all at once hide each other.
 */
import { type Random, seededRandom } from '@quorate/core';
import { driftWithin, drawFaults, families, type Family } from './faults/draw.ts';
import type { DrawnAlgorithm } from './options.ts';
import type { Plan, SessionPlan } from './plan.ts';

/** Which kinds of faults there may be. `swarm`: all, each seed some of them; `calm`: none. */
export type Profile = 'swarm' | 'calm' | Family;

/** All profiles. */
export const profiles: readonly Profile[] = ['swarm', 'calm', ...families];

/** Those of clients are drawn apart. */
const ofNodes = families.filter((family) => family !== 'clients');

/** Each seed has every family with this probability, in a swarm. */
const familyChance = 0.55;

/** Draws a plan. The same seed gives the same plan for ever, as long as this code stays. */
export function drawPlan(seed: number, profile: Profile, drawn: DrawnAlgorithm): Plan {
  const random = seededRandom(seed);
  const chosen = familiesOf(profile, random);
  const scale = drawn.electionTimeoutMs / 500;
  const size = random.pick([1, 2, 3, 3, 3, 3, 5, 5]);
  const runMs = Math.floor(random.between(2500, 10_000)) * scale;
  const churn = chosen.has('membership');
  const slowNetwork = random.chance(0.15);
  const slowDisk = random.chance(0.2);
  const tiny = random.chance(0.6);
  const timid = chosen.has('clocks') && random.chance(0.5);
  const setting = { runMs, scale, drawn, timid };
  // From a generator of its own: what clients far away do leaves the rest of a seed as it is.
  const apart = seededRandom(seed + 2 ** 47);
  const sessions = drawSessions(apart, profile, scale);
  const troubled = profile === 'clients' || (profile === 'swarm' && apart.chance(familyChance));
  const ofClients = troubled ? drawFaults(apart, new Set(['clients']), setting) : [];
  return {
    seed,
    voters: profile === 'calm' ? 3 : size,
    spares: churn ? random.pick([1, 2, 2]) : 0,
    runMs,
    recoveryMs: 60_000 * scale,
    quorumOnly: random.chance(0.5),
    network: drawNetwork(random, chosen.has('network'), slowNetwork, scale),
    diskLatencyMs: slowDisk
      ? [0.5, random.between(5, 40) * scale]
      : [0.05, random.between(0.3, 3) * scale],
    turnMs: random.chance(0.3) ? [0, random.between(0.5, 5) * scale] : [0, 0.05],
    // As far as leases allow, or beyond where there are none.
    clockDrift: timid ? 0.3 : driftWithin(drawn) * random.next(),
    clockSkewMs: random.pick([0, 100, 100_000]),
    clients: {
      count: random.pick([2, 4, 4, 8]),
      thinkMs: random.pick([20, 60, 150, 400]) * scale,
      // From far away more is done in a time, and each operation costs more of the real one.
      operations: sessions.share === 0 ? 700 : 300,
      timeoutMs: random.pick([1000, 3000, 3000]) * scale,
      leaseReads: timid ? 0 : random.pick([0, 0.5, 1]),
      acknowledgeAll: random.pick([0, 0, 0.2]),
      sticky: random.chance(0.5),
      sessions,
    },
    limits: {
      snapshotLogBytes: tiny ? random.pick([500, 2000, 8000]) : 60_000,
      snapshotLogFactor: tiny ? 0.01 : 1,
      snapshotChunkBytes: tiny ? random.pick([100, 1000]) : 16_384,
      snapshotBytesPerSecond: random.pick([100_000, 10_000_000]),
      maxEntryBytes: tiny ? random.pick([100, 2000]) : 256 * 1024,
      maxPendingBytes: tiny ? random.pick([3000, 200_000]) : 32 * 2 ** 20,
    },
    faults: [...drawFaults(random, chosen, setting), ...ofClients].sort(
      (left, right) => left.at - right.at,
    ),
  };
}

/** In two of three seeds nobody is far away. */
function drawSessions(random: Random, profile: Profile, scale: number): SessionPlan {
  const share = random.pick([0, 0, 0, 0, 0.5, 1]);
  return {
    share: profile === 'clients' ? Math.max(share, 0.5) : share,
    together: random.pick([0, 1, 1]),
    timeoutMs: Math.floor(random.pick([300, 1000, 5000, 60_000]) * scale),
    window: random.pick([1, 4, 4096]),
    keepAliveMs: Math.min(Math.max(Math.floor(random.pick([100, 400, 2000]) * scale), 10), 60_000),
    clockDrift: random.pick([0, 0.05, 0.5]),
  };
}

function familiesOf(profile: Profile, random: Random): ReadonlySet<Family> {
  if (profile === 'calm' || profile === 'clients') return new Set();
  if (profile !== 'swarm') return new Set([profile]);
  return new Set(ofNodes.filter(() => random.chance(familyChance)));
}

function drawNetwork(random: Random, bad: boolean, slow: boolean, scale: number): Plan['network'] {
  const rate = (probability: number, most: number): number =>
    bad && random.chance(probability) ? random.next() * most : 0;
  return {
    delayMs: slow ? [1, random.between(20, 120) * scale] : [0.1, random.between(0.5, 10) * scale],
    reordering: random.chance(0.5),
    loss: rate(0.5, 0.3),
    duplication: rate(0.5, 0.2),
    replay: rate(0.4, 0.05),
    corruption: rate(0.3, 0.05),
  };
}
