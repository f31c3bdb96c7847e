/**
 * What happened in a ledger: one event for each operation that was done and for each transfer that
 * expired, in one order. The events are the ledger; all else is made of them.
 */
import type { LogIndex } from '@quorate/core';
import type {
  LedgerExpire,
  LedgerOpen,
  LedgerPending,
  LedgerPost,
  LedgerTransfer,
  LedgerVoid,
} from './operations.ts';

/** The four sums of an account or of a currency, in minor units. */
export interface LedgerBalances {
  readonly debitsPosted: bigint;
  readonly creditsPosted: bigint;
  /** Reserved by transfers that are pending. */
  readonly debitsPending: bigint;
  /** Reserved by transfers that are pending. */
  readonly creditsPending: bigint;
}

/** Where and when an event happened. */
export interface LedgerPlace {
  /** Number of the event in the ledger, from 0, without gaps. */
  readonly sequence: number;
  /** Log entry that did it. */
  readonly index: LogIndex;
  /** Which command of that entry. */
  readonly position: number;
  /** Log time, ms since 1970. */
  readonly time: number;
}

/** An account was opened. */
export interface LedgerOpened extends LedgerPlace {
  readonly type: 'opened';
  readonly operation: LedgerOpen;
}

/** One of the two accounts of a transfer. */
export interface LedgerSide {
  readonly account: string;
  /** Its balances after the event. */
  readonly balances: LedgerBalances;
}

/** A post as it happened: of an amount that is known. */
export interface LedgerPosted extends LedgerPost {
  readonly amount: bigint;
}

/** What changes balances. */
export type LedgerMovement =
  | LedgerTransfer
  | LedgerPending
  | LedgerPosted
  | LedgerVoid
  | LedgerExpire;

/** Balances changed. */
export interface LedgerMoved extends LedgerPlace {
  readonly type: 'moved';
  readonly operation: LedgerMovement;
  readonly debit: LedgerSide;
  readonly credit: LedgerSide;
}

/** One event. */
export type LedgerEvent = LedgerOpened | LedgerMoved;
