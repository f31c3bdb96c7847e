/**
 * What one life of a storage consists of: from its open to its end, however that comes.
 *
 * Everything follows from a seed, the number of the life, and what the storage held when it was
 * opened. So whoever knows these knows every write that was called, and its content, from its number
 * alone.
 */
import { type LogIndex, type Random, seededRandom } from '@quorate/core';
import type { Content } from './content.ts';

/** Where the log of a storage begins and ends. */
export interface Shape {
  /** Lowest index present, or the one that comes next. */
  readonly first: LogIndex;
  /** Highest index ever reached, as far as it can be told. */
  readonly last: LogIndex;
  /** Index of the current snapshot; 0: none. */
  readonly snapshot: LogIndex;
}

/** A step of a write, with contents by name. */
export type PlannedOp =
  | { readonly type: 'put'; readonly index: LogIndex; readonly record: Content }
  | { readonly type: 'state'; readonly bytes: Content }
  | { readonly type: 'dropAfter'; readonly index: LogIndex }
  | { readonly type: 'dropBefore'; readonly index: LogIndex }
  /** Publishes what was staged last. */
  | {
      readonly type: 'snapshot';
      readonly index: LogIndex;
      readonly context: Content;
      readonly content: Content;
    };

/** A snapshot that is being written. */
export interface Staging {
  /** `undefined`: it cannot be taken up again. */
  readonly name: string | undefined;
  readonly content: Content;
  readonly chunkBytes: number;
}

/** What the storage is asked for next. */
export type Step =
  /** @property write number of the write in this life, from 1. */
  | { readonly type: 'write'; readonly write: number; readonly ops: readonly PlannedOp[] }
  /** Goes on while writes go on, until it is published. */
  | ({ readonly type: 'stage' } & Staging);

/** What all of it follows from. */
export interface LifePlan {
  readonly seed: number;
  /** Number of the life. */
  readonly life: number;
  readonly start: Shape;
  /** Staged under a name by an earlier life, to be taken up again. */
  readonly resume: Staging | undefined;
  /** Whether it only grows: nothing is dropped before a snapshot, and records are large. */
  readonly hoards: boolean;
}

/** More records than that are dropped, so that a check stays quick. */
const mostRecords = 500;
const kibibyte = 1024;

/** All that follows, without an end. */
export function* stepsOf(plan: LifePlan): Generator<Step, never> {
  const { seed, life, hoards } = plan;
  const random = seededRandom(seed * 8191 + life);
  let { first, last, snapshot } = plan.start;
  let staging: Staging | undefined;
  let stagings = 0;
  let contents = 0;

  const content = (bytes: number): Content => ({
    name: `${seed}/${life}/${++contents}`,
    bytes,
  });
  const put = (index: LogIndex): PlannedOp => ({
    type: 'put',
    index,
    record: content(recordBytes(random, hoards)),
  });
  const append = (count: number): readonly PlannedOp[] =>
    Array.from({ length: count }, () => put(++last));

  const publish = (staged: Staging): readonly PlannedOp[] => {
    const context = content(random.below(200));
    // Now and then one that comes from a peer, and lies ahead of everything here.
    const ahead = (!hoards && random.chance(0.15)) || last <= snapshot;
    snapshot = ahead ? last + 1 + random.below(50) : snapshot + 1 + random.below(last - snapshot);
    const op: PlannedOp = { type: 'snapshot', index: snapshot, context, content: staged.content };
    if (ahead) {
      first = snapshot + 1;
      last = snapshot;
      return [op, { type: 'dropBefore', index: first }];
    }
    if (hoards) return [op];
    first = Math.max(first, snapshot + 1 - random.below(40));
    return [op, { type: 'dropBefore', index: first }];
  };
  const dropBefore = (): PlannedOp => {
    first += 1 + random.below(last - first);
    return { type: 'dropBefore', index: first };
  };
  const replaceTail = (): readonly PlannedOp[] => {
    last -= random.below(Math.min(8, last - Math.max(first - 1, snapshot)) + 1);
    return [{ type: 'dropAfter', index: last }, ...append(random.below(4))];
  };
  const ordinary = (): readonly PlannedOp[] => {
    const lowest = Math.max(first, snapshot + 1);
    const draw = random.next();
    if (draw < 0.06) return [{ type: 'state', bytes: content(random.below(300)) }];
    if (draw < 0.11 && lowest <= last) return [put(lowest + random.below(last + 1 - lowest))];
    if (draw < 0.15 && lowest <= last) return replaceTail();
    if (draw < 0.18) {
      last += 1 + random.below(3);
      return append(1);
    }
    if (!hoards && (last - first > mostRecords || draw < 0.2) && first < last) {
      return [dropBefore(), ...append(1)];
    }
    const ops = append(1 + random.below(random.chance(0.2) ? 12 : 3));
    return random.chance(0.15)
      ? [...ops, { type: 'state', bytes: content(random.below(300)) }]
      : ops;
  };

  if (plan.resume !== undefined) {
    staging = plan.resume;
    yield { type: 'stage', ...staging };
  }
  for (let write = 1; ; write++) {
    if (staging === undefined && random.chance(0.05)) {
      const name = random.chance(0.5) ? `transfer-${life}-${++stagings}` : undefined;
      const chunkBytes = kibibyte * (1 + random.below(random.chance(0.5) ? 8 : 200));
      staging = { name, content: content(snapshotBytes(random)), chunkBytes };
      yield { type: 'stage', ...staging };
    }
    let ops: readonly PlannedOp[];
    if (staging !== undefined && random.chance(0.15)) {
      ops = publish(staging);
      staging = undefined;
    } else {
      ops = ordinary();
    }
    yield { type: 'write', write, ops };
  }
}

function recordBytes(random: Random, large: boolean): number {
  if (large) return random.below(12 * kibibyte);
  const draw = random.next();
  if (draw < 0.7) return random.below(400);
  if (draw < 0.92) return random.below(4 * kibibyte);
  if (draw < 0.99) return random.below(40 * kibibyte);
  return random.below(400 * kibibyte);
}

function snapshotBytes(random: Random): number {
  return random.below(random.chance(0.7) ? 64 * kibibyte : 1500 * kibibyte);
}
