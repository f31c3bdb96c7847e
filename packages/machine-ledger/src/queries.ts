/**
 * What can be asked of a ledger. All of it only reads.
 */

/** One account and its balances. */
export interface LedgerAccountQuery {
  readonly type: 'account';
  readonly id: string;
  /** As of this log index; 0: now. */
  readonly index: number;
}

/** One transfer, and what became of it. */
export interface LedgerTransferQuery {
  readonly type: 'transfer';
  readonly id: string;
}

/** What moved an account's balances, page by page. */
export interface LedgerHistoryQuery {
  readonly type: 'history';
  readonly account: string;
  /** First time that is meant, in ms since 1970. */
  readonly from: number;
  /** Last time that is meant, in ms since 1970. */
  readonly to: number;
  /** Newest first. */
  readonly reverse: boolean;
  /** Where the page before said to go on; `undefined`: at the start. */
  readonly cursor: number | undefined;
  readonly limit: number;
}

/** The balances of all accounts, in the order in which they were opened, page by page. */
export interface LedgerStatementQuery {
  readonly type: 'statement';
  /** As of this log index; 0: now. */
  readonly index: number;
  /** Where the page before said to go on; 0: at the start. */
  readonly cursor: number;
  readonly limit: number;
}

/** The sums over all accounts, by currency. */
export interface LedgerTotalsQuery {
  readonly type: 'totals';
}

/** Size of the ledger, and the hashes that commit to all of it. */
export interface LedgerStatusQuery {
  readonly type: 'status';
}

/** The records of the ledger as they are hashed, page by page. */
export interface LedgerRecordsQuery {
  readonly type: 'records';
  /** Sequence number of the first. */
  readonly from: number;
  readonly limit: number;
}

/** A proof that a record is in the ledger. */
export interface LedgerInclusionQuery {
  readonly type: 'inclusion';
  /** Id of a transfer, or sequence number of any event. */
  readonly of: string | number;
  /** Number of events of the ledger whose root it is proved against; 0: of all there are. */
  readonly length: number;
}

/** A proof that the ledger of one length is the start of that of another. */
export interface LedgerConsistencyQuery {
  readonly type: 'consistency';
  readonly from: number;
  /** 0: of all there are. */
  readonly to: number;
}

/** Everything that only reads. */
export type LedgerQuery =
  | LedgerAccountQuery
  | LedgerTransferQuery
  | LedgerHistoryQuery
  | LedgerStatementQuery
  | LedgerTotalsQuery
  | LedgerStatusQuery
  | LedgerRecordsQuery
  | LedgerInclusionQuery
  | LedgerConsistencyQuery;
