/**
 * What can be done to a ledger: the operations, and the commands that are made of them.
 */

/**
 * Which balance an account must not exceed. Pending amounts count on the side that they would grow:
 *
 * - `debits-within-credits`: `debitsPosted + debitsPending <= creditsPosted`, as for a customer's
 *   deposit (a liability), which must not be overdrawn;
 * - `credits-within-debits`: `creditsPosted + creditsPending <= debitsPosted`, as for a till (an asset).
 */
export type LedgerLimit = 'none' | 'debits-within-credits' | 'credits-within-debits';

/** Opens an account. */
export interface LedgerOpen {
  readonly type: 'open';
  /** Unique among accounts: 1 to 64 characters of printable ASCII, no spaces. */
  readonly id: string;
  /** Transfers move amounts between accounts of one currency: 1 to 16 such characters. */
  readonly currency: string;
  /** What kind of account it is, for its users: below 2^16. */
  readonly code: number;
  readonly limit: LedgerLimit;
  /** Up to 128 bytes that mean something to its users. */
  readonly userData: Uint8Array;
}

/** What every transfer has. Ids of all its kinds are unique among each other. */
interface Identified {
  /** 1 to 64 characters of printable ASCII, no spaces. */
  readonly id: string;
  /** What kind of transfer it is, for its users: below 2^16. */
  readonly code: number;
  /** Up to 128 bytes that mean something to its users. */
  readonly userData: Uint8Array;
}

/** Moves an amount from one account to another: debits `debit`, credits `credit`. */
export interface LedgerTransfer extends Identified {
  readonly type: 'transfer';
  readonly debit: string;
  readonly credit: string;
  /** Minor units, from 1 to 2^128 - 1. */
  readonly amount: bigint;
}

/** Reserves an amount, to be posted or voided later. */
export interface LedgerPending extends Identified {
  readonly type: 'pending';
  readonly debit: string;
  readonly credit: string;
  /** Minor units, from 1 to 2^128 - 1. */
  readonly amount: bigint;
  /** Ms of log time after which it expires; 0: never. */
  readonly timeoutMs: number;
}

/** Moves a reserved amount, or part of it; what is left of it is released. */
export interface LedgerPost extends Identified {
  readonly type: 'post';
  /** Id of the pending transfer. */
  readonly pending: string;
  /** Minor units, from 1; `undefined`: all of it. */
  readonly amount: bigint | undefined;
}

/** Releases a reserved amount. */
export interface LedgerVoid extends Identified {
  readonly type: 'void';
  /** Id of the pending transfer. */
  readonly pending: string;
}

/** The end of a pending transfer whose time ran out. It is no operation: only the log's time does it. */
export interface LedgerExpire {
  readonly type: 'expire';
  /** Id of the pending transfer. */
  readonly pending: string;
}

/** One thing to do. */
export type LedgerOperation = LedgerOpen | LedgerTransfer | LedgerPending | LedgerPost | LedgerVoid;

/** Several operations in order, all or none. Each sees what those before it did. */
export interface LedgerAtomic {
  readonly type: 'atomic';
  readonly operations: readonly LedgerOperation[];
}

/** Everything that goes through the log. */
export type LedgerCommand = LedgerOperation | LedgerAtomic;
