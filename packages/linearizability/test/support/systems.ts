/**
 * One plain implementation of each system that has a model, which answers as the real one would. Written
 * apart from the models on purpose: the tests compare the two.
 */
import type { Random } from '@quorate/core';
import {
  type Answer,
  type Call,
  casRegisterModel,
  counterModel,
  type Json,
  kvModel,
  ledgerModel,
  type Model,
  registerModel,
} from '@quorate/linearizability';

/** A whole system, all keys at once; its state is a JSON object that is never changed. */
export interface System {
  readonly name: string;
  readonly model: Model<unknown>;
  readonly init: Json;
  /** Some call. `fresh` gives a number that it has not given before. */
  draw(random: Random, fresh: () => number): Call;
  apply(state: Json, call: Call): { readonly state: Json; readonly answer: Answer };
  /** An answer that the system can give to that call at some time, or never. */
  invent(random: Random, call: Call): Answer;
}

type Members = Readonly<Record<string, Json>>;

/** How many keys there are, and how many values: the fewer, the more conflicts. */
export interface Sizes {
  readonly keys: number;
  readonly values: number;
}

const small: Sizes = { keys: 2, values: 3 };

/** Every system under its name. */
export const systems = {
  register: (sizes: Sizes = small) => register('register', sizes),
  'cas-register': (sizes: Sizes = small) => register('cas-register', sizes),
  kv,
  counter,
  ledger,
} as const;

function register(name: 'register' | 'cas-register', { keys, values }: Sizes): System {
  return {
    name,
    model: name === 'register' ? registerModel() : casRegisterModel(),
    init: {},
    draw(random) {
      const key = `k${random.below(keys)}`;
      const value = random.below(values);
      const kinds = ['read', 'write', ...(name === 'register' ? [] : ['cas'])];
      const f = random.pick(kinds);
      if (f === 'read') return { f, key };
      return f === 'write' ? { f, key, value } : { f, key, value: [random.below(values), value] };
    },
    apply(state, { f, key = '', value = null }) {
      const all = state as Members;
      const held = all[key] ?? null;
      if (f === 'read') return { state, answer: { value: held } };
      if (f === 'write') return { state: { ...all, [key]: value }, answer: {} };
      const [from, to] = value as [Json, Json];
      return held === from
        ? { state: { ...all, [key]: to }, answer: { result: true } }
        : { state, answer: { result: false } };
    },
    invent: (random, { f }) =>
      f === 'cas' ? { result: random.chance(0.5) } : { value: random.pick([null, 0, 1, 2]) },
  };
}

function kv({ keys }: Sizes = small): System {
  return {
    name: 'kv',
    model: kvModel(),
    init: {},
    draw(random, fresh) {
      const key = `k${random.below(keys)}`;
      const value = random.chance(0.5) ? 'a' : `${fresh()} `;
      const f = random.pick(['read', 'read', 'write', 'append', 'append', 'cas', 'delete']);
      switch (f) {
        case 'read':
        case 'delete':
          return { f, key };
        case 'cas':
          return { f, key, value: [random.pick(['', 'a', 'aa']), value] };
        default:
          return { f, key, value };
      }
    },
    apply(state, { f, key = '', value = null }) {
      const all = state as Readonly<Record<string, string>>;
      const held = all[key] ?? '';
      const put = (text: string, answer: Answer = {}) => ({
        state: { ...all, [key]: text },
        answer,
      });
      switch (f) {
        case 'read':
          return { state, answer: { value: held } };
        case 'write':
          return put(value as string);
        case 'append':
          return put(held + (value as string));
        case 'delete':
          return put('', { result: held !== '' });
        default: {
          const [from, to] = value as [string, string];
          return held === from ? put(to, { result: true }) : { state, answer: { result: false } };
        }
      }
    },
    invent: (random, { f }) =>
      f === 'read' ? { value: random.pick(['', 'a', 'aa', '1 ']) } : { result: random.chance(0.5) },
  };
}

function counter({ keys, values }: Sizes = small): System {
  return {
    name: 'counter',
    model: counterModel(),
    init: {},
    draw(random) {
      const key = random.below(keys);
      return random.chance(0.4)
        ? { f: 'read', key }
        : { f: 'add', key, value: random.below(values) - 1 };
    },
    apply(state, { f, key = '', value }) {
      const all = state as Readonly<Record<string, number>>;
      const held = all[key] ?? 0;
      if (f === 'read') return { state, answer: { value: held } };
      const sum = held + (value as number);
      // Some systems answer an add with the sum, others do not.
      return { state: { ...all, [key]: sum }, answer: key === 0 ? { result: sum } : {} };
    },
    invent: (random, { f, key }) => {
      const number = random.below(4) - 1;
      if (f === 'read') return { value: number };
      return key === 0 ? { result: number } : {};
    },
  };
}

/** Accounts with money at first, and nothing but transfers, of any amount that one account has, and reads of all. */
export function bank(accounts: number, each: number): System {
  const names = Array.from({ length: accounts }, (_, account) => `a${account}`);
  const init = Object.fromEntries(names.map((name) => [name, each]));
  return {
    ...ledger(),
    name: 'bank',
    init,
    model: ledgerModel({ accounts: init, minimumBalance: 0 }),
    draw(random) {
      const [from, to] = [random.pick(names), random.pick(names)];
      if (random.chance(0.2)) return { f: 'read' };
      return { f: 'transfer', value: { from, to, amount: random.below(each + 1) } };
    },
  };
}

function ledger(): System {
  const names = ['a', 'b', 'c'];
  return {
    name: 'ledger',
    model: ledgerModel({ accounts: { a: 3, b: 0 }, minimumBalance: 0 }),
    init: { a: 3, b: 0 },
    draw(random) {
      const [from, to] = [random.pick(names), random.pick(names)];
      switch (random.below(4)) {
        case 0:
          return { f: 'read' };
        case 1:
          return { f: 'read', key: from };
        case 2:
          return random.chance(0.3)
            ? { f: 'open', value: { account: 'c', balance: 2 } }
            : { f: 'read', key: to };
        default:
          return { f: 'transfer', value: { from, to, amount: 1 + random.below(3) } };
      }
    },
    apply(state, { f, key, value }) {
      const all = state as Readonly<Record<string, number>>;
      if (f === 'read') {
        return { state, answer: { value: key === undefined ? all : (all[key] ?? null) } };
      }
      if (f === 'open') {
        const { account, balance } = value as { account: string; balance: number };
        return account in all
          ? { state, answer: { result: false } }
          : { state: { ...all, [account]: balance }, answer: { result: true } };
      }
      const { from, to, amount } = value as { from: string; to: string; amount: number };
      const [source, target] = [all[from], all[to]];
      if (source === undefined || target === undefined || source < amount) {
        return { state, answer: { result: false } };
      }
      const after: Record<string, number> = { ...all };
      after[from] = source - amount;
      after[to] = (after[to] ?? 0) + amount;
      return { state: after, answer: { result: true } };
    },
    invent: (random, { f, key }) => {
      if (f !== 'read') return { result: random.chance(0.5) };
      return { value: key === undefined ? { a: 2, b: 1 } : random.below(4) };
    },
  };
}
