/**
 * The audit at the end of a demo. It knows what was acknowledged and trusts nothing else: it reads the books as
 * they were exported, and asks each node for its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeRecord,
  expectType,
  exportLedger,
  ledger,
  type LedgerEvent,
  type LedgerStatementLine,
  type LedgerStatusAnswer,
  maxPageLength,
  verifyExport,
} from '@quorate/machine-ledger';
import { type Bank, openBank } from '../bank.ts';
import { readLines, writeLines } from '../export-file.ts';
import { formatPublished } from '../published.ts';
import { expectedBalances, isEqual, sumOf } from './balances.ts';
import type { PlannedNode } from './plan.ts';
import type { Acknowledged } from './teller.ts';

/** One thing that has to hold. */
export interface Finding {
  readonly name: string;
  readonly holds: boolean;
  /** What was looked at, or what does not hold. */
  readonly detail: string;
}

/** What is audited. */
export interface AuditSetup {
  /** All nodes. */
  readonly bank: Bank;
  readonly nodes: readonly PlannedNode[];
  /** All that the bank says it has done. */
  readonly acknowledged: readonly Acknowledged[];
  /** Where the export is to lie. */
  readonly exportFile: string;
}

/** How long a node has to apply what it missed. */
const catchUpTimeoutMs = 20_000;
const pollMs = 25;

/** Looks at everything that has to hold once all payments are made. */
export async function audit(setup: AuditSetup): Promise<readonly Finding[]> {
  const { bank, nodes, acknowledged, exportFile } = setup;
  const status = expectType(await bank.query(ledger.status()), 'status');
  await writeLines(
    exportFile,
    exportLedger((query) => bank.query(query)),
  );
  const lines = await statementOf(bank);
  return [
    acknowledgedOnce(acknowledged, await eventsOf(exportFile)),
    balanced(lines),
    asAcknowledged(lines, acknowledged),
    await equalHeads(nodes, status),
    await verified(exportFile, status),
  ];
}

function acknowledgedOnce(
  acknowledged: readonly Acknowledged[],
  events: readonly LedgerEvent[],
): Finding {
  const name = 'every acknowledged operation is there once, and nothing else';
  const times = new Map<string, number>();
  const keyOf = ({ type, id }: { readonly type: string; readonly id: string }): string =>
    `${type === 'open' ? 'account' : 'transfer'} ${id}`;
  for (const { operation } of events) {
    if (operation.type === 'expire') continue;
    times.set(keyOf(operation), (times.get(keyOf(operation)) ?? 0) + 1);
  }
  const wrong = acknowledged.filter(({ operation, receipt }) => {
    const event = events[receipt.sequence];
    const isThere =
      event?.operation.type === operation.type &&
      event.operation.id === operation.id &&
      event.index === receipt.index;
    return !isThere || times.get(keyOf(operation)) !== 1;
  });
  const [first] = wrong;
  if (first !== undefined) {
    return failing(name, `${String(wrong.length)} are not, ${first.operation.id} first`);
  }
  const detail = `${String(acknowledged.length)} acknowledged, ${String(events.length)} events`;
  return { name, holds: events.length === acknowledged.length, detail };
}

function balanced(lines: readonly LedgerStatementLine[]): Finding {
  const name = 'debits equal credits in every currency';
  const currencies = [...new Set(lines.map(({ currency }) => currency))];
  const wrong = currencies.filter((currency) => {
    const sum = sumOf(lines.filter((line) => line.currency === currency));
    return sum.debitsPosted !== sum.creditsPosted || sum.debitsPending !== sum.creditsPending;
  });
  return wrong.length === 0 && currencies.length > 0
    ? { name, holds: true, detail: currencies.join(', ') }
    : failing(name, `not in ${wrong.join(', ') || 'any: there is none'}`);
}

function asAcknowledged(
  lines: readonly LedgerStatementLine[],
  acknowledged: readonly Acknowledged[],
): Finding {
  const name = 'balances are what was acknowledged makes of them';
  const expected = expectedBalances(acknowledged);
  const wrong = lines.filter(({ account, balances }) => {
    const found = expected.get(account);
    return found === undefined || !isEqual(found, balances);
  });
  const [first] = wrong;
  if (first !== undefined) return failing(name, `not those of ${first.account}`);
  return {
    name,
    holds: lines.length === expected.size,
    detail: `${String(lines.length)} accounts`,
  };
}

async function equalHeads(
  nodes: readonly PlannedNode[],
  { length, head }: LedgerStatusAnswer,
): Promise<Finding> {
  const name = 'all nodes have the same head';
  const found = await Promise.all(nodes.map(({ client }) => headOf(client, length)));
  const published = formatPublished({ length, head });
  const wrong = nodes.filter((_node, at) => found[at] !== published);
  return wrong.length === 0
    ? { name, holds: true, detail: published }
    : failing(name, `not ${wrong.map(({ node }) => node).join(', ')}: ${found.join(', ')}`);
}

/** What one node holds by itself, once it has applied so many events. */
async function headOf(client: string, length: number): Promise<string> {
  const bank = openBank({ endpoints: [client], timeoutMs: catchUpTimeoutMs });
  try {
    for (const deadline = performance.now() + catchUpTimeoutMs; ; ) {
      const answer = await bank.query(ledger.status(), { consistency: 'local' });
      const status = expectType(answer, 'status');
      if (status.length >= length || performance.now() > deadline) return formatPublished(status);
      await sleep(pollMs);
    }
  } finally {
    await bank.close();
  }
}

async function verified(exportFile: string, published: LedgerStatusAnswer): Promise<Finding> {
  const name = 'the export is sound, and leads to the published head';
  const found = await verifyExport(readLines(exportFile), { published });
  return found.type === 'sound'
    ? { name, holds: true, detail: `${String(found.length)} events, each done again` }
    : failing(name, `event ${String(found.sequence ?? '')}: ${found.problem}`);
}

async function statementOf(bank: Bank): Promise<readonly LedgerStatementLine[]> {
  const lines: LedgerStatementLine[] = [];
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page: { readonly limit: number; readonly cursor: number } = {
      limit: maxPageLength,
      cursor,
    };
    const answer = expectType(await bank.query(ledger.statement(page)), 'statement');
    lines.push(...answer.lines);
    cursor = answer.cursor;
  }
  return lines;
}

/** The events of an export, out of the bytes that are hashed. */
async function eventsOf(exportFile: string): Promise<readonly LedgerEvent[]> {
  const events: LedgerEvent[] = [];
  for await (const line of readLines(exportFile)) {
    const { record } = JSON.parse(line) as { readonly record?: string };
    if (record !== undefined) events.push(decodeRecord(Buffer.from(record, 'hex')));
  }
  return events;
}

function failing(name: string, detail: string): Finding {
  return { name, holds: false, detail };
}
