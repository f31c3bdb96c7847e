/**
 * Every machine that compositions run, one line each: a command that counts one more, and the count.
 */
import type { StateMachine, Watchable } from '@quorate/core';
import { add, counterMachine, read } from '@quorate/machine-counter';
import { expectType as expectBooks, ledger, ledgerMachine } from '@quorate/machine-ledger';
import { expectType, kv, kvMachine } from '@quorate/machine-kv';

/** A machine to test with. */
export interface TestedMachine<C, R, Q, A, W = never, E = never> {
  readonly name: string;
  readonly machine: () => StateMachine<C, R, Q, A> & Partial<Watchable<W, E>>;
  /** What has to come first. */
  readonly first: readonly C[];
  /** The `nth` write, from 1. */
  write(nth: number): C;
  /** How many writes there were. */
  readonly count: Q;
  counted(answer: A): number;
}

function tested<C, R, Q, A, W = never, E = never>(
  machine: TestedMachine<C, R, Q, A, W, E>,
): TestedMachine<C, R, Q, A, W, E> {
  return machine;
}

export const kvTested = tested({
  name: 'kv',
  machine: kvMachine,
  first: [],
  write: (nth) => kv.put(`key ${String(nth)}`, 'x'.repeat(100)),
  count: kv.range({ prefix: 'key ', count: true }),
  counted: (answer) => expectType(answer, 'range').count ?? 0,
});

export const counterTested = tested({
  name: 'counter',
  machine: counterMachine,
  first: [],
  write: () => add('writes', 1n),
  count: read('writes'),
  counted: (answer) => (answer.type === 'read' ? Number(answer.value) : -1),
});

export const ledgerTested = tested({
  name: 'ledger',
  machine: () => ledgerMachine(),
  first: [
    ledger.atomic(
      ledger.open({ id: 'from', currency: 'EUR' }),
      ledger.open({ id: 'to', currency: 'EUR' }),
    ),
  ],
  write: (nth) =>
    ledger.transfer({ id: `t${String(nth)}`, debit: 'from', credit: 'to', amount: 1n }),
  count: ledger.account('to'),
  counted: (answer) => Number(expectBooks(answer, 'account').balances.creditsPosted),
});
