/**
 * What a ledger says: results of commands, answers to queries.
 */
import { InvalidArgumentError, type LogIndex } from '@quorate/core';
import type { LedgerBalances, LedgerMoved } from './events.ts';
import type { LedgerOpen } from './operations.ts';

/** Why an operation was refused. The README says what each means and what to do. */
export type LedgerReason = (typeof ledgerReasons)[number];

/** Every reason. Their order is part of the encoding of results. */
export const ledgerReasons = [
  'exists-with-different-content',
  'debit-account-missing',
  'credit-account-missing',
  'currency-mismatch',
  'would-overflow',
  'debits-would-exceed-credits',
  'credits-would-exceed-debits',
  'pending-missing',
  'not-pending',
  'already-posted',
  'already-voided',
  'already-expired',
  'exceeds-pending',
  'too-many-currencies',
  'ledger-full',
] as const;

/** Which event an operation made; the same again when it is repeated. */
export interface LedgerReceipt {
  /** Number of the event in the ledger. */
  readonly sequence: number;
  /** Log entry that did it. */
  readonly index: LogIndex;
  /** Log time, ms since 1970. */
  readonly time: number;
}

/** All of it was done, now or before. */
export interface LedgerApplied {
  readonly type: 'applied';
  /** One for each operation, in order. */
  readonly receipts: readonly LedgerReceipt[];
}

/** Nothing was done. */
export interface LedgerRefused {
  readonly type: 'refused';
  /** Which operation could not be done, from 0; those before it could. */
  readonly operation: number;
  /** Its id. */
  readonly id: string;
  readonly reason: LedgerReason;
}

/** Result of a command. */
export type LedgerResult = LedgerApplied | LedgerRefused;

/** An account as it was opened, and its balances. */
export interface LedgerAccount {
  readonly account: LedgerOpen;
  readonly opened: LedgerReceipt;
  readonly balances: LedgerBalances;
}

export interface LedgerAccountAnswer extends LedgerAccount {
  readonly type: 'account';
}

/** What became of a transfer. */
export type LedgerTransferState =
  /** It is no pending transfer, so it is done. */
  | { readonly type: 'done' }
  /** `expiresAt`: ms since 1970; 0: never. */
  | { readonly type: 'pending'; readonly expiresAt: number }
  /** `by`: id of the transfer that did it; `sequence`: that event. */
  | { readonly type: 'posted' | 'voided'; readonly by: string; readonly sequence: number }
  | { readonly type: 'expired'; readonly sequence: number };

export interface LedgerTransferAnswer {
  readonly type: 'transfer';
  readonly event: LedgerMoved;
  readonly state: LedgerTransferState;
}

/** One event of an account. */
export interface LedgerHistoryEntry {
  /** On which side of the event the account is. */
  readonly side: 'debit' | 'credit';
  readonly event: LedgerMoved;
}

export interface LedgerHistoryAnswer {
  readonly type: 'history';
  readonly entries: readonly LedgerHistoryEntry[];
  /** Where the next page starts; absent: there is none. */
  readonly cursor?: number;
}

/** One line of a statement. */
export interface LedgerStatementLine {
  readonly account: string;
  readonly currency: string;
  readonly balances: LedgerBalances;
}

export interface LedgerStatementAnswer {
  readonly type: 'statement';
  readonly lines: readonly LedgerStatementLine[];
  /** Where the next page starts; absent: there is none. */
  readonly cursor?: number;
}

/** The sums over all accounts of a currency. */
export interface LedgerCurrencyTotals {
  readonly currency: string;
  /** Number of accounts. */
  readonly accounts: number;
  /** Debits equal credits, posted and pending. */
  readonly balances: LedgerBalances;
}

export interface LedgerTotalsAnswer {
  readonly type: 'totals';
  /** In the order in which the currencies came. */
  readonly totals: readonly LedgerCurrencyTotals[];
}

export interface LedgerStatusAnswer {
  readonly type: 'status';
  /** Number of events. */
  readonly length: number;
  /** The hash chain over all of them: 32 bytes. */
  readonly head: Uint8Array;
  /** The root of the Merkle tree over all of them: 32 bytes. */
  readonly root: Uint8Array;
  readonly accounts: number;
  /** Transfers of all kinds. */
  readonly transfers: number;
  /** Transfers that are pending. */
  readonly pending: number;
  /** Bytes of all records. */
  readonly recordBytes: number;
}

export interface LedgerRecordsAnswer {
  readonly type: 'records';
  /** The hash chain over all events before the first of these: 32 bytes. */
  readonly before: Uint8Array;
  /** As they are hashed; `decodeRecord` reads them. */
  readonly records: readonly Uint8Array[];
  /** Number of events of the ledger. */
  readonly length: number;
}

/** A proof that a record is the one with this number in a ledger; see `verifyInclusion`. */
export interface LedgerInclusion {
  readonly sequence: number;
  /** Number of events of the ledger that it was proved for. */
  readonly length: number;
  /** The record as it is hashed; `decodeRecord` reads it. */
  readonly record: Uint8Array;
  /** Hashes of 32 bytes, from the leaf to the root. */
  readonly path: readonly Uint8Array[];
}

export interface LedgerInclusionAnswer extends LedgerInclusion {
  readonly type: 'inclusion';
}

/** A proof that one ledger is the start of another; see `verifyConsistency`. */
export interface LedgerConsistency {
  /** Number of events of the shorter one. */
  readonly from: number;
  /** Number of events of the longer one. */
  readonly to: number;
  /** Hashes of 32 bytes. */
  readonly path: readonly Uint8Array[];
}

export interface LedgerConsistencyAnswer extends LedgerConsistency {
  readonly type: 'consistency';
}

/** What was asked for is not there, or was not yet. */
export interface LedgerMissingAnswer {
  readonly type: 'missing';
  readonly what: LedgerMissing;
}

export type LedgerMissing = 'account' | 'transfer' | 'event';

/** Answer to a query. */
export type LedgerAnswer =
  | LedgerAccountAnswer
  | LedgerTransferAnswer
  | LedgerHistoryAnswer
  | LedgerStatementAnswer
  | LedgerTotalsAnswer
  | LedgerStatusAnswer
  | LedgerRecordsAnswer
  | LedgerInclusionAnswer
  | LedgerConsistencyAnswer
  | LedgerMissingAnswer;

/**
 * Narrows a result or an answer to the type that it must have:
 * `expectType(await replica.query(ledger.status()), 'status').length`.
 *
 * @throws InvalidArgumentError where it has another type; the message says which, and why.
 */
export function expectType<
  Union extends { readonly type: string },
  const Type extends Union['type'],
>(value: Union, type: Type): Union & { readonly type: Type } {
  if (hasType(value, type)) return value;
  throw new InvalidArgumentError(
    `expected '${type}', got '${value.type}'${detail(value)}; look at the type before you narrow`,
  );
}

function hasType<Union extends { readonly type: string }, Type extends Union['type']>(
  value: Union,
  type: Type,
): value is Union & { readonly type: Type } {
  return value.type === type;
}

function detail(value: object): string {
  if ('reason' in value) return ` (${String(value.reason)})`;
  return 'what' in value ? ` (${String(value.what)})` : '';
}
