import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { PeerRuns } from '../src/duplicates.ts';

describe('runs of peers', () => {
  it('lets each ticket of a run through once, in any order', () => {
    const runs = new PeerRuns(() => false);
    runs.heard('b', 7);
    const random = seededRandom(3);
    const passed = new Map<number, number>();
    for (let round = 0; round < 20_000; round++) {
      const ticket = Math.max(1, Math.floor(round / 4) - random.below(1000));
      if (runs.first('b', 7, ticket)) passed.set(ticket, (passed.get(ticket) ?? 0) + 1);
    }
    expect([...passed.values()].every((times) => times === 1)).toBe(true);
    expect(passed.size).toBeGreaterThan(4000);
  });

  it('drops a ticket that is too old to tell, instead of doing it twice', () => {
    const runs = new PeerRuns(() => false);
    runs.heard('b', 7);
    expect(runs.first('b', 7, 1)).toBe(true);
    for (let ticket = 2; ticket < 20_000; ticket++) runs.first('b', 7, ticket);
    expect(runs.first('b', 7, 1)).toBe(false);
  });

  it('counts the tickets of each run for themselves', () => {
    const runs = new PeerRuns(() => false);
    runs.heard('b', 7);
    expect(runs.first('b', 7, 1)).toBe(true);
    runs.heard('b', 8);
    expect(runs.first('b', 8, 1)).toBe(true);
    expect(runs.first('b', 8, 1)).toBe(false);
    expect(runs.first('b', 7, 1)).toBe(false);
  });

  it('is not led astray by a late frame of a former run, heard of after the present one', () => {
    const runs = new PeerRuns(() => false);
    runs.heard('b', 8);
    expect(runs.first('b', 8, 1)).toBe(true);
    runs.heard('b', 7);
    runs.heard('b', 8);
    expect(runs.latestOf('b')).toBe(8);
    expect(runs.first('b', 8, 1)).toBe(false);
    expect(runs.first('b', 8, 2)).toBe(true);
  });

  it('remembers so many runs, those heard last, and so many strangers', () => {
    const runs = new PeerRuns((node) => node === 'b');
    for (let run = 1; run <= 17; run++) {
      runs.heard('b', run);
      runs.first('b', run, 1);
    }
    expect(runs.first('b', 1, 2)).toBe(false);
    expect(runs.first('b', 2, 2)).toBe(true);
    for (let stranger = 0; stranger < 1000; stranger++) runs.heard(`s${String(stranger)}`, 1);
    expect(runs.latestOf('s0')).toBeUndefined();
    expect(runs.latestOf('s999')).toBe(1);
    expect(runs.latestOf('b')).toBe(17);
  });

  it('knows nothing of a peer that it has not heard of', () => {
    const runs = new PeerRuns(() => false);
    expect(runs.latestOf('b')).toBeUndefined();
    expect(runs.first('b', 7, 1)).toBe(false);
  });
});
