/** Term runs against a plain list of terms. */
import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { LogTerms } from '../../src/log-terms.ts';

/** The last index up to `index` whose term is at most `term`, counted out. */
function naiveLastUpTo(
  terms: readonly number[],
  base: number,
  index: number,
  term: number,
): number {
  for (let at = index; at >= base; at--) if ((terms[at] ?? 0) <= term) return at;
  return base - 1;
}

describe('term runs', () => {
  it('know the term at every index, whatever is appended, truncated and trimmed', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const runs = new LogTerms({ index: 0, term: 0 });
      /** Term of each index; index 0 is before the first. */
      const terms = [0];
      let base = 0;
      for (let nth = 0; nth < 100; nth++) {
        const last = terms.length - 1;
        if (random.chance(0.7)) {
          const term =
            (terms[last] ?? 0) + (random.chance(0.7) && last > 0 ? 0 : 1 + random.below(3));
          runs.append(terms.length, term);
          terms.push(term);
        } else if (random.chance(0.5)) {
          const to = base + random.below(last - base + 1);
          runs.truncateAfter(to);
          terms.length = to + 1;
        } else {
          const to = base + random.below(last - base + 1);
          runs.dropThrough(to, last);
          base = to;
        }
        const end = terms.length - 1;
        expect(runs.base).toEqual({ index: base, term: terms[base] });
        expect(runs.lastTerm).toBe(terms[end]);
        for (let index = base; index <= end; index++) expect(runs.termAt(index)).toBe(terms[index]);
        const index = base + random.below(end - base + 1);
        const term = random.below((terms[end] ?? 0) + 2);
        expect(runs.lastUpTo(index, term)).toBe(naiveLastUpTo(terms, base, index, term));
        const kept = new LogTerms(runs.base, runs.runs());
        expect(kept.runs()).toEqual(runs.runs());
        expect(kept.lastTerm).toBe(runs.lastTerm);
      }
    }
  });

  it('refuse a term that falls', () => {
    const runs = new LogTerms({ index: 0, term: 0 });
    runs.append(1, 5);
    expect(() => runs.append(2, 4)).toThrow('terms do not fall');
  });
});
