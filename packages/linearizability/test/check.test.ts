/** The check as a whole: what must not change its verdict, its bounds, and models of one's own. */
import {
  casRegisterModel,
  check,
  type History,
  HistoryRecorder,
  ledgerModel,
  type Model,
  registerModel,
} from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { generate } from './support/generate.ts';
import { systems } from './support/systems.ts';

const names = Object.keys(systems) as (keyof typeof systems)[];
const plan = { operations: 40, processes: 4, info: 0.1, maxInfo: 4, fail: 0.1 };
const clock = () => 0;

/** Every operation takes longer, as far as its process allows: calls earlier, completions later. */
function widened(history: History): History {
  return history.map((operation) => {
    const ofProcess = history.filter(({ process }) => process === operation.process);
    const before = ofProcess.findLast(({ start }) => start.order < operation.start.order);
    const after = ofProcess.find(({ start }) => start.order > operation.start.order);
    const { order } = operation.start;
    const start = { order: (order + (before?.end?.order ?? before?.start.order ?? order)) / 2 };
    if (operation.end === undefined) return { ...operation, start };
    const end = { order: (operation.end.order + (after?.start.order ?? operation.end.order)) / 2 };
    return { ...operation, start, end };
  });
}

describe.each(names)('histories of a real %s', (name) => {
  const system = systems[name]();
  const histories = Array.from({ length: 15 }, (_, seed) => generate(system, plan, seed));
  const verdictOf = (history: History) => check(system.model, history, { clock }).verdict;

  it('are linearizable', () => {
    expect(histories.map(verdictOf)).toEqual(histories.map(() => 'ok'));
  });

  it('stay so when operations take longer', () => {
    expect(histories.map(widened).map(verdictOf)).toEqual(histories.map(() => 'ok'));
  });

  it('stay so when an outcome gets lost', () => {
    const lossy = histories.map((history) =>
      history.map((operation, at) =>
        at % 10 === 3 && operation.ending.type === 'ok'
          ? { ...operation, ending: { type: 'info' as const } }
          : operation,
      ),
    );
    expect(lossy.map(verdictOf)).toEqual(histories.map(() => 'ok'));
  });

  it('are not when a read sees what nobody wrote', () => {
    const wrong = histories.map((history) => {
      const read = history.findLastIndex(
        (each) => each.input.f === 'read' && each.ending.type === 'ok',
      );
      const ending = { type: 'ok', output: { value: -999 } } as const;
      return history.map((operation, at) => (at === read ? { ...operation, ending } : operation));
    });
    expect(wrong.map(verdictOf)).toEqual(histories.map(() => 'violation'));
  });
});

describe('the bounds', () => {
  const history = generate(systems.register({ keys: 2, values: 50 }), { ...plan, info: 0 }, 1);

  it('give up after so many configurations', () => {
    const verdict = check(registerModel(), history, { maxConfigurations: 3, clock });
    expect(verdict).toMatchObject({ verdict: 'unknown', why: 'configurations' });
  });

  it('give up after so much time', () => {
    let now = 0;
    const slow = () => (now += 1000);
    const hard = generate(
      systems.register({ keys: 1, values: 999 }),
      { operations: 400, processes: 30, stale: 0.1 },
      5,
    );
    const verdict = check(registerModel(), hard, { timeoutMs: 1500, clock: slow });
    expect(verdict).toMatchObject({ verdict: 'unknown', why: 'timeout', partition: '"k0"' });
  });

  it('do not hide a violation in another part', () => {
    const recorder = new HistoryRecorder();
    const writes = Array.from({ length: 12 }, (_, at) =>
      recorder.invoke(at, { f: 'write', key: 'hard', value: at }),
    );
    for (const id of writes) recorder.ok(id, {});
    recorder.ok(recorder.invoke(0, { f: 'read', key: 'hard' }), { value: -1 });
    const hard = recorder.history();
    const bounds = { maxConfigurations: 1000, clock };
    expect(check(registerModel(), hard, bounds).verdict).toBe('unknown');
    // More operations than the hard part, so that it is looked at last.
    for (let value = 0; value < 20; value++) {
      recorder.ok(recorder.invoke(0, { f: 'write', key: 'easy', value }), {});
    }
    expect(check(registerModel(), recorder.history(), bounds).verdict).toBe('unknown');
    recorder.ok(recorder.invoke(0, { f: 'read', key: 'easy' }), { value: 3 });
    expect(check(registerModel(), recorder.history(), bounds)).toMatchObject({
      verdict: 'violation',
      violation: { partition: '"easy"' },
    });
  });

  it('are numbers above 0', () => {
    expect(() => check(registerModel(), [], { timeoutMs: 0 })).toThrow(/above 0/);
    expect(() => check(registerModel(), [], { maxConfigurations: Number.NaN })).toThrow(/above 0/);
  });

  it('leave nothing to do for no operations', () => {
    expect(check(registerModel(), [])).toMatchObject({ verdict: 'ok', operations: 0 });
  });
});

describe('operations that nobody waits for', () => {
  it('cost nothing if they are alike or have no effect', () => {
    const recorder = new HistoryRecorder();
    for (let process = 1; process <= 60; process++) {
      recorder.invoke(process, process % 2 === 0 ? { f: 'read' } : { f: 'write', value: 1 });
    }
    recorder.ok(recorder.invoke(0, { f: 'write', value: 2 }), {});
    recorder.ok(recorder.invoke(0, { f: 'read' }), { value: 3 });
    const verdict = check(casRegisterModel(), recorder.history(), { clock });
    expect(verdict.verdict).toBe('violation');
    expect(verdict.configurations).toBeLessThan(10);
  });
});

describe('a ledger without a limit', () => {
  it('may refuse what it likes, and does not do what it refused', () => {
    const recorder = new HistoryRecorder();
    const transfer = { f: 'transfer', value: { from: 'a', to: 'b', amount: 5 } };
    recorder.ok(recorder.invoke(0, transfer), { result: false });
    recorder.ok(recorder.invoke(0, { f: 'read' }), { value: { a: 9, b: 0 } });
    recorder.ok(recorder.invoke(0, transfer), { result: true });
    recorder.ok(recorder.invoke(0, transfer), {});
    recorder.ok(recorder.invoke(0, { f: 'read', key: 'a' }), { value: -1 });
    const accounts = { a: 9, b: 0 };
    expect(check(ledgerModel({ accounts }), recorder.history()).verdict).toBe('ok');
    const limited = ledgerModel({ accounts, minimumBalance: 0 });
    expect(check(limited, recorder.history()).verdict).toBe('violation');
  });
});

describe('a model of one’s own', () => {
  type Input = { readonly type: 'push'; readonly item: string } | { readonly type: 'take' };

  /** A bag: `take` gives any of the items, whichever it likes. */
  const bag: Model<readonly string[], Input, string> = {
    name: 'bag',
    init: [],
    step: (items, input, output) => {
      if (input.type === 'push') return [[...items, input.item].sort()];
      const without = (item: string) => items.filter((_, at) => at !== items.indexOf(item));
      if (output !== undefined) return items.includes(output) ? [without(output)] : [];
      return items.map(without);
    },
    key: (items) => JSON.stringify(items),
  };

  function taken(...outputs: readonly string[]) {
    const recorder = new HistoryRecorder<Input, string>();
    for (const item of ['a', 'b', 'c']) {
      recorder.ok(recorder.invoke(0, { type: 'push', item }), '');
    }
    recorder.invoke(9, { type: 'take' });
    for (const output of outputs) recorder.ok(recorder.invoke(1, { type: 'take' }), output);
    return check(bag, recorder.history()).verdict;
  }

  it('may leave it open what happens', () => {
    expect(taken('c', 'a')).toBe('ok');
    expect(taken('b', 'a', 'c')).toBe('ok');
    expect(taken('a', 'a')).toBe('violation');
  });
});
