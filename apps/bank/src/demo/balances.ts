/**
 * Balances as they must be after what was acknowledged: arithmetic of its own, so that the demo does not ask the
 * ledger whether the ledger is right.
 */
import type {
  LedgerBalances,
  LedgerOperation,
  LedgerPending,
  LedgerStatementLine,
} from '@quorate/machine-ledger';
import { bankError } from '../errors.ts';
import type { Acknowledged } from './teller.ts';

type Sums = { -readonly [name in keyof LedgerBalances]: bigint };

/** The four sums of each account. */
export function expectedBalances(
  acknowledged: readonly Acknowledged[],
): ReadonlyMap<string, LedgerBalances> {
  const books = new Books();
  // In the order in which they happened, which is not that in which the answers came.
  const inOrder = [...acknowledged].sort(
    (left, right) => left.receipt.sequence - right.receipt.sequence,
  );
  for (const { operation } of inOrder) books.enter(operation);
  return books.accounts;
}

/** The sums over all of these accounts. */
export function sumOf(lines: readonly LedgerStatementLine[]): LedgerBalances {
  const sum = nothing();
  for (const { balances } of lines) {
    sum.debitsPosted += balances.debitsPosted;
    sum.creditsPosted += balances.creditsPosted;
    sum.debitsPending += balances.debitsPending;
    sum.creditsPending += balances.creditsPending;
  }
  return sum;
}

/** Whether all four sums are equal. */
export function isEqual(left: LedgerBalances, right: LedgerBalances): boolean {
  return (
    left.debitsPosted === right.debitsPosted &&
    left.creditsPosted === right.creditsPosted &&
    left.debitsPending === right.debitsPending &&
    left.creditsPending === right.creditsPending
  );
}

class Books {
  readonly accounts = new Map<string, Sums>();
  readonly #reserved = new Map<string, LedgerPending>();

  enter(operation: LedgerOperation): void {
    switch (operation.type) {
      case 'open':
        this.accounts.set(operation.id, nothing());
        return;
      case 'transfer':
        this.#post(operation, operation.amount);
        return;
      case 'pending':
        this.#reserved.set(operation.id, operation);
        this.#reserve(operation, operation.amount);
        return;
      case 'post':
      case 'void': {
        const reserved = this.#reserved.get(operation.pending);
        if (reserved === undefined) throw bankError('DEMO_FAILED', `${operation.id} ends nothing`);
        this.#reserve(reserved, -reserved.amount);
        if (operation.type === 'post') this.#post(reserved, operation.amount ?? reserved.amount);
        return;
      }
    }
  }

  #post({ debit, credit }: Sides, amount: bigint): void {
    this.#of(debit).debitsPosted += amount;
    this.#of(credit).creditsPosted += amount;
  }

  #reserve({ debit, credit }: Sides, amount: bigint): void {
    this.#of(debit).debitsPending += amount;
    this.#of(credit).creditsPending += amount;
  }

  #of(account: string): Sums {
    const sums = this.accounts.get(account);
    if (sums === undefined) throw bankError('DEMO_FAILED', `${account} was never opened`);
    return sums;
  }
}

interface Sides {
  readonly debit: string;
  readonly credit: string;
}

function nothing(): Sums {
  return { debitsPosted: 0n, creditsPosted: 0n, debitsPending: 0n, creditsPending: 0n };
}
