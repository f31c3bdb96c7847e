/**
 * Answers to queries. None changes anything, and none takes longer than a page of it needs.
 */
import { invariant, unreachable } from '@quorate/core';
import { type Account, noBalances } from './accounts.ts';
import type { LedgerBalances, LedgerMoved } from './events.ts';
import type {
  LedgerConsistencyQuery,
  LedgerHistoryQuery,
  LedgerInclusionQuery,
  LedgerQuery,
  LedgerRecordsQuery,
  LedgerStatementQuery,
} from './queries.ts';
import type {
  LedgerAnswer,
  LedgerHistoryEntry,
  LedgerMissing,
  LedgerMissingAnswer,
  LedgerStatementLine,
  LedgerTransferState,
} from './results.ts';
import type { State } from './state.ts';

/** Answers a query that makes sense by itself. */
export function answer(state: State, query: LedgerQuery): LedgerAnswer {
  switch (query.type) {
    case 'account':
      return readAccount(state, query.id, query.index);
    case 'transfer':
      return readTransfer(state, query.id);
    case 'history':
      return readHistory(state, query);
    case 'statement':
      return readStatement(state, query);
    case 'totals':
      return {
        type: 'totals',
        totals: Array.from(state.currencies.values(), ({ name, accounts, balances }) => ({
          currency: name,
          accounts,
          balances,
        })),
      };
    case 'status':
      return readStatus(state);
    case 'records':
      return readRecords(state, query);
    case 'inclusion':
      return proveInclusion(state, query);
    case 'consistency':
      return proveConsistency(state, query);
    default:
      return unreachable(query);
  }
}

function readAccount(state: State, id: string, index: number): LedgerAnswer {
  const account = state.accounts.get(id);
  if (account === undefined) return missing('account');
  const event = state.event(account.opened);
  if (event.type !== 'opened' || (index !== 0 && event.index > index)) return missing('account');
  const { sequence, time, operation } = event;
  return {
    type: 'account',
    account: operation,
    opened: { sequence, index: event.index, time },
    balances: balancesAt(state, account, index),
  };
}

function readTransfer(state: State, id: string): LedgerAnswer {
  const sequence = state.transfers.get(id);
  if (sequence === undefined) return missing('transfer');
  return { type: 'transfer', event: moved(state, sequence), state: transferState(state, id) };
}

function transferState(state: State, id: string): LedgerTransferState {
  const pending = state.pendings.get(id);
  if (pending === undefined) return { type: 'done' };
  return pending.resolution ?? { type: 'pending', expiresAt: pending.expiresAt };
}

function readHistory(state: State, query: LedgerHistoryQuery): LedgerAnswer {
  const account = state.accounts.get(query.account);
  if (account === undefined) return missing('account');
  const { history, id } = account;
  const { from, to, reverse, cursor, limit } = query;
  const timeAt = (position: number): number => state.journal.timeOf(history.at(position) ?? 0);
  const start = firstWhere(history.length, (position) => timeAt(position) >= from);
  const end = firstWhere(history.length, (position) => timeAt(position) > to);
  const step = reverse ? -1 : 1;
  let position = reverse ? Math.min(end - 1, cursor ?? end - 1) : Math.max(start, cursor ?? start);
  const entries: LedgerHistoryEntry[] = [];
  while (position >= start && position < end && entries.length < limit) {
    const event = moved(state, history.at(position) ?? 0);
    entries.push({ side: event.debit.account === id ? 'debit' : 'credit', event });
    position += step;
  }
  const more = position >= start && position < end;
  return more ? { type: 'history', entries, cursor: position } : { type: 'history', entries };
}

function readStatement(state: State, query: LedgerStatementQuery): LedgerAnswer {
  const { index, cursor, limit } = query;
  const { accountList, journal } = state;
  const end =
    index === 0
      ? accountList.length
      : firstWhere(
          accountList.length,
          (at) => journal.indexOf(accountList.at(at)?.opened ?? 0) > index,
        );
  const lines: LedgerStatementLine[] = [];
  let position = cursor;
  for (; position < end && lines.length < limit; position++) {
    const account = accountList.at(position);
    if (account === undefined) break;
    const { id, currency } = account;
    lines.push({
      account: id,
      currency: currency.name,
      balances: balancesAt(state, account, index),
    });
  }
  return position < end
    ? { type: 'statement', lines, cursor: position }
    : { type: 'statement', lines };
}

function readStatus(state: State): LedgerAnswer {
  const { journal, accounts, transfers, pending } = state;
  return {
    type: 'status',
    length: journal.length,
    head: journal.head,
    root: journal.tree.root(),
    accounts: accounts.size,
    transfers: transfers.size,
    pending,
    recordBytes: journal.recordBytes,
  };
}

function readRecords({ journal }: State, { from, limit }: LedgerRecordsQuery): LedgerAnswer {
  const { length } = journal;
  if (from > length) return missing('event');
  const count = Math.min(limit, length - from);
  const records = Array.from({ length: count }, (_, at) => journal.record(from + at));
  return { type: 'records', before: journal.headAt(from), records, length };
}

function proveInclusion(state: State, query: LedgerInclusionQuery): LedgerAnswer {
  const { journal, transfers } = state;
  const sequence = typeof query.of === 'number' ? query.of : transfers.get(query.of);
  if (sequence === undefined) return missing('transfer');
  const length = query.length === 0 ? journal.length : query.length;
  if (length > journal.length || sequence >= length) return missing('event');
  const record = journal.record(sequence);
  const path = journal.tree.inclusionPath(sequence, length);
  return { type: 'inclusion', sequence, length, record, path };
}

function proveConsistency({ journal }: State, query: LedgerConsistencyQuery): LedgerAnswer {
  const { from } = query;
  const to = query.to === 0 ? journal.length : query.to;
  if (to > journal.length || from > to) return missing('event');
  return { type: 'consistency', from, to, path: journal.tree.consistencyPath(from, to) };
}

/** The balances of an account after the last event of a log index or before; 0: now. */
function balancesAt(state: State, account: Account, index: number): LedgerBalances {
  if (index === 0) return account.balances;
  const { history, id } = account;
  const later = firstWhere(
    history.length,
    (position) => state.journal.indexOf(history.at(position) ?? 0) > index,
  );
  if (later === history.length) return account.balances;
  if (later === 0) return noBalances;
  const { debit, credit } = moved(state, history.at(later - 1) ?? 0);
  return debit.account === id ? debit.balances : credit.balances;
}

function moved(state: State, sequence: number): LedgerMoved {
  const event = state.event(sequence);
  invariant(event.type === 'moved', 'histories and transfers refer to what moved balances');
  return event;
}

/** The first position that holds, where all behind one that holds do; `length` if none does. */
function firstWhere(length: number, holds: (position: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function missing(what: LedgerMissing): LedgerMissingAnswer {
  return { type: 'missing', what };
}
