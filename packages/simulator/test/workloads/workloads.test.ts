/** The workloads that come with the simulator: what they do makes sense, and their machines keep it. */
import { decode, encode, seededRandom, type StateMachine } from '@quorate/core';
import { check, HistoryRecorder, type Model } from '@quorate/linearizability';
import { describe, expect, it } from 'vitest';
import { bankMachine, bankWorkload } from '../../src/workloads/bank.ts';
import { pieces, wholeOf } from '../../src/workloads/pieces.ts';
import { registerMachine, registerWorkload } from '../../src/workloads/registers.ts';
import type { Workload } from '../../src/workloads/workload.ts';

type AnyWorkload = Workload<unknown, unknown, unknown, unknown>;

const workloads = [
  { name: 'registers', make: (): AnyWorkload => registerWorkload() },
  { name: 'bank', make: (): AnyWorkload => bankWorkload() },
];

const placeOf = (index: number) => ({ index, position: 0, time: 1000 + index });

/** One after the other, on one machine: the simplest history there is. */
function play(workload: AnyWorkload, count: number, seed: number) {
  const random = seededRandom(seed);
  const machine = workload.machine();
  const history = new HistoryRecorder<unknown, unknown>();
  const kinds = new Map<string, number>();
  for (let unique = 1; unique <= count; unique++) {
    const operation = workload.next(random, unique);
    const { f } = operation.input as { f: string };
    const id = history.invoke(0, operation.input, unique * 2);
    let output: unknown;
    if (operation.kind === 'query') {
      const query = decode(machine.queries, encode(machine.queries, operation.query));
      const answer = machine.query(query);
      expect(decode(machine.answers, encode(machine.answers, answer))).toEqual(answer);
      output = operation.output(answer);
    } else {
      const command = decode(machine.commands, encode(machine.commands, operation.command));
      expect(command).toEqual(operation.command);
      const result = machine.apply(command, placeOf(unique));
      expect(decode(machine.results, encode(machine.results, result))).toEqual(result);
      workload.applied?.(machine, command);
      output = operation.output(result);
    }
    const { result = '' } = output as { result?: boolean };
    const kind = `${f} ${String(result)}`.trim();
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    history.ok(id, output, unique * 2 + 1);
  }
  return { machine, kinds, history: history.history() };
}

describe.each(workloads)('the workload $name', ({ name, make }) => {
  it('gives a history that its model takes', () => {
    const workload = make();
    expect(workload.name).toBe(name);
    const { history } = play(workload, 400, 1);
    expect(check(workload.model as Model<unknown, unknown, unknown>, history).verdict).toBe('ok');
  });

  it('does everything often enough to show something', () => {
    const { kinds } = play(make(), 1000, 2);
    const expected =
      name === 'bank'
        ? ['read', 'transfer false', 'transfer true']
        : ['cas false', 'cas true', 'read', 'write'];
    expect([...kinds.keys()].toSorted()).toEqual(expected);
    for (const count of kinds.values()) expect(count).toBeGreaterThan(20);
  });

  it('brings its state back out of a snapshot, in any pieces, and nothing of before', async () => {
    const { machine } = play(make(), 200, 3);
    const whole = await wholeOf(machine.snapshot());
    for (const bytes of [1, 7, whole.length]) {
      const copy = play(make(), 50, 4).machine;
      await copy.restore(cut(whole, bytes));
      expect(copy.stateHash?.()).toBe(machine.stateHash?.());
      expect(await wholeOf(copy.snapshot())).toEqual(whole);
    }
  });

  it('takes a snapshot of the moment, whatever is applied meanwhile', async () => {
    const workload = make();
    const { machine } = play(workload, 200, 5);
    const hash = machine.stateHash?.();
    const snapshot = machine.snapshot();
    const random = seededRandom(6);
    for (let index = 1000; index < 1100; index++) {
      const operation = workload.next(random, index);
      if (operation.kind === 'execute') machine.apply(operation.command, placeOf(index));
    }
    const copy = workload.machine();
    await copy.restore(snapshot);
    expect(copy.stateHash?.()).toBe(hash);
    expect(machine.stateHash?.()).not.toBe(hash);
  });
});

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

describe('registers', () => {
  it('are compared and set, nobody having written them at first', () => {
    const machine = registerMachine();
    const apply = (from: number | null, to: number): boolean =>
      machine.apply({ type: 'cas', key: 'r', from, to }, placeOf(1));
    expect(machine.query('r')).toBeNull();
    expect(apply(0, 1)).toBe(false);
    expect(apply(null, 1)).toBe(true);
    expect(apply(null, 2)).toBe(false);
    expect(apply(1, 0)).toBe(true);
    expect(machine.query('r')).toBe(0);
  });

  it('have a digest of what they hold, and not of how they came to it', () => {
    const write = (
      machine: StateMachine<never, boolean, string, unknown>,
      key: string,
      to: number,
    ) => machine.apply({ type: 'write', key, to } as never, placeOf(1));
    const [one, other] = [registerMachine(), registerMachine()];
    for (const [key, to] of [
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      write(one as never, key, to);
    write(other as never, 'b', 2);
    expect(other.stateHash?.()).not.toBe(one.stateHash?.());
    write(other as never, 'a', 3);
    expect(other.stateHash?.()).toBe(one.stateHash?.());
  });
});

describe('the bank', () => {
  it('transfers what is there, and within one account, too', () => {
    const bank = bankMachine(3, 10);
    const transfer = (from: number, to: number, amount: number): boolean =>
      bank.apply({ from, to, amount }, placeOf(1));
    expect(transfer(0, 1, 11)).toBe(false);
    expect(transfer(0, 1, 10)).toBe(true);
    expect(transfer(0, 1, 1)).toBe(false);
    expect(transfer(1, 1, 20)).toBe(true);
    expect(transfer(1, 7, 1)).toBe(false);
    expect(bank.query(null)).toEqual([0, 20, 10]);
    expect(bank.total).toBe(30);
  });

  it('is found to hold more or less than was paid in', () => {
    const workload = bankWorkload({ accounts: 2, each: 5 });
    const command = { from: 0, to: 1, amount: 1 };
    expect(() => workload.applied?.(bankMachine(2, 5), command)).not.toThrow();
    expect(() => workload.applied?.(bankMachine(2, 6), command)).toThrow(
      'the accounts hold 12, and 10 were paid in',
    );
  });
});

describe('pieces', () => {
  it('are several, and become the whole again', async () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, at) => at % 251);
    let count = 0;
    for await (const piece of pieces(bytes)) {
      expect(piece.length).toBeGreaterThan(0);
      count += 1;
    }
    expect(count).toBeGreaterThan(2);
    expect(await wholeOf(pieces(bytes))).toEqual(bytes);
    expect(await wholeOf(pieces(new Uint8Array(0)))).toEqual(new Uint8Array(0));
  });
});
