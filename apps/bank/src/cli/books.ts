/**
 * `quorate-bank export` and `verify`: the books as lines of JSON, and the check of every line.
 */
import {
  exportLedger,
  type LedgerAnswer,
  type LedgerQuery,
  type Verification,
  verifyExport,
  type VerifyOptions,
} from '@quorate/machine-ledger';
import { writeJson, writeLine } from '@quorate/program';
import { parsed } from '@quorate/program/command-line';
import type { Command } from 'commander';
import type { Bank } from '../bank.ts';
import { bankError } from '../errors.ts';
import { readLines, writeLines } from '../export-file.ts';
import { formatPublished, parsePublished, type Published } from '../published.ts';
import { type BankFlags, withBank, withBankFlags } from './options.ts';

interface ExportFlags extends BankFlags {
  readonly output?: string;
}

interface VerifyFlags extends BankFlags {
  readonly published?: Published;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('write all events as lines of JSON, hashed one into the next')
    .option('--output <file>', 'a file; without it stdout');
  withBankFlags(command).action(async (flags: ExportFlags) => {
    await withBank(flags, async (bank) => {
      const lines = exportLedger(askOf(bank));
      if (flags.output !== undefined) await writeLines(flags.output, lines);
      else for await (const line of lines) await writeLine(line);
    });
  });
}

export function addVerify(program: Command): void {
  const command = program
    .command('verify')
    .description('check an export, or without a file the running bank, event by event')
    .argument('[file]', 'what `export` wrote')
    .option(
      '--published <length:head>',
      'what was published before: nothing up to there may be another',
      parsed(parsePublished),
    );
  withBankFlags(command).action(async (file: string | undefined, flags: VerifyFlags) => {
    const { published } = flags;
    const options = published === undefined ? {} : { published };
    const found =
      file === undefined
        ? await withBank(flags, (bank) => verifyBank(bank, options))
        : await verifyExport(readLines(file), options);
    await tell(found, file ?? 'the bank', flags.json);
  });
}

/** Reads all of its events, does each again, and compares with the head that it publishes now. */
function verifyBank(bank: Bank, options: VerifyOptions): Promise<Verification> {
  return verifyExport(exportLedger(askOf(bank)), options);
}

function askOf(bank: Bank): (query: LedgerQuery) => Promise<LedgerAnswer> {
  return (query) => bank.query(query);
}

async function tell(found: Verification, what: string, json: boolean): Promise<void> {
  if (found.type === 'unsound') {
    const where = found.sequence === undefined ? '' : `event ${String(found.sequence)}: `;
    throw bankError(
      'UNSOUND',
      `${what} is not sound: ${where}${found.problem}; trust nothing from there on, and compare with another export or node`,
    );
  }
  const { length } = found;
  const published = formatPublished(found);
  if (json) await writeJson({ sound: true, length, published });
  else await writeLine(`${what} is sound: ${String(length)} events\npublished ${published}`);
}
