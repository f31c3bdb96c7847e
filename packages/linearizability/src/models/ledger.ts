/**
 * Accounts and transfers between them. A transfer concerns two accounts and a read may concern all, so
 * this is one object: it is not partitioned.
 */
import { isObject, type Json } from '../json.ts';
import type { Model } from '../model.ts';
import type { Answer, Call } from '../operation.ts';
import { type Checks, callKey, checkWith, none, textOf } from './calls.ts';

/** @see ledgerModel */
export interface LedgerOptions {
  /** The accounts that exist from the beginning, with their balances. @default none */
  readonly accounts?: Readonly<Record<string, number>>;
  /**
   * No transfer takes more than leaves this much, and one that leaves it is not refused.
   * @default none: every transfer between existing accounts may happen, and any may be refused
   */
  readonly minimumBalance?: number;
}

/** The balance of each account. */
export type Balances = Readonly<Record<string, number>>;

interface Opening {
  readonly account: string;
  readonly balance: number;
}

interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: number;
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

const checks: Checks = {
  open: ({ value }, answer) =>
    isOpening(value)
      ? checkResult(answer)
      : 'the "value" of an open is {"account": string, "balance": integer}; write both',
  transfer: ({ value }, answer) =>
    isTransfer(value)
      ? checkResult(answer)
      : 'the "value" of a transfer is {"from": string, "to": string, "amount": integer from 0}; write all',
  read: (_call, answer) =>
    answer === undefined || answer.value !== undefined
      ? undefined
      : 'a read that is ok has no "value"; write the balance, or with no key an object of all balances',
};

function checkResult(answer: Answer | undefined): string | undefined {
  const { result } = answer ?? {};
  if (result === undefined || typeof result === 'boolean') return undefined;
  return 'the "result" is true or false (refused); write that, or leave it out for true';
}

/**
 * - `open` with `{account, balance}`: a new account. `result` `false`: refused, it exists.
 * - `transfer` with `{from, to, amount}`. `result` `false`: refused, an account does not exist or the
 *   funds do not suffice.
 * - `read` with a `key`: the balance of that account, `null` if there is none; without: all, as an object.
 *
 * Amounts are integers; no `result` means `true`.
 */
export function ledgerModel(options: LedgerOptions = {}): Model<Balances> {
  const { accounts = {}, minimumBalance } = options;
  return {
    name: 'ledger',
    init: { ...accounts },
    step: (state, call, output) => stepLedger(state, call, output, minimumBalance),
    key: keyOf,
    isReadOnly: ({ f }, output) => f === 'read' || output?.result === false,
    inputKey: callKey,
    validate: (call, answer) => checkWith('ledger', checks, call, answer),
    describeState: balancesText,
    describeOperation,
  };
}

function stepLedger(
  state: Balances,
  { f, key, value }: Call,
  output: Answer | undefined,
  minimumBalance: number | undefined,
): readonly Balances[] {
  const refused = output?.result === false;
  switch (f) {
    case 'read': {
      if (output === undefined) return [state];
      const read = output.value ?? null;
      const fits =
        key === undefined ? holds(state, read) : read === (balanceOf(state, String(key)) ?? null);
      return fits ? [state] : none;
    }
    case 'open': {
      if (!isOpening(value)) return none;
      const exists = balanceOf(state, value.account) !== undefined;
      if (output !== undefined && refused !== exists) return none;
      return [exists ? state : { ...state, [value.account]: value.balance }];
    }
    case 'transfer': {
      if (!isTransfer(value)) return none;
      const { from, to, amount } = value;
      const [source, target] = [balanceOf(state, from), balanceOf(state, to)];
      const bothExist = source !== undefined && target !== undefined;
      // Who states no limit may have one that is not known here.
      const isFree = minimumBalance === undefined;
      const suffices = bothExist && (isFree ? !refused : source - amount >= minimumBalance);
      // Most transfers that the search asks about do not fit: nothing is made for them.
      if (output !== undefined && refused === suffices) return none;
      if (!suffices || from === to) return [state];
      return [{ ...state, [from]: source - amount, [to]: target + amount }];
    }
    default:
      return none;
  }
}

function balanceOf(state: Balances, account: string): number | undefined {
  return Object.hasOwn(state, account) ? state[account] : undefined;
}

/** Whether a read of all accounts is these balances. */
function holds(state: Balances, read: Json): boolean {
  if (!isObject(read)) return false;
  const names = Object.keys(state);
  return (
    names.length === Object.keys(read).length &&
    names.every((name) => Object.hasOwn(read, name) && read[name] === state[name])
  );
}

/**
 * One text for equal balances. Each name has its length in front and no number a comma, so that no two states
 * share one; the canonical text, with all its quotation marks, would take several times as long.
 */
function keyOf(state: Balances): string {
  let key = '';
  for (const name of sortedNames(state)) key += `${name.length}:${name}${String(state[name])},`;
  return key;
}

/** They mostly are in order already, which is quicker to see than to sort. */
function sortedNames(state: Balances): readonly string[] {
  const names = Object.keys(state);
  const isSorted = names.every((name, at) => at === 0 || (names[at - 1] ?? '') < name);
  return isSorted ? names : names.sort();
}

function isOpening(value: Json | undefined): value is Json & Opening {
  return isObject(value) && typeof value['account'] === 'string' && isInteger(value['balance']);
}

function isTransfer(value: Json | undefined): value is Json & Transfer {
  if (!isObject(value)) return false;
  const { from, to, amount } = value;
  return typeof from === 'string' && typeof to === 'string' && isInteger(amount) && amount >= 0;
}

function balancesText(balances: Balances): string {
  const names = sortedNames(balances);
  return names.length === 0
    ? 'no account'
    : names.map((name) => `${name} ${String(balances[name])}`).join(', ');
}

function describeOperation({ f, key, value }: Call, answer: Answer | undefined): string {
  const refused = answer?.result === false ? ': refused' : '';
  if (f === 'open' && isOpening(value)) return `open ${value.account} ${value.balance}${refused}`;
  if (f === 'transfer' && isTransfer(value)) {
    return `${value.from} → ${value.to} ${value.amount}${refused}`;
  }
  const words = key === undefined ? 'read all' : `read ${key}`;
  if (answer === undefined) return words;
  const read = answer.value;
  const isAll = isObject(read) && Object.values(read).every(isInteger);
  return `${words} → ${isAll ? balancesText(read as Balances) : textOf(read)}`;
}
