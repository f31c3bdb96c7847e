/**
 * The checker against all orders, on thousands of small histories of every model. The systems they come
 * from are written apart from the models, so this compares those too.
 */
import { check } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { hasOrder, isOrder } from './support/brute-force.ts';
import { small } from './support/generate.ts';
import { systems } from './support/systems.ts';

const seeds = 2000;

describe.each(Object.keys(systems) as (keyof typeof systems)[])('%s', (name) => {
  const system = systems[name]();
  const tally = { ok: 0, violation: 0, unknown: 0 };

  it(`says what trying all orders says, of ${seeds} histories`, () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const history = small(system, seed).history;
      const verdict = check(system.model, history, { clock: () => 0 });
      tally[verdict.verdict] += 1;
      expect(verdict.verdict, `seed ${seed}`).toBe(hasOrder(system, history) ? 'ok' : 'violation');
      if (verdict.verdict === 'ok') {
        // Nothing that completed is missing, and the order of each part is one.
        const orders = [...verdict.orders.values()];
        const placed = new Set(orders.flat());
        const completed = history.filter(({ ending }) => ending.type === 'ok');
        expect(
          completed.filter((operation) => !placed.has(operation)),
          `seed ${seed}`,
        ).toEqual([]);
        for (const order of orders) expect(isOrder(system, order), `seed ${seed}`).toBe(true);
      }
    }
  });

  it('meets both verdicts often', () => {
    expect(tally.unknown).toBe(0);
    expect(Math.min(tally.ok, tally.violation)).toBeGreaterThan(seeds / 10);
  });
});
