/** Which records there must be, against a plain set of indexes. */
import { type LogIndex, seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Presence } from '../src/presence.ts';

/** The lowest index from here on that is in the set. */
function nextIn(set: ReadonlySet<LogIndex>, from: LogIndex): LogIndex {
  return Math.min(Infinity, ...[...set].filter((index) => index >= from));
}

function keep(set: Set<LogIndex>, wanted: (index: LogIndex) => boolean): void {
  for (const index of set) if (!wanted(index)) set.delete(index);
}

describe('presence', () => {
  it.each([1, 2, 3, 4, 5])('knows exactly what was put and dropped (seed %d)', (seed) => {
    const random = seededRandom(seed);
    const presence = new Presence();
    const set = new Set<LogIndex>();
    for (let step = 0; step < 200; step++) {
      const index = 1 + random.below(40);
      const kind = random.below(10);
      if (kind < 7) {
        presence.put(index);
        set.add(index);
      } else if (kind < 9) {
        presence.dropAfter(index);
        keep(set, (each) => each <= index);
      } else {
        presence.dropBefore(index);
        keep(set, (each) => each >= index);
      }
      for (let from = 0; from <= 42; from++) {
        expect(presence.next(from)).toBe(nextIn(set, from));
        if (from > 0) expect(presence.allows(from)).toBe(set.has(from));
        const last = from + random.below(10);
        expect(presence.mayHold({ first: from, last })).toBe(nextIn(set, from) <= last);
      }
      expect(presence.last ?? 0).toBe(Math.max(0, ...set));
      expect(presence.empty).toBe(set.size === 0);
      const { runs } = presence;
      const gaps = runs.slice(1).map(({ first }, at) => first - (runs[at]?.last ?? 0));
      expect(Math.min(2, ...gaps)).toBe(2);
    }
  });

  it('a million appends are one run', () => {
    const presence = new Presence();
    for (let index = 1; index <= 1_000_000; index++) presence.put(index);
    expect(presence.runs).toEqual([{ first: 1, last: 1_000_000 }]);
  });

  it('a copy goes its own way', () => {
    const presence = new Presence();
    presence.put(1);
    const copy = presence.copy();
    copy.put(2);
    expect(presence.last).toBe(1);
    expect(copy.last).toBe(2);
  });

  describe('with too many runs', () => {
    function crowded(): Presence {
      const presence = new Presence();
      for (let index = 2; index <= 4000; index += 2) presence.put(index);
      return presence;
    }

    it('forgets the lowest, and then says nothing about them', () => {
      const presence = crowded();
      expect(presence.runs).toHaveLength(1024);
      const known = presence.knownFrom;
      expect(presence.next(0)).toBe(presence.runs[0]?.first);
      expect(presence.next(0)).toBeGreaterThanOrEqual(known);
      expect(presence.allows(3)).toBe(true);
      expect(presence.allows(3999)).toBe(false);
      expect(presence.mayHold({ first: 1, last: 1 })).toBe(true);
      expect(presence.empty).toBe(false);
    });

    it('learns that what was forgotten is dropped', () => {
      const presence = crowded();
      presence.dropBefore(presence.knownFrom);
      expect(presence.knownFrom).toBe(1);
      expect(presence.allows(2)).toBe(false);
      const cut = crowded();
      cut.dropAfter(100);
      expect(cut.runs).toEqual([]);
      expect(cut.empty).toBe(false);
      expect(cut.allows(50)).toBe(true);
      expect(cut.allows(101)).toBe(false);
      cut.dropAfter(0);
      expect(cut.empty).toBe(true);
    });

    it('knows again what is put right below, and nothing of what is put further below', () => {
      const presence = crowded();
      const known = presence.knownFrom;
      presence.put(known - 5);
      expect(presence.next(0)).toBe(presence.runs[0]?.first);
      expect(presence.runs[0]?.first).toBeGreaterThanOrEqual(known);
      presence.dropAfter(known + 1);
      presence.put(known - 1);
      expect(presence.next(0)).toBe(known - 1);
    });
  });
});
