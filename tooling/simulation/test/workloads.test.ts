/** What is done with the machines of this repository: histories that their models take, and wrong ones not. */
import { type Random, seededRandom } from '@quorate/core';
import { check, HistoryRecorder } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { type AnyWorkload, workloads } from '../src/workloads.ts';

/** Operations one after the other on one machine; `lie` changes what is answered. */
function play(
  workload: AnyWorkload,
  random: Random,
  lie: (output: unknown, at: number) => unknown,
) {
  const machine = workload.machine();
  const history = new HistoryRecorder<unknown, unknown>();
  const kinds = new Map<string, number>();
  for (let at = 1; at <= 400; at++) {
    const operation = workload.next(random, at);
    const id = history.invoke(0, operation.input, at * 2);
    let output: unknown;
    if (operation.kind === 'query') output = operation.output(machine.query(operation.query));
    else {
      const result = machine.apply(operation.command, { index: at, position: 0, time: at });
      workload.applied?.(machine, operation.command);
      output = operation.output(result);
    }
    const { f } = operation.input as { readonly f: string };
    const { result = '' } = output as { readonly result?: boolean };
    const kind = `${f} ${String(result)}`.trim();
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    history.ok(id, lie(output, at), at * 2 + 1);
  }
  const { model } = workload;
  if (model === undefined) throw new Error('nothing to judge it by');
  return { kinds, verdict: check(model, history.history()).verdict };
}

describe.each([...workloads])('the workload %s', (name, make) => {
  it('has its name, and gives histories that its model takes', () => {
    expect(make().name).toBe(name);
    for (const seed of [1, 2, 3]) {
      expect(play(make(), seededRandom(seed), (output) => output).verdict).toBe('ok');
    }
  });

  it('is judged by that: a wrong answer is found', () => {
    const wrong = (output: unknown, at: number): unknown => {
      if (at < 200 || !(typeof output === 'object' && output !== null)) return output;
      return 'result' in output ? { result: output.result !== true } : output;
    };
    expect(play(make(), seededRandom(1), wrong).verdict).toBe('violation');
  });

  it('has operations that succeed, and such that do not', () => {
    const { kinds } = play(make(), seededRandom(4), (output) => output);
    expect(kinds.get('read')).toBeGreaterThan(100);
    const outcomes = [...kinds.keys()].map((kind) => kind.split(' ')[1] ?? '');
    expect(outcomes).toContain('true');
    expect(outcomes).toContain('false');
  });
});
