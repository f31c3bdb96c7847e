/**
 * The bounds of the log: the rule that stale keys never come back, against a model that keeps keys
 * and records apart.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Layout } from '../src/layout.ts';

type Step =
  | { readonly type: 'put' | 'dropAfter' | 'dropBefore'; readonly index: number }
  | { readonly type: 'sweep'; readonly keys: number }
  | { readonly type: 'reopen' };

const index = fc.integer({ min: 1, max: 30 });
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof(
    fc.record({ type: fc.constantFrom('put', 'dropAfter', 'dropBefore'), index }),
    fc.record({ type: fc.constant('sweep'), keys: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ type: fc.constant('reopen') }),
  ),
  { maxLength: 60 },
);

describe('bounds', () => {
  it('tell the records apart from stale keys, whatever is swept or not', () => {
    const property = fc.property(steps, (history) => {
      let layout = new Layout(undefined, undefined);
      const records = new Set<number>();
      const keys = new Set<number>();
      for (const step of history) {
        switch (step.type) {
          case 'put': {
            const stale = layout.put(step.index);
            for (const key of keys) {
              if (stale && key >= stale.first && key <= stale.last) keys.delete(key);
            }
            records.add(step.index);
            keys.add(step.index);
            break;
          }
          case 'dropAfter':
            layout.dropAfter(step.index);
            for (const at of records) if (at > step.index) records.delete(at);
            break;
          case 'dropBefore':
            layout.dropBefore(step.index);
            for (const at of records) if (at < step.index) records.delete(at);
            break;
          case 'sweep': {
            const sweep = layout.stale();
            if (sweep === undefined) break;
            const inside = [...keys].filter((at) => at >= sweep.first && at <= sweep.last);
            inside.sort((left, right) => (sweep.reverse ? right - left : left - right));
            const found = inside.slice(0, step.keys);
            for (const key of found) keys.delete(key);
            const end = sweep.reverse ? sweep.first : sweep.last;
            layout.swept(sweep, found.length < step.keys ? end : (found.at(-1) ?? end));
            break;
          }
          case 'reopen': {
            const sorted = [...keys].sort((left, right) => left - right);
            const [first] = sorted;
            const last = sorted.at(-1);
            const all = first === undefined || last === undefined ? undefined : { first, last };
            layout = new Layout(layout.live, all);
            break;
          }
        }
        const { live } = layout;
        const visible = [...keys].filter((at) => live && at >= live.first && at <= live.last);
        expect(new Set(visible)).toEqual(records);
        const due = live === undefined ? 0 : Math.max(live.last - live.denseFrom + 1, 0);
        const dense = visible.filter((at) => live !== undefined && at >= live.denseFrom);
        expect(dense.length).toBe(due);
      }
    });
    fc.assert(property, { numRuns: 2000 });
  });

  it('a log that is appended to and trimmed is dense, and leaves its stale keys below', () => {
    const layout = new Layout(undefined, undefined);
    for (let at = 1; at <= 100; at++) expect(layout.put(at)).toBeUndefined();
    layout.dropBefore(60);
    layout.dropAfter(90);
    expect(layout.live).toEqual({ first: 60, last: 90, denseFrom: 60 });
    expect(layout.stale()).toEqual({ first: 1, last: 59, reverse: false });
  });

  it('a put that leaves a gap names the stale keys in it', () => {
    const layout = new Layout({ first: 1, last: 10, denseFrom: 1 }, { first: 1, last: 50 });
    expect(layout.put(11)).toBeUndefined();
    expect(layout.put(20)).toEqual({ first: 12, last: 19 });
    expect(layout.live).toEqual({ first: 1, last: 20, denseFrom: 20 });
    expect(layout.put(60)).toEqual({ first: 21, last: 50 });
  });
});
