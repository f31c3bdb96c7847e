/**
 * How to write commands and queries.
 */
import { maxU48 } from '@quorate/core';
import { defaultPageLength } from './limits.ts';
import type {
  LedgerAtomic,
  LedgerLimit,
  LedgerOpen,
  LedgerOperation,
  LedgerPending,
  LedgerPost,
  LedgerTransfer,
  LedgerVoid,
} from './operations.ts';
import type {
  LedgerAccountQuery,
  LedgerConsistencyQuery,
  LedgerHistoryQuery,
  LedgerInclusionQuery,
  LedgerRecordsQuery,
  LedgerStatementQuery,
  LedgerStatusQuery,
  LedgerTotalsQuery,
  LedgerTransferQuery,
} from './queries.ts';

/** What accounts and transfers may carry for their users. */
export interface LedgerNotes {
  /** A number below 2^16. @default 0 */
  readonly code?: number;
  /** Up to `maxUserDataBytes`. @default none */
  readonly userData?: Uint8Array;
}

export interface LedgerOpenFields extends LedgerNotes {
  readonly id: string;
  readonly currency: string;
  /** @default 'none' */
  readonly limit?: LedgerLimit;
}

export interface LedgerTransferFields extends LedgerNotes {
  readonly id: string;
  /** Id of the account to debit. */
  readonly debit: string;
  /** Id of the account to credit. */
  readonly credit: string;
  /** Minor units. */
  readonly amount: bigint;
}

export interface LedgerPendingFields extends LedgerTransferFields {
  /** Ms of log time after which it expires. @default never */
  readonly timeoutMs?: number;
}

export interface LedgerVoidFields extends LedgerNotes {
  readonly id: string;
  /** Id of the pending transfer. */
  readonly pending: string;
}

export interface LedgerPostFields extends LedgerVoidFields {
  /** Minor units. @default all that is reserved */
  readonly amount?: bigint;
}

export interface LedgerPage {
  /** Most entries, up to `maxPageLength`. @default 100 */
  readonly limit?: number;
  /** What the page before said. @default the start */
  readonly cursor?: number;
}

export interface LedgerAsOf {
  /** Log index. @default now */
  readonly index?: number;
}

export interface LedgerHistoryOptions extends LedgerPage {
  /** First time that is meant, in ms since 1970. @default the first there is */
  readonly from?: number;
  /** Last time that is meant, in ms since 1970. @default the last there is */
  readonly to?: number;
  /** Newest first. @default false */
  readonly reverse?: boolean;
}

/** How to write commands and queries. */
export interface LedgerLanguage {
  open(fields: LedgerOpenFields): LedgerOpen;
  transfer(fields: LedgerTransferFields): LedgerTransfer;
  pending(fields: LedgerPendingFields): LedgerPending;
  post(fields: LedgerPostFields): LedgerPost;
  void(fields: LedgerVoidFields): LedgerVoid;
  /** Several operations, all or none. */
  atomic(...operations: readonly LedgerOperation[]): LedgerAtomic;

  account(id: string, options?: LedgerAsOf): LedgerAccountQuery;
  findTransfer(id: string): LedgerTransferQuery;
  history(account: string, options?: LedgerHistoryOptions): LedgerHistoryQuery;
  statement(options?: LedgerAsOf & LedgerPage): LedgerStatementQuery;
  totals(): LedgerTotalsQuery;
  status(): LedgerStatusQuery;
  records(from: number, limit?: number): LedgerRecordsQuery;
  /** @param length events of the ledger whose root is meant; all there are unless given */
  inclusion(of: string | number, length?: number): LedgerInclusionQuery;
  /** @param to all there are unless given */
  consistency(from: number, to?: number): LedgerConsistencyQuery;
}

const noBytes = new Uint8Array(0);

/**
 * Writes commands and queries. They are plain data: what is wrong with one is said when it is encoded
 * or applied.
 */
export const ledger: LedgerLanguage = {
  open: ({ id, currency, limit = 'none', ...rest }) => ({
    type: 'open',
    id,
    currency,
    limit,
    ...notes(rest),
  }),
  transfer: ({ id, debit, credit, amount, ...rest }) => ({
    type: 'transfer',
    id,
    debit,
    credit,
    amount,
    ...notes(rest),
  }),
  pending: ({ id, debit, credit, amount, timeoutMs = 0, ...rest }) => ({
    type: 'pending',
    id,
    debit,
    credit,
    amount,
    timeoutMs,
    ...notes(rest),
  }),
  post: ({ id, pending, amount, ...rest }) => ({
    type: 'post',
    id,
    pending,
    amount,
    ...notes(rest),
  }),
  void: ({ id, pending, ...rest }) => ({ type: 'void', id, pending, ...notes(rest) }),
  atomic: (...operations) => ({ type: 'atomic', operations }),

  account: (id, { index = 0 } = {}) => ({ type: 'account', id, index }),
  findTransfer: (id) => ({ type: 'transfer', id }),
  history: (account, options = {}) => ({
    type: 'history',
    account,
    from: options.from ?? 0,
    to: options.to ?? maxU48,
    reverse: options.reverse ?? false,
    cursor: options.cursor,
    limit: options.limit ?? defaultPageLength,
  }),
  statement: ({ index = 0, cursor = 0, limit = defaultPageLength } = {}) => ({
    type: 'statement',
    index,
    cursor,
    limit,
  }),
  totals: () => ({ type: 'totals' }),
  status: () => ({ type: 'status' }),
  records: (from, limit = defaultPageLength) => ({ type: 'records', from, limit }),
  inclusion: (of, length = 0) => ({ type: 'inclusion', of, length }),
  consistency: (from, to = 0) => ({ type: 'consistency', from, to }),
};

function notes({ code = 0, userData = noBytes }: LedgerNotes): {
  readonly code: number;
  readonly userData: Uint8Array;
} {
  return { code, userData };
}
