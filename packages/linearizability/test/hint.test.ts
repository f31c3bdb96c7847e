/** An order that the caller believes in: if it is one, it decides at once; if not, it decides nothing. */
import { type Random, seededRandom } from '@quorate/core';
import {
  casRegisterModel,
  check,
  type CheckOptions,
  type History,
  HistoryRecorder,
  type Json,
  type Model,
} from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { hasOrder, isOrder } from './support/brute-force.ts';
import { broken, type Execution, execute, small } from './support/generate.ts';
import { bank, type System, systems } from './support/systems.ts';

const names = Object.keys(systems) as (keyof typeof systems)[];
const bounds: CheckOptions = { clock: () => 0, explanationMs: 1 };

/** The same in any order. */
function shuffled(order: readonly number[], random: Random): readonly number[] {
  return order
    .map((place) => ({ place, at: random.next() }))
    .sort((left, right) => left.at - right.at)
    .map(({ place }) => place);
}

/** Hints of every quality, from right (if the history is) to nonsense. */
function hintsFor({ history, order }: Execution, random: Random) {
  const all = [...history.keys()];
  return {
    'as it happened': order,
    'as it happened, in part': order.filter(() => random.chance(0.6)),
    'the wrong way round': order.toReversed(),
    'by their calls': all,
    'in any order': shuffled(all, random),
    'in any order, in part': shuffled(all, random).filter(() => random.chance(0.5)),
  } as const;
}

/** Many at once in a bank, and many of them open for ever. */
function crowded(system: System, seed: number): Execution {
  const plan = { operations: 500, processes: 50, info: 0.25, maxInfo: 150 };
  return execute(system, plan, seed);
}

function openOf(history: History): number {
  return history.filter(({ ending, input }) => ending.type === 'info' && input.f !== 'read').length;
}

describe('the order in which it happened', () => {
  const tight = { ...bounds, maxConfigurations: 5000 };

  it.each([
    ['6 accounts', bank(6, 20)],
    // So few states that one transfer often undoes another.
    ['2 accounts with next to nothing', bank(2, 2)],
  ] as const)('leads straight through 500 transfers and reads of %s', (_, system) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { history, order } = crowded(system, seed);
      expect(openOf(history)).toBeGreaterThan(50);
      const verdict = check(system.model, history, { ...tight, hint: order });
      expect(verdict.verdict, `seed ${seed}`).toBe('ok');
      // The first, and one for each operation at most.
      expect(verdict.configurations, `seed ${seed}`).toBeLessThanOrEqual(history.length + 1);
      if (verdict.verdict !== 'ok') continue;
      for (const found of verdict.orders.values()) expect(isOrder(system, found)).toBe(true);
    }
  });

  it('is out of reach without being told', () => {
    const system = bank(6, 20);
    const { history } = crowded(system, 1);
    expect(check(system.model, history, tight)).toMatchObject({
      verdict: 'unknown',
      why: 'configurations',
    });
  });

  it('is enough without what changed nothing', () => {
    const system = bank(6, 20);
    for (let seed = 1; seed <= 5; seed++) {
      const { history, order } = crowded(system, seed);
      const hint = order.filter((place) => history[place]?.input.f !== 'read');
      const verdict = check(system.model, history, { ...tight, hint });
      expect(verdict.verdict, `seed ${seed}`).toBe('ok');
      expect(verdict.configurations, `seed ${seed}`).toBeLessThanOrEqual(history.length + 1);
    }
  });

  it('helps up to where it is wrong, and from there on again', () => {
    const system = bank(6, 20);
    const { history, order } = execute(system, { operations: 400, processes: 12 }, 3);
    const swapped = order.map((place, at) => (at % 40 < 38 ? place : order[at ^ 1])).map(Number);
    expect(swapped).not.toEqual(order);
    const configurations = (hint: readonly number[]) => {
      const verdict = check(system.model, history, { ...bounds, hint });
      expect(verdict.verdict).toBe('ok');
      return verdict.configurations;
    };
    expect(configurations(order)).toBeLessThanOrEqual(history.length + 1);
    expect(configurations(swapped)).toBeLessThan(configurations([]) / 2);
  });
});

describe.each(names)('hints for small histories of %s', (name) => {
  const system = systems[name]();
  const seeds = 600;

  it('change no verdict', () => {
    const tally = { ok: 0, violation: 0 };
    for (let seed = 1; seed <= seeds; seed++) {
      const execution = small(system, seed);
      const { history } = execution;
      const expected = hasOrder(system, history) ? 'ok' : 'violation';
      tally[expected] += 1;
      for (const [kind, hint] of Object.entries(hintsFor(execution, seededRandom(seed)))) {
        const verdict = check(system.model, history, { ...bounds, hint });
        expect(verdict.verdict, `seed ${seed}, ${kind}`).toBe(expected);
        if (verdict.verdict !== 'ok') continue;
        const orders = [...verdict.orders.values()];
        const placed = new Set(orders.flat());
        const completed = history.filter(({ ending }) => ending.type === 'ok');
        expect(completed.every((operation) => placed.has(operation))).toBe(true);
        for (const order of orders) expect(isOrder(system, order), `seed ${seed}`).toBe(true);
      }
    }
    expect(Math.min(tally.ok, tally.violation)).toBeGreaterThan(seeds / 10);
  });
});

describe('hints for larger histories', () => {
  it.each(names)('of %s change no verdict', (name) => {
    const system = systems[name]();
    const verdicts = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const stale = seed % 4 === 2 ? 0.05 : 0;
      const plan = { operations: 60, processes: 4, info: 0.1, maxInfo: 5, fail: 0.05, stale };
      const execution = execute(system, plan, seed);
      const random = seededRandom(seed);
      const history =
        seed % 4 === 0 ? broken(system, execution.history, random) : execution.history;
      const { verdict: expected } = check(system.model, history, bounds);
      verdicts.add(expected);
      for (const [kind, hint] of Object.entries(hintsFor({ ...execution, history }, random))) {
        const { verdict } = check(system.model, history, { ...bounds, hint });
        expect(verdict, `seed ${seed}, ${kind}`).toBe(expected);
      }
    }
    expect([...verdicts].sort()).toEqual(['ok', 'violation']);
  });
});

describe('hints for a model that leaves open what happens', () => {
  /** A register that may forget what it is told, and say that it did not. */
  const forgetful: Model<Json> = {
    ...casRegisterModel(),
    init: null,
    step: (state, input, output) => {
      const told = casRegisterModel().step(state, input, output);
      return input.f === 'write' ? [state, ...told] : told;
    },
  };

  it('change no verdict', () => {
    const system = systems['cas-register']({ keys: 1, values: 3 });
    const tally = { ok: 0, violation: 0, unknown: 0 };
    for (let seed = 1; seed <= 600; seed++) {
      const execution = small(system, seed);
      const { verdict: expected } = check(forgetful, execution.history, bounds);
      tally[expected] += 1;
      for (const [kind, hint] of Object.entries(hintsFor(execution, seededRandom(seed)))) {
        const { verdict } = check(forgetful, execution.history, { ...bounds, hint });
        expect(verdict, `seed ${seed}, ${kind}`).toBe(expected);
      }
    }
    expect(tally.unknown).toBe(0);
    expect(Math.min(tally.ok, tally.violation)).toBeGreaterThan(60);
  });
});

describe('a hint', () => {
  const recorder = new HistoryRecorder();
  recorder.ok(recorder.invoke(0, { f: 'write', key: 'x', value: 1 }), {});
  recorder.fail(recorder.invoke(0, { f: 'write', key: 'x', value: 2 }));
  recorder.ok(recorder.invoke(0, { f: 'read', key: 'y' }), { value: null });
  const history = recorder.history();
  const hinted = (...hint: readonly number[]) => check(casRegisterModel(), history, { hint });

  it('may name what failed and go through all parts', () => {
    expect(hinted(2, 1, 0).verdict).toBe('ok');
    expect(hinted().verdict).toBe('ok');
  });

  it('may undo at once what has to be seen before', () => {
    const story = new HistoryRecorder();
    const write = story.invoke(0, { f: 'write', value: 1 });
    const undo = story.invoke(1, { f: 'write', value: null });
    const cas = story.invoke(2, { f: 'cas', value: [1, 2] });
    const last = story.invoke(3, { f: 'write', value: 5 });
    story.ok(cas, { result: true });
    story.ok(last, {});
    story.ok(story.invoke(4, { f: 'read' }), { value: 5 });
    const hint = [write, undo, last, cas];
    expect(check(casRegisterModel(), story.history(), { hint }).verdict).toBe('ok');
  });

  it('names places in the history, each once', () => {
    for (const place of [-1, 3, 0.5, Number.NaN]) {
      expect(() => hinted(0, place)).toThrow(/none of 0 to 2; give places in the history/);
    }
    expect(() => hinted(0, 1, 0)).toThrow(/hint has 0, which is there twice/);
  });
});
