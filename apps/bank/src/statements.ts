/**
 * Statements, a page at a time: of one account, all that moved it; of the bank, what its accounts hold.
 */
import {
  expectType,
  ledger,
  type LedgerBalances,
  type LedgerHistoryEntry,
  type LedgerStatementLine,
} from '@quorate/machine-ledger';
import { table } from '@quorate/program';
import { formatAmount } from './amounts.ts';
import type { Bank } from './bank.ts';

/** Lines of a page unless asked otherwise. */
export const pageLength = 100;

/** Which page. */
export interface PageOptions {
  readonly limit: number;
  readonly cursor?: number;
  /** Nothing of what came behind this log index. */
  readonly index?: number;
}

/** A page. */
export interface StatementPage {
  /** For programs; amounts are texts. */
  readonly lines: readonly unknown[];
  /** For people. */
  readonly text: string;
  /** Where the next page starts; `undefined`: there is none. */
  readonly cursor: number | undefined;
}

/** What all accounts hold. */
export async function statementOfBank(bank: Bank, page: PageOptions): Promise<StatementPage> {
  const answer = expectType(await bank.query(ledger.statement(page)), 'statement');
  const rows = answer.lines.map(rowOfAccount);
  const titles = ['ACCOUNT', 'CURRENCY', 'DEBITS', 'CREDITS', 'BALANCE', 'PENDING'];
  return {
    lines: answer.lines.map(({ account, currency, balances }) => ({
      account,
      currency,
      ...amountsOf(balances),
    })),
    text: table([titles, ...rows], titles.slice(2)),
    cursor: answer.cursor,
  };
}

/** What moved an account; `undefined` if there is none of that name. */
export async function statementOfAccount(
  bank: Bank,
  id: string,
  { limit, cursor, index = Infinity }: PageOptions,
): Promise<StatementPage | undefined> {
  const options = { limit, ...(cursor === undefined ? {} : { cursor }) };
  const found = await bank.query(ledger.history(id, options));
  if (found.type === 'missing') return undefined;
  const answer = expectType(found, 'history');
  // They come in the order of the log, so from the first that is too new on all are.
  const entries = answer.entries.filter(({ event }) => event.index <= index);
  const titles = ['TIME', 'INDEX', 'KIND', 'ID', 'WITH', 'DEBIT', 'CREDIT', 'BALANCE', 'PENDING'];
  return {
    lines: entries.map(lineOf),
    text: table([titles, ...entries.map(rowOfEntry)], ['INDEX', ...titles.slice(5)]),
    cursor: entries.length < answer.entries.length ? undefined : answer.cursor,
  };
}

function rowOfAccount({ account, currency, balances }: LedgerStatementLine): readonly string[] {
  const { debitsPosted, creditsPosted, balance } = amountsOf(balances);
  return [account, currency, debitsPosted, creditsPosted, balance, pendingOf(balances)];
}

function lineOf({ side, event }: LedgerHistoryEntry): Readonly<Record<string, unknown>> {
  const { operation, sequence, index, time } = event;
  const other = side === 'debit' ? event.credit.account : event.debit.account;
  const amount = 'amount' in operation ? { amount: formatAmount(operation.amount) } : {};
  return {
    sequence,
    index,
    time,
    kind: operation.type,
    ...('id' in operation ? { id: operation.id } : {}),
    ...('pending' in operation ? { pending: operation.pending } : {}),
    side,
    other,
    ...amount,
    ...amountsOf(event[side].balances),
  };
}

function rowOfEntry({ side, event }: LedgerHistoryEntry): readonly string[] {
  const { operation, index, time } = event;
  const amount = 'amount' in operation ? formatAmount(operation.amount) : '';
  const { balances } = event[side];
  return [
    new Date(time).toISOString(),
    String(index),
    operation.type,
    'id' in operation ? operation.id : operation.pending,
    side === 'debit' ? event.credit.account : event.debit.account,
    side === 'debit' ? amount : '',
    side === 'credit' ? amount : '',
    formatAmount(balances.creditsPosted - balances.debitsPosted),
    pendingOf(balances),
  ];
}

/** What would change the balance if all that is pending were posted. */
function pendingOf({ creditsPending, debitsPending }: LedgerBalances): string {
  return formatAmount(creditsPending - debitsPending);
}

/** The four sums and the balance, as texts. */
export function amountsOf(
  balances: LedgerBalances,
): Readonly<Record<keyof LedgerBalances | 'balance', string>> {
  const { creditsPosted, debitsPosted, creditsPending, debitsPending } = balances;
  return {
    creditsPosted: formatAmount(creditsPosted),
    debitsPosted: formatAmount(debitsPosted),
    creditsPending: formatAmount(creditsPending),
    debitsPending: formatAmount(debitsPending),
    balance: formatAmount(creditsPosted - debitsPosted),
  };
}
