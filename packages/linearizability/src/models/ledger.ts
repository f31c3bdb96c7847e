/**
 * Accounts and transfers between them. A transfer concerns two accounts and a read may concern all, so
 * this is one object: it is not partitioned.
 */
import { canonical, isObject, type Json } from '../json.ts';
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
    openingOf(value) === undefined
      ? 'the "value" of an open is {"account": string, "balance": integer}; write both'
      : checkResult(answer),
  transfer: ({ value }, answer) =>
    transferOf(value) === undefined
      ? 'the "value" of a transfer is {"from": string, "to": string, "amount": integer from 0}; write all'
      : checkResult(answer),
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
    key: canonical,
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
      const held: Json = key === undefined ? state : (balanceOf(state, String(key)) ?? null);
      return canonical(read) === canonical(held) ? [state] : none;
    }
    case 'open': {
      const opening = openingOf(value);
      if (opening === undefined) return none;
      const exists = balanceOf(state, opening.account) !== undefined;
      if (output !== undefined && refused !== exists) return none;
      return [exists ? state : { ...state, [opening.account]: opening.balance }];
    }
    case 'transfer': {
      const transfer = transferOf(value);
      if (transfer === undefined) return none;
      const after = transferred(state, transfer);
      if (after === undefined) return output === undefined || refused ? [state] : none;
      // Who states no limit may have one that is not known here.
      if (minimumBalance === undefined) return [refused ? state : after];
      const suffices = (balanceOf(state, transfer.from) ?? 0) - transfer.amount >= minimumBalance;
      if (output !== undefined && refused === suffices) return none;
      return [suffices ? after : state];
    }
    default:
      return none;
  }
}

/** The balances after a transfer; `undefined` if an account does not exist. */
function transferred(state: Balances, { from, to, amount }: Transfer): Balances | undefined {
  const source = balanceOf(state, from);
  const target = balanceOf(state, to);
  if (source === undefined || target === undefined) return undefined;
  return from === to ? state : { ...state, [from]: source - amount, [to]: target + amount };
}

function balanceOf(state: Balances, account: string): number | undefined {
  return Object.hasOwn(state, account) ? state[account] : undefined;
}

function openingOf(value: Json | undefined): Opening | undefined {
  if (!isObject(value)) return undefined;
  const { account, balance } = value;
  return typeof account === 'string' && isInteger(balance) ? { account, balance } : undefined;
}

function transferOf(value: Json | undefined): Transfer | undefined {
  if (!isObject(value)) return undefined;
  const { from, to, amount } = value;
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  return isInteger(amount) && amount >= 0 ? { from, to, amount } : undefined;
}

function balancesText(balances: Balances): string {
  const names = Object.keys(balances).sort();
  return names.length === 0
    ? 'no account'
    : names.map((name) => `${name} ${String(balances[name])}`).join(', ');
}

function describeOperation({ f, key, value }: Call, answer: Answer | undefined): string {
  const refused = answer?.result === false ? ': refused' : '';
  const opening = f === 'open' ? openingOf(value) : undefined;
  if (opening !== undefined) return `open ${opening.account} ${opening.balance}${refused}`;
  const transfer = f === 'transfer' ? transferOf(value) : undefined;
  if (transfer !== undefined) {
    return `${transfer.from} → ${transfer.to} ${transfer.amount}${refused}`;
  }
  const words = key === undefined ? 'read all' : `read ${key}`;
  if (answer === undefined) return words;
  const read = answer.value;
  const isAll = isObject(read) && Object.values(read).every(isInteger);
  return `${words} → ${isAll ? balancesText(read as Balances) : textOf(read)}`;
}
