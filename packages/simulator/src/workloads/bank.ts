/**
 * Accounts, and transfers between them: no money comes into being or goes, in no state of any node, and
 * whoever looks at all accounts sees all of it.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  decode,
  encode,
  type StateMachine,
} from '@quorate/core';
import { must } from '@quorate/core/checks';
import { ledgerModel } from '@quorate/linearizability';
import { pieces, wholeOf } from './pieces.ts';
import type { Workload } from './workload.ts';

/** Takes an amount from one account to another, unless there is less. */
export interface BankCommand {
  /** Numbers of accounts. */
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** A bank: whether a transfer was carried out, and, to whoever asks, the balances of all accounts. */
export interface BankMachine extends StateMachine<BankCommand, boolean, null, readonly number[]> {
  /** Of all accounts together. */
  readonly total: number;
}

const booleans: Codec<boolean> = {
  encode: (value, writer) => {
    writer.u8(value ? 1 : 0);
  },
  decode: (reader) => reader.u8() === 1,
};

const nothing: Codec<null> = { encode: () => undefined, decode: () => null };

const commands: Codec<BankCommand> = {
  encode: ({ from, to, amount }, writer: ByteWriter) => {
    writer.u32(from).u32(to).u32(amount);
  },
  decode: (reader: ByteReader) => ({ from: reader.u32(), to: reader.u32(), amount: reader.u32() }),
};

const balances: Codec<readonly number[]> = {
  encode: (values, writer) => {
    writer.u32(values.length);
    for (const value of values) writer.u48(value);
  },
  decode: (reader) => Array.from({ length: reader.count(6) }, () => reader.u48()),
};

/** Makes a bank with so many accounts, each with so much in it. */
export function bankMachine(accounts: number, each: number): BankMachine {
  let held = Array.from({ length: accounts }, () => each);
  return {
    commands,
    results: booleans,
    queries: nothing,
    answers: balances,
    get total() {
      return held.reduce((sum, balance) => sum + balance, 0);
    },
    stateHash: () => held.join(),
    apply: ({ from, to, amount }) => {
      const [source, target] = [held[from], held[to]];
      if (source === undefined || target === undefined || source < amount) return false;
      held[from] = source - amount;
      // Read again: it may be the same account.
      held[to] = (held[to] ?? 0) + amount;
      return true;
    },
    query: () => [...held],
    snapshot: () => pieces(encode(balances, held)),
    restore: async (chunks) => {
      held = [...decode(balances, await wholeOf(chunks))];
    },
  };
}

/** Options of {@link bankWorkload}. */
export interface BankWorkloadOptions {
  /** @default 6 */
  readonly accounts?: number;
  /** What is in each account at first. @default 20 */
  readonly each?: number;
}

/** Clients transfer money and look at all accounts. */
export function bankWorkload({
  accounts = 6,
  each = 20,
}: BankWorkloadOptions = {}): Workload<BankCommand, boolean, null, readonly number[]> {
  const nameOf = (account: number): string => `a${String(account)}`;
  const named = (values: readonly number[]): Record<string, number> =>
    Object.fromEntries(values.map((value, account) => [nameOf(account), value]));
  return {
    name: 'bank',
    machine: () => bankMachine(accounts, each),
    model: ledgerModel({
      accounts: named(Array.from({ length: accounts }, () => each)),
      minimumBalance: 0,
    }),
    next: (random) => {
      if (random.chance(0.4)) {
        return {
          kind: 'query',
          query: null,
          input: { f: 'read' },
          output: (values) => ({ value: named(values) }),
        };
      }
      const from = random.below(accounts);
      const to = random.below(accounts);
      const amount = random.below(each);
      return {
        kind: 'execute',
        command: { from, to, amount },
        input: { f: 'transfer', value: { from: nameOf(from), to: nameOf(to), amount } },
        output: (result) => ({ result }),
      };
    },
    applied: (machine) => {
      const { total } = machine as BankMachine;
      must(
        total === accounts * each,
        () => `the accounts hold ${String(total)}, and ${String(accounts * each)} were paid in`,
      );
    },
  };
}
