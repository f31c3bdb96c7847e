/** The history of the clients, judged twice: by the search, which tries the order of the log first, and by that. */
import { seededRandom } from '@quorate/core';
import { HistoryRecorder, type Model } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { judge } from '../src/checks/history.ts';
import type { Place } from '../src/checks/states.ts';
import { bankWorkload } from '../src/workloads/bank.ts';
import { registerWorkload } from '../src/workloads/registers.ts';

type AnyModel = Model<unknown, unknown, unknown>;

const registers = registerWorkload().model as AnyModel;
const bank = bankWorkload({ accounts: 3, each: 100 }).model as AnyModel;

const transfer = (from: number, to: number, amount: number): unknown => ({
  f: 'transfer',
  value: { from: `a${String(from)}`, to: `a${String(to)}`, amount },
});

/** All called at once, applied one after the other; two of three are never answered. */
function rush(count: number) {
  const random = seededRandom(1);
  const recorder = new HistoryRecorder<unknown, unknown>();
  const held = [100, 100, 100];
  const calls = Array.from({ length: count }, (_, process) => {
    const [from, to, amount] = [random.below(3), random.below(3), random.below(100)] as const;
    const id = recorder.invoke(process, transfer(from, to, amount));
    return { id, from, to, amount, turn: random.next() };
  });
  const places = new Map<number, Place>();
  const applied = calls.toSorted((left, right) => left.turn - right.turn);
  applied.forEach(({ id, from, to, amount }, index) => {
    const result = (held[from] ?? 0) >= amount;
    if (result) {
      held[from] = (held[from] ?? 0) - amount;
      held[to] = (held[to] ?? 0) + amount;
    }
    places.set(id, { index, position: 0 });
    if (index % 3 === 0) recorder.ok(id, { result });
    if (index % 10 !== 9) return;
    const read = recorder.invoke(`reader ${String(index)}`, { f: 'read' });
    places.set(read, { index, position: 1 });
    const value = Object.fromEntries(held.map((balance, at) => [`a${String(at)}`, balance]));
    recorder.ok(read, { value });
  });
  return { history: recorder.history(), placeOf: (id: number) => places.get(id) };
}

describe('a history', () => {
  const read = (value: number | null, index: number) => {
    const recorder = new HistoryRecorder<unknown, unknown>();
    const key = 'x';
    recorder.ok(recorder.invoke(0, { f: 'write', key, value: 1 }), {});
    // Not answered before the read has been.
    const late = recorder.invoke(1, { f: 'write', key, value: 2 });
    recorder.ok(recorder.invoke(0, { f: 'read', key }), { value });
    recorder.ok(late, {});
    const places = [1, 2, index].map((each) => ({ index: each, position: 0 }));
    return judge(registers, recorder.history(), (id) => places[id]);
  };

  it('breaks no rule if the order of the log explains it', () => {
    expect(read(1, 1)).toBeUndefined();
    expect(read(2, 2)).toBeUndefined();
  });

  it('breaks one if no order explains it, or only another', () => {
    expect(read(3, 2)).toMatch(/^linearizability: key "x": no order fits read → 3/);
    expect(read(1, 2)).toMatch(/^linearizability: in the order of the log, .*"read"/);
  });

  it('takes a configuration an operation, however much happens at once', () => {
    const { history, placeOf } = rush(400);
    expect(judge(bank, history, placeOf, history.length)).toBeUndefined();
  });

  it('has to be decided by the search, too', () => {
    const { history, placeOf } = rush(60);
    expect(judge(bank, history, placeOf, 30)).toMatch(/^linearizability: undecided by the search/);
  });

  it('may be too hard for the search where the model leaves something open', () => {
    const { history, placeOf } = rush(60);
    const open: AnyModel = {
      ...bank,
      step: (state, input, output) => {
        const after = bank.step(state, input, output);
        return output === undefined ? [...after, state] : after;
      },
    };
    expect(judge(open, history, placeOf, 30)).toBeUndefined();
  });
});
