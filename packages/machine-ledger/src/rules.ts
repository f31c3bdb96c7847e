/**
 * The rules: which operation may be done, and what it does. The order of the checks is part of what
 * replicas agree on, since it decides which reason a caller is told.
 */
import { type ApplyContext, ByteWriter, equalBytes, unreachable } from '@quorate/core';
import { creditFits, debitFits } from './accounts.ts';
import type { LedgerPosted } from './events.ts';
import { maxAmount, maxCurrencies } from './limits.ts';
import { type EventOperation, writeOperation } from './operation-codec.ts';
import type {
  LedgerOpen,
  LedgerOperation,
  LedgerPending,
  LedgerPost,
  LedgerTransfer,
  LedgerVoid,
} from './operations.ts';
import { isDue, type PendingTransfer } from './pendings.ts';
import type { LedgerReason, LedgerReceipt } from './results.ts';
import type { State } from './state.ts';

/** A receipt: it is staged, or was done before. A reason: nothing was staged. */
type Outcome = LedgerReceipt | LedgerReason;

/** Stages an operation that makes sense by itself, if it is allowed. */
export function stage(state: State, operation: LedgerOperation, context: ApplyContext): Outcome {
  switch (operation.type) {
    case 'open':
      return stageOpen(state, operation, context);
    case 'transfer':
    case 'pending':
      return stageTransfer(state, operation, context);
    case 'post':
    case 'void':
      return stageEnd(state, operation, context);
    default:
      return unreachable(operation);
  }
}

/** Stages the end of the transfer that expires next, if its time has come. */
export function stageExpiry(state: State, context: ApplyContext): boolean {
  const ends = state.expiries.next;
  if (ends === undefined || !isDue(ends, context.time)) return false;
  const { id, debit, credit, amount } = ends;
  const operation = { type: 'expire', pending: id } as const;
  const change = { posted: 0n, pending: -amount };
  state.stageMovement({ operation, debit, credit, change, ends }, context);
  return true;
}

function stageOpen(state: State, operation: LedgerOpen, context: ApplyContext): Outcome {
  const existing = state.accounts.get(operation.id);
  if (existing !== undefined) return repeated(state, existing.opened, operation);
  if (!state.currencies.has(operation.currency) && state.currencies.size >= maxCurrencies) {
    return 'too-many-currencies';
  }
  if (state.room < 1) return 'ledger-full';
  return state.stageOpening(operation, context);
}

function stageTransfer(
  state: State,
  operation: LedgerTransfer | LedgerPending,
  context: ApplyContext,
): Outcome {
  const existing = state.transfers.get(operation.id);
  if (existing !== undefined) return repeated(state, existing, operation);
  const debit = state.accounts.get(operation.debit);
  if (debit === undefined) return 'debit-account-missing';
  const credit = state.accounts.get(operation.credit);
  if (credit === undefined) return 'credit-account-missing';
  const { currency } = debit;
  if (currency !== credit.currency) return 'currency-mismatch';
  const { amount } = operation;
  // The sum over a currency bounds the balances of all of its accounts: one check for both sides.
  const { debitsPosted, debitsPending } = currency.balances;
  if (debitsPosted + debitsPending + amount > maxAmount) return 'would-overflow';
  if (!debitFits(debit, amount)) return 'debits-would-exceed-credits';
  if (!creditFits(credit, amount)) return 'credits-would-exceed-debits';
  const isPending = operation.type === 'pending';
  if (state.room < (isPending ? 2 : 1)) return 'ledger-full';
  const change = isPending ? { posted: 0n, pending: amount } : { posted: amount, pending: 0n };
  return state.stageMovement({ operation, debit, credit, change }, context);
}

/**
 * No limit is checked: what was reserved counts already, and no more than that is posted. Nor is there
 * a check for room: a pending transfer keeps a place for its end.
 */
function stageEnd(state: State, ordered: LedgerPost | LedgerVoid, context: ApplyContext): Outcome {
  const ends = state.pendings.get(ordered.pending);
  const existing = state.transfers.get(ordered.id);
  if (existing !== undefined) return repeated(state, existing, inFull(ordered, ends));
  if (ends === undefined) {
    return state.transfers.get(ordered.pending) === undefined ? 'pending-missing' : 'not-pending';
  }
  if (ends.resolution !== undefined) return `already-${ends.resolution.type}`;
  // Its event is yet to come, but its time is over on every replica alike.
  if (isDue(ends, context.time)) return 'already-expired';
  const operation = inFull(ordered, ends);
  const posted = operation.type === 'post' ? operation.amount : 0n;
  if (posted > ends.amount) return 'exceeds-pending';
  const { debit, credit } = ends;
  const change = { posted, pending: -ends.amount };
  return state.stageMovement({ operation, debit, credit, change, ends }, context);
}

/** A post of everything is one of the amount that is pending, and of nothing where nothing is. */
function inFull(
  operation: LedgerPost | LedgerVoid,
  ends: PendingTransfer | undefined,
): LedgerPosted | LedgerVoid {
  if (operation.type === 'void') return operation;
  return { ...operation, amount: operation.amount ?? ends?.amount ?? 0n };
}

/** What was said the first time, if the operation is the same. */
function repeated(state: State, sequence: number, operation: LedgerOperation): Outcome {
  const event = state.event(sequence);
  if (!equalBytes(bytesOf(event.operation), bytesOf(operation))) {
    return 'exists-with-different-content';
  }
  return { sequence, index: event.index, time: event.time };
}

function bytesOf(operation: EventOperation): Uint8Array {
  const writer = new ByteWriter(512);
  writeOperation(operation, writer);
  return writer.take();
}
