/** Draws the faults of a run, family by family. */
import type { Random } from '@quorate/core';
import type { Loss } from '@quorate/files/simulated';
import type { Range } from '../network/conditions.ts';
import type { DrawnAlgorithm } from '../options.ts';
import type { Fault, Target } from './fault.ts';

/** Families of faults. */
export type Family =
  | 'network'
  | 'crashes'
  | 'disks'
  | 'clocks'
  | 'membership'
  | 'overload'
  | 'clients';

/** All of them. */
export const families: readonly Family[] = [
  'network',
  'crashes',
  'disks',
  'clocks',
  'membership',
  'overload',
  'clients',
];

/** What faults are drawn for. */
export interface FaultSetting {
  readonly runMs: number;
  readonly scale: number;
  readonly drawn: DrawnAlgorithm;
  /** Clocks drift too far for leases. */
  readonly timid: boolean;
}

type Draw = (at: number, seed: number) => Fault;

/** One kind of faults: how often it comes, on average, and how one is drawn. */
interface Kind {
  readonly everyMs: Range;
  readonly draw: Draw;
}

/** Each kind of a family is there with this probability. */
const kindChance = 0.7;

/** Draws them, in the order in which they happen. */
export function drawFaults(
  random: Random,
  chosen: ReadonlySet<Family>,
  setting: FaultSetting,
): readonly Fault[] {
  const { runMs, scale } = setting;
  const faults: Fault[] = [];
  for (const family of chosen) {
    for (const { everyMs, draw } of kindsOf(family, random, setting)) {
      if (!random.chance(kindChance)) continue;
      const meanMs = random.between(...everyMs) * scale;
      for (let at = between(random, meanMs); at < runMs; at += between(random, meanMs)) {
        faults.push(draw(at, random.below(2 ** 30)));
      }
    }
  }
  return faults.sort((left, right) => left.at - right.at);
}

/** Exponential: what comes at random. */
function between(random: Random, meanMs: number): number {
  return Math.max(1, -Math.log(1 - random.next()) * meanMs);
}

const losses: readonly Loss[] = ['nothing', 'unsynced', 'partly', 'garbage'];

function kindsOf(family: Family, random: Random, setting: FaultSetting): readonly Kind[] {
  const { scale, drawn, timid } = setting;
  const target = (): Target => (random.chance(0.5) ? 'leader' : random.below(16));
  const node = (): number => random.below(16);
  const ms = (from: number, to: number): number => Math.floor(random.between(from, to) * scale);
  const loss = (): Loss => random.pick(losses);
  switch (family) {
    case 'network':
      return [
        {
          everyMs: [800, 4000],
          draw: (at, seed) => ({
            type: 'partition',
            at,
            seed,
            shape: random.pick([
              'halves',
              'isolate',
              'isolate',
              'one-way',
              'bridge',
              'leader-deaf',
            ]),
            ms: ms(50, random.pick([400, 1500, 4000])),
          }),
        },
        {
          everyMs: [2000, 6000],
          draw: (at, seed) => ({
            type: 'flapping',
            at,
            seed,
            target: target(),
            periodMs: ms(20, 800),
            ms: ms(500, 3000),
          }),
        },
        {
          everyMs: [800, 3000],
          draw: (at, seed) => ({ type: 'clog', at, seed, ms: ms(50, 3000) }),
        },
        {
          everyMs: [3000, 8000],
          draw: (at, seed) => ({ type: 'clog-one-by-one', at, seed, eachMs: ms(50, 800) }),
        },
        {
          everyMs: [2000, 6000],
          draw: (at, seed) => ({
            type: 'weather',
            at,
            seed,
            ms: ms(200, 3000),
            loss: random.next() * 0.3,
            duplication: random.next() * 0.2,
            replay: random.next() * 0.1,
            corruption: random.next() * 0.1,
            delayMs: ms(0, 60),
          }),
        },
      ];
    case 'crashes':
      return [
        {
          everyMs: [200, 2500],
          draw: (at, seed) => ({
            type: 'crash',
            at,
            seed,
            target: target(),
            how: random.pick(['power', 'operation', 'operation', 'kill', 'close']),
            loss: loss(),
            downMs: ms(0, random.pick([50, 700, 3000])),
          }),
        },
        {
          everyMs: [3000, 10_000],
          draw: (at, seed) => ({ type: 'outage', at, seed, loss: loss(), downMs: ms(0, 500) }),
        },
        {
          everyMs: [500, 4000],
          draw: (at, seed) => ({
            type: 'pause',
            at,
            seed,
            target: target(),
            ms: ms(10, random.pick([50, 700, 2500])),
          }),
        },
      ];
    case 'disks':
      return [
        {
          everyMs: [1000, 5000],
          draw: (at, seed) => ({
            type: 'disk-stall',
            at,
            seed,
            target: target(),
            ms: ms(50, 2500),
          }),
        },
        {
          everyMs: [1000, 5000],
          draw: (at, seed) => ({
            type: 'disk-slow',
            at,
            seed,
            target: target(),
            ms: ms(200, 3000),
            factor: random.pick([3, 10, 50]),
          }),
        },
        {
          everyMs: [2000, 7000],
          draw: (at, seed) => ({
            type: 'disk-full',
            at,
            seed,
            target: target(),
            ms: ms(100, 2000),
          }),
        },
        {
          everyMs: [1500, 6000],
          draw: (at, seed) => ({
            type: 'disk-error',
            at,
            seed,
            target: target(),
            operation: random.pick(['write', 'sync', 'sync', 'read', 'open', 'create', 'rename']),
            nth: 1 + random.below(6),
          }),
        },
        {
          everyMs: [3000, 9000],
          draw: (at, seed) => ({
            type: 'bit-rot',
            at,
            seed,
            target: node(),
            flips: 1 + random.below(8),
          }),
        },
        {
          everyMs: [3000, 9000],
          draw: (at, seed) => ({ type: 'misdirected-write', at, seed, target: node() }),
        },
      ];
    case 'clocks':
      return [
        {
          everyMs: [500, 3000],
          draw: (at, seed) => ({
            type: 'clock-jump',
            at,
            seed,
            target: target(),
            ms: Math.floor(random.between(-1, 1) * random.pick([10, 1000, 10_000_000])),
          }),
        },
        {
          everyMs: [1000, 4000],
          draw: (at, seed) => ({
            type: 'clock-drift',
            at,
            seed,
            target: target(),
            rate: 1 + random.next() * (timid ? 0.5 : driftWithin(drawn)),
          }),
        },
      ];
    case 'membership':
      return [
        {
          everyMs: [300, 2500],
          draw: (at, seed) => ({
            type: 'change',
            at,
            seed,
            kind: random.pick(['add', 'add', 'remove', 'replace', 'several']),
          }),
        },
        {
          everyMs: [500, 3000],
          draw: (at, seed) => ({
            type: 'transfer',
            at,
            seed,
            target: random.chance(0.5) ? 'anybody' : node(),
          }),
        },
        {
          everyMs: [500, 3000],
          draw: (at, seed) => ({ type: 'snapshot', at, seed, target: target() }),
        },
        {
          everyMs: [500, 3000],
          draw: (at, seed) => ({
            type: 'partition',
            at,
            seed,
            shape: 'by-change',
            ms: ms(100, 3000),
          }),
        },
      ];
    case 'overload':
      return [
        {
          everyMs: [1000, 5000],
          draw: (at, seed) => ({
            type: 'overload',
            at,
            seed,
            target: target(),
            operations: random.pick([10, 40, 120]),
          }),
        },
      ];
    case 'clients':
      return [
        {
          everyMs: [1000, 5000],
          draw: (at, seed) => ({
            type: 'client-crash',
            at,
            seed,
            target: node(),
            how: random.pick(['kill', 'close']),
            downMs: ms(0, random.pick([50, 700, 3000])),
          }),
        },
        {
          everyMs: [1000, 4000],
          draw: (at, seed) => ({
            type: 'client-pause',
            at,
            seed,
            target: node(),
            ms: ms(10, random.pick([50, 700, 2500])),
          }),
        },
        {
          everyMs: [800, 4000],
          draw: (at, seed) => ({
            type: 'client-cut',
            at,
            seed,
            target: node(),
            direction: random.pick(['there', 'back', 'both']),
            ms: ms(50, random.pick([400, 1500, 4000])),
          }),
        },
        {
          everyMs: [300, 2000],
          draw: (at, seed) => ({ type: 'client-reset', at, seed, target: node() }),
        },
        {
          everyMs: [2000, 6000],
          draw: (at, seed) => ({
            type: 'client-burst',
            at,
            seed,
            target: node(),
            operations: random.pick([5, 20]),
          }),
        },
      ];
  }
}

/** The fastest clock gains at most the bound on the slowest. */
export function driftWithin({ maxClockDrift }: DrawnAlgorithm): number {
  return maxClockDrift / (2 + maxClockDrift);
}
