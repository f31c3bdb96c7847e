/**
 * Accounts and currencies: where balances change, and what must hold of them.
 */
import { invariant, unreachable } from '@quorate/core';
import { ChunkedList } from './containers.ts';
import type { LedgerBalances } from './events.ts';
import type { LedgerLimit } from './operations.ts';

/** Those of an account that nothing has moved yet. */
export const noBalances: LedgerBalances = {
  debitsPosted: 0n,
  creditsPosted: 0n,
  debitsPending: 0n,
  creditsPending: 0n,
};

/**
 * A currency and the sums over all of its accounts. Each side is summed up where an account's side
 * changes, so that the two being equal says something.
 */
export class Currency {
  readonly name: string;
  accounts = 0;
  balances: LedgerBalances = noBalances;

  constructor(name: string) {
    this.name = name;
  }
}

/** An account: its balances now, and which events moved them. */
export class Account {
  readonly id: string;
  readonly currency: Currency;
  readonly limit: LedgerLimit;
  /** Sequence number of the event that opened it. */
  readonly opened: number;
  balances: LedgerBalances = noBalances;
  /** Sequence numbers of the events that moved its balances, ascending. */
  readonly history: ChunkedList<number> = new ChunkedList();

  constructor(id: string, currency: Currency, limit: LedgerLimit, opened: number) {
    this.id = id;
    this.currency = currency;
    this.limit = limit;
    this.opened = opened;
  }
}

/** By how much an event changes the debits of one account and the credits of another. */
export interface Change {
  readonly posted: bigint;
  readonly pending: bigint;
}

/** Debits one account and credits the other. */
export function move(debit: Account, credit: Account, { posted, pending }: Change): void {
  debit.balances = debited(debit.balances, posted, pending);
  debit.currency.balances = debited(debit.currency.balances, posted, pending);
  credit.balances = credited(credit.balances, posted, pending);
  credit.currency.balances = credited(credit.currency.balances, posted, pending);
}

/** Whether the account keeps its limit if so much more is debited. */
export function debitFits({ balances, limit }: Account, amount: bigint): boolean {
  if (limit !== 'debits-within-credits') return true;
  return balances.debitsPosted + balances.debitsPending + amount <= balances.creditsPosted;
}

/** Whether the account keeps its limit if so much more is credited. */
export function creditFits({ balances, limit }: Account, amount: bigint): boolean {
  if (limit !== 'credits-within-debits') return true;
  return balances.creditsPosted + balances.creditsPending + amount <= balances.debitsPosted;
}

/** Asserts what must hold of an account whose balances changed. */
export function assertSound(account: Account): void {
  const { debitsPending, creditsPending } = account.balances;
  invariant(debitsPending >= 0n && creditsPending >= 0n, 'no more is released than was reserved');
  invariant(isWithinLimit(account), 'an account keeps its limit');
  const all = account.currency.balances;
  invariant(
    all.debitsPosted === all.creditsPosted && all.debitsPending === all.creditsPending,
    'debits equal credits over all accounts of a currency, posted and pending',
  );
}

function isWithinLimit(account: Account): boolean {
  switch (account.limit) {
    case 'none':
      return true;
    case 'debits-within-credits':
      return debitFits(account, 0n);
    case 'credits-within-debits':
      return creditFits(account, 0n);
    default:
      return unreachable(account.limit);
  }
}

function debited(balances: LedgerBalances, posted: bigint, pending: bigint): LedgerBalances {
  return {
    debitsPosted: balances.debitsPosted + posted,
    creditsPosted: balances.creditsPosted,
    debitsPending: balances.debitsPending + pending,
    creditsPending: balances.creditsPending,
  };
}

function credited(balances: LedgerBalances, posted: bigint, pending: bigint): LedgerBalances {
  return {
    debitsPosted: balances.debitsPosted,
    creditsPosted: balances.creditsPosted + posted,
    debitsPending: balances.debitsPending,
    creditsPending: balances.creditsPending + pending,
  };
}
