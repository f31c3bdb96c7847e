/**
 * `quorate-bank open`, `balance` and `statement`: accounts, and what they hold.
 */
import {
  expectType,
  ledger,
  type LedgerAccountAnswer,
  type LedgerLimit,
} from '@quorate/machine-ledger';
import { writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import { type Command, Option } from 'commander';
import { perform } from '../bank.ts';
import { type BankError, bankError } from '../errors.ts';
import {
  amountsOf,
  pageLength,
  statementOfAccount,
  statementOfBank,
  type StatementPage,
} from '../statements.ts';
import { type BankFlags, withBank, withBankFlags } from './options.ts';

const limits = [
  'none',
  'debits-within-credits',
  'credits-within-debits',
] as const satisfies readonly LedgerLimit[];

interface OpenFlags extends BankFlags {
  readonly currency: string;
  readonly limit: LedgerLimit;
}

interface AsOfFlags extends BankFlags {
  readonly asOf?: number;
}

interface StatementFlags extends AsOfFlags {
  readonly limit: number;
  readonly cursor?: number;
}

export function addOpen(program: Command): void {
  const command = program
    .command('open')
    .description('open an account')
    .argument('<account>', 'its name: up to 64 characters, no spaces')
    .requiredOption('--currency <name>', 'such as EUR')
    .addOption(
      new Option('--limit <kind>', 'what it cannot be: overdrawn is debits-within-credits')
        .choices(limits)
        .default('none'),
    );
  withBankFlags(command).action(async (id: string, flags: OpenFlags) => {
    const { currency, limit } = flags;
    const receipt = await withBank(flags, (bank) =>
      perform(bank, ledger.open({ id, currency, limit })),
    );
    const { sequence, index, time } = receipt;
    if (flags.json) await writeJson({ account: id, currency, limit, sequence, index, time });
    else await writeLine(`open ${id}: event ${String(sequence)}, at index ${String(index)}`);
  });
}

export function addBalance(program: Command): void {
  const command = program
    .command('balance')
    .description('show what an account holds; exit code 3 if there is none of that name')
    .argument('<account>');
  withAsOf(command).action(async (id: string, flags: AsOfFlags) => {
    const answer = await withBank(flags, (bank) => bank.query(ledger.account(id, asOf(flags))));
    if (answer.type === 'missing') throw missingAccount(id, flags);
    const account = expectType(answer, 'account');
    await (flags.json ? writeJson(accountJson(account)) : writeLine(accountText(account)));
  });
}

export function addStatement(program: Command): void {
  const command = program
    .command('statement')
    .description('show what moved an account, or without one what all accounts hold; by pages')
    .argument('[account]')
    .option('--limit <n>', 'lines of the page, up to 1000', parsed(positive), pageLength)
    .option('--cursor <n>', 'where the page before said to go on', parsed(positive));
  withAsOf(command).action(async (id: string | undefined, flags: StatementFlags) => {
    const { limit, cursor } = flags;
    const page = { limit, ...(cursor === undefined ? {} : { cursor }), ...asOf(flags) };
    const found = await withBank(flags, (bank) =>
      id === undefined ? statementOfBank(bank, page) : statementOfAccount(bank, id, page),
    );
    if (found === undefined) throw missingAccount(id ?? '', flags);
    await show(found, flags.json);
  });
}

function withAsOf(command: Command): Command {
  return withBankFlags(
    command.option('--as-of <index>', 'as it was at this log index', parsed(positive)),
  );
}

function asOf(flags: AsOfFlags): { readonly index?: number } {
  return flags.asOf === undefined ? {} : { index: flags.asOf };
}

function missingAccount(id: string, flags: AsOfFlags): BankError {
  const then = flags.asOf === undefined ? '' : ` at index ${String(flags.asOf)}`;
  return bankError(
    'NOT_FOUND',
    `there is no account ${JSON.stringify(id)}${then}; \`quorate-bank statement\` lists those there are`,
  );
}

async function show({ lines, text, cursor }: StatementPage, json: boolean): Promise<void> {
  if (json) {
    for (const line of lines) await writeJson(line);
  } else await writeLine(text);
  if (cursor !== undefined) process.stderr.write(`more: --cursor ${String(cursor)}\n`);
}

function accountText({ account, balances }: LedgerAccountAnswer): string {
  const amounts = amountsOf(balances);
  const row = (name: string, posted: string, pending: string): string =>
    `  ${name} ${posted.padStart(14)}   pending ${pending.padStart(14)}`;
  return [
    `${account.id} (${account.currency}, limit ${account.limit})`,
    row('credits', amounts.creditsPosted, amounts.creditsPending),
    row('debits ', amounts.debitsPosted, amounts.debitsPending),
    `  balance ${amounts.balance.padStart(14)}`,
  ].join('\n');
}

function accountJson({ account, balances }: LedgerAccountAnswer): unknown {
  const { id, currency, limit } = account;
  return { account: id, currency, limit, ...amountsOf(balances) };
}
