/** What is told of a violation: the shortest prefix, the longest orders, the core. All against brute force. */
import { seededRandom } from '@quorate/core';
import {
  casRegisterModel,
  check,
  describeViolation,
  type History,
  HistoryRecorder,
  kvModel,
  ledgerModel,
  type Violation,
} from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { hasOrder, isOrder } from './support/brute-force.ts';
import { broken, generate } from './support/generate.ts';
import { systems } from './support/systems.ts';

/** The history as it was known after the event of that order. */
function knownAt(history: History, order: number): History {
  return history
    .filter(({ start }) => start.order <= order)
    .map((operation) => {
      if (operation.end === undefined || operation.end.order <= order) return operation;
      const { process, input, start } = operation;
      return { process, input, start, ending: { type: 'info' } };
    });
}

function violationOf(verdict: ReturnType<typeof check<unknown>>): Violation<unknown> {
  if (verdict.verdict !== 'violation') throw new Error(`it is ${verdict.verdict}`);
  return verdict.violation;
}

describe.each(['cas-register', 'kv', 'ledger'] as const)('violations of %s', (name) => {
  const system = systems[name]({ keys: 1, values: 3 });
  const found: { seed: number; history: History; violation: Violation<unknown> }[] = [];
  for (let seed = 1; found.length < 150; seed++) {
    const random = seededRandom(seed);
    const plan = { operations: 7, processes: 3, info: 0.2, maxInfo: 2, stale: 0.2 };
    const history = broken(system, generate(system, plan, seed), random);
    const verdict = check(system.model, history, { clock: () => 0 });
    if (verdict.verdict === 'violation') {
      found.push({ seed, history, violation: verdict.violation });
    }
  }

  it('have no order up to where they fail, and have one up to right before', () => {
    for (const { seed, history, violation } of found) {
      expect(violation.isShortest).toBe(true);
      const end = violation.prefix.failsAt.end?.order ?? 0;
      expect(hasOrder(system, knownAt(history, end)), `seed ${seed}`).toBe(false);
      expect(hasOrder(system, knownAt(history, end - 1)), `seed ${seed}`).toBe(true);
    }
  });

  it('have a core that has no order, whatever became of the others', () => {
    for (const { seed, violation } of found) {
      const { prefix, core, isMinimal } = violation;
      expect(isMinimal).toBe(true);
      expect(hasOrder(system, core.operations), `seed ${seed}`).toBe(false);
      expect(core.operations.length).toBeLessThanOrEqual(prefix.operations.length);
      // Nor is there one with the others, whether they happened or not. What changed nothing is left out.
      const ofCore = new Set(core.operations.map(({ start }) => start.order));
      const uncertain = prefix.operations.flatMap((operation) => {
        if (ofCore.has(operation.start.order)) return [operation];
        const { process, input, start, ending } = operation;
        if (ending.type === 'ok' && ending.output.result === false) return [];
        return [{ process, input, start, ending: { type: 'info' as const } }];
      });
      expect(hasOrder(system, uncertain), `seed ${seed}`).toBe(false);
    }
  });

  it('show orders that are some, in which only the misfit finds no place', () => {
    for (const { seed, violation } of found) {
      for (const { misfit, orders, operations } of [violation.prefix, violation.core]) {
        expect(orders.length, `seed ${seed}`).toBeGreaterThan(0);
        for (const { operations: order } of orders) {
          expect(isOrder(system, order), `seed ${seed}`).toBe(true);
          const end = misfit.end?.order ?? 0;
          const before = operations.filter(
            ({ ending, end: other }) => ending.type === 'ok' && (other?.order ?? end) < end,
          );
          expect(
            before.filter((operation) => !order.includes(operation)),
            `seed ${seed}`,
          ).toEqual([]);
          expect(order).not.toContain(misfit);
        }
      }
    }
  });
});

describe('a stale read', () => {
  const recorder = new HistoryRecorder();
  const done = (process: number, input: Parameters<typeof recorder.invoke>[1], output = {}) =>
    recorder.ok(recorder.invoke(process, input), output);
  done(0, { f: 'write', key: 'y', value: 9 });
  done(0, { f: 'write', key: 'x', value: 1 });
  done(1, { f: 'read', key: 'x' }, { value: 1 });
  done(1, { f: 'cas', key: 'x', value: [1, 2] }, { result: true });
  done(2, { f: 'read', key: 'x' }, { value: 1 });
  done(2, { f: 'read', key: 'x' }, { value: 2 });
  const violation = violationOf(check(casRegisterModel(), recorder.history()));

  it('is told with its key, and with what the register held', () => {
    expect(describeViolation(casRegisterModel(), violation as Violation<never>)).toBe(
      'key "x": no order fits read → 1 of process 2; before it the state can only be 2',
    );
    expect(violation.partition).toBe('"x"');
    expect(violation.prefix.stateCount).toBe(1);
  });

  it('has as core the writes and the read, and nothing else', () => {
    expect(violation.core.operations.map(({ input }) => input.f)).toEqual(['write', 'cas', 'read']);
  });
});

describe('well-known violations', () => {
  it.each([
    [
      'a lost update',
      [
        ['append', 'a'],
        ['append', 'b'],
        ['read', 'b'],
      ],
      kvModel(),
    ],
    [
      'a value out of thin air',
      [
        ['write', 'a'],
        ['read', 'z'],
      ],
      kvModel(),
    ],
    [
      'two reads in the wrong order',
      [
        ['write', 'a'],
        ['write', 'b'],
        ['read', 'b'],
        ['read', 'a'],
      ],
      kvModel(),
    ],
    [
      'a doubled append',
      [
        ['append', 'a'],
        ['read', 'aa'],
      ],
      kvModel(),
    ],
  ] as const)('%s', (_, events, model) => {
    const recorder = new HistoryRecorder();
    for (const [f, value] of events) {
      const id = recorder.invoke(0, f === 'read' ? { f, key: 'x' } : { f, key: 'x', value });
      recorder.ok(id, f === 'read' ? { value } : {});
    }
    const verdict = check(model, recorder.history());
    expect(verdict.verdict).toBe('violation');
  });

  it('money that was made in a transfer', () => {
    const recorder = new HistoryRecorder();
    const transfer = { f: 'transfer', value: { from: 'a', to: 'b', amount: 4 } };
    const open = recorder.invoke(0, transfer);
    recorder.ok(recorder.invoke(1, { f: 'read' }), { value: { a: 10, b: 4 } });
    recorder.ok(open, {});
    const model = ledgerModel({ accounts: { a: 10, b: 0 } });
    expect(check(model, recorder.history()).verdict).toBe('violation');
  });

  it('an operation whose answer takes an earlier read its only explanation', () => {
    // Up to the read the cas can have matched. It fails when the cas says that it did not.
    const recorder = new HistoryRecorder();
    const cas = recorder.invoke(0, { f: 'cas', value: [null, 1] });
    recorder.ok(recorder.invoke(1, { f: 'read' }), { value: 1 });
    recorder.ok(cas, { result: false });
    const { prefix } = violationOf(check(casRegisterModel(), recorder.history()));
    expect(prefix.failsAt.input.f).toBe('cas');
    expect(prefix.misfit.input.f).toBe('read');
  });
});
