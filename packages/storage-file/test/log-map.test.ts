/** The index in memory gives for every index the record that was put there last, and stays small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogMap, type SegmentUse } from '../src/log-map.ts';

/** A put of so many bytes, as it would lie in a segment. */
interface Stored {
  readonly index: number;
  readonly position: number;
}

type Step =
  | { readonly type: 'put'; readonly index: number; readonly bytes: number }
  | { readonly type: 'append'; readonly count: number; readonly bytes: number }
  | { readonly type: 'dropAfter' | 'dropBefore'; readonly index: number }
  | { readonly type: 'segment' };

const index = fc.integer({ min: 1, max: 30 });
const bytes = fc.constantFrom(100, 20_000, 70_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('put' as const), index, bytes }),
  fc.record({ type: fc.constant('append' as const), count: fc.integer({ min: 1, max: 8 }), bytes }),
  fc.record({ type: fc.constantFrom('dropAfter' as const, 'dropBefore' as const), index }),
  fc.record({ type: fc.constant('segment' as const) }),
);

/** The map, and beside it every put that ever was, in the order on disk. */
class World {
  readonly map: LogMap<SegmentUse> = new LogMap<SegmentUse>();
  readonly model: Map<number, { readonly segment: SegmentUse; readonly position: number }> =
    new Map();
  readonly segments: SegmentUse[] = [];
  readonly stored: Map<SegmentUse, Stored[]> = new Map();
  #end = 0;

  constructor() {
    this.next();
  }

  next(): void {
    const segment = { id: this.segments.length + 1, live: 0 };
    this.segments.push(segment);
    this.stored.set(segment, []);
    this.#end = 32;
  }

  put(at: number, length: number): void {
    const segment = this.segments.at(-1) ?? { id: 0, live: 0 };
    this.map.put(at, segment, this.#end);
    this.model.set(at, { segment, position: this.#end });
    this.stored.get(segment)?.push({ index: at, position: this.#end });
    this.#end += length;
  }

  run(steps: readonly Step[]): void {
    for (const each of steps) {
      switch (each.type) {
        case 'put':
          this.put(each.index, each.bytes);
          break;
        case 'append':
          for (let at = 0; at < each.count; at++) {
            this.put(Math.max(0, ...this.model.keys()) + 1, each.bytes);
          }
          break;
        case 'dropAfter':
          this.map.dropAfter(each.index);
          for (const key of this.model.keys()) if (key > each.index) this.model.delete(key);
          break;
        case 'dropBefore':
          this.map.dropBefore(each.index);
          for (const key of this.model.keys()) if (key < each.index) this.model.delete(key);
          break;
        case 'segment':
          this.next();
          break;
      }
    }
  }

  /** Follows the map as a reader does: from the place it names, over all puts that lie behind. */
  read(from: number, to: number): (readonly [number, SegmentUse, number])[] {
    const found: (readonly [number, SegmentUse, number])[] = [];
    for (const { first, last, position, segment } of this.map.locate(from, to)) {
      const puts = (this.stored.get(segment) ?? []).filter((put) => put.position >= position);
      let next = first;
      for (const put of puts) {
        if (next > last) break;
        if (put.index < next) continue;
        // A run has no other put between its own.
        expect(put.index).toBe(next);
        found.push([put.index, segment, put.position]);
        next++;
      }
      expect(next).toBe(last + 1);
    }
    return found;
  }
}

describe('the map of a log', () => {
  it('finds every record where it was put last, in every history', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), index, index, (steps, one, two) => {
        const world = new World();
        world.run(steps);
        const keys = [...world.model.keys()].sort((left, right) => left - right);
        const [first, last] = [keys[0], keys.at(-1)];
        expect(world.map.span).toEqual(
          first === undefined || last === undefined ? undefined : { first, last },
        );
        for (const [from, to] of [
          [0, 100],
          [Math.min(one, two), Math.max(one, two)],
        ] as const) {
          expect(world.read(from, to)).toEqual(
            keys
              .filter((key) => key >= from && key <= to)
              .map((key) => [key, world.model.get(key)?.segment, world.model.get(key)?.position]),
          );
        }
        for (const segment of world.segments) {
          const live = [...world.model.values()].filter((put) => put.segment === segment).length;
          expect(segment.live, `live records of segment ${String(segment.id)}`).toBe(live);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('keeps a place every 64 KiB, not one a record', () => {
    const map = new LogMap<SegmentUse>();
    const segment = { id: 1, live: 0 };
    for (let at = 1; at <= 100_000; at++) map.put(at, segment, at * 256);
    expect(map.size).toBeLessThan((100_000 * 256) / 65_536 + 10);
    expect(segment.live).toBe(100_000);
  });

  it('goes on in one stretch after a record was put again, and after a trim', () => {
    const map = new LogMap<SegmentUse>();
    const segment = { id: 1, live: 0 };
    for (let at = 1; at <= 100; at++) map.put(at, segment, at * 100);
    // A leader puts a window of slots again: one stretch more, not one a slot.
    for (let at = 37; at <= 100; at++) map.put(at, segment, 20_000 + at * 100);
    for (let at = 101; at <= 500; at++) map.put(at, segment, 20_000 + at * 100);
    map.dropBefore(250);
    for (let at = 501; at <= 600; at++) map.put(at, segment, 20_000 + at * 100);
    expect([...map.locate(0, 1000)].map(({ first, last }) => [first, last])).toEqual([[250, 600]]);
    expect(segment.live).toBe(351);
  });
});
