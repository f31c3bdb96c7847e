/**
 * The command line: what can be asked of a folder, and how every failure is told.
 */
import { describeError, QuorateError } from '@quorate/core';
import { Command, CommanderError } from 'commander';
import { inspect, type RecordRange } from './inspect.ts';
import { jsonOf, recordJson } from './json.ts';
import { recordText, reportText } from './text.ts';

/** Exit codes of every command. */
export const exitCodes = { ok: 0, damaged: 1, usage: 2, failed: 3 } as const;

interface Flags {
  readonly json?: boolean;
  readonly records?: boolean;
  readonly from?: string;
  readonly to?: string;
}

/** What the command line asks for makes no sense. */
class UsageError extends Error {}

/**
 * Runs a command line, and returns the exit code: 0 nothing is damaged, 1 something is, 2 the command
 * line makes no sense, 3 the folder cannot be looked at.
 *
 * @param words the arguments, without node and program.
 */
export async function run(words: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command('quorate-inspect')
    .description('Looks into the folder of a node that does not run, and changes nothing.')
    .argument('<dir>', 'the folder with quorate.json, or the one of a node around it')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  withFlags(program).action(async (directory: string, flags: Flags) => {
    exitCode = await show(directory, flags, false);
  });
  withFlags(program.command('verify <dir>'))
    .description('the same, and reads every snapshot through: is everything intact?')
    .action(async (directory: string, flags: Flags) => {
      exitCode = await show(directory, flags, true);
    });
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    process.stderr.write(`quorate-inspect: ${tell(error)}\n`);
    return error instanceof CommanderError || error instanceof UsageError
      ? exitCodes.usage
      : exitCodes.failed;
  }
}

function withFlags(command: Command): Command {
  return command
    .option('--json', 'JSON: the report, with --records a line for each record before it')
    .option('--records', 'list every record, in the order on disk')
    .option('--from <index>', 'with --records: only puts from this index on')
    .option('--to <index>', 'with --records: only puts up to this index');
}

async function show(directory: string, flags: Flags, verify: boolean): Promise<number> {
  const json = flags.json === true;
  const range = flags.records === true ? rangeOf(flags) : undefined;
  const report = await inspect(directory, verify, range, (record) => {
    process.stdout.write(`${json ? JSON.stringify(recordJson(record)) : recordText(record)}\n`);
  });
  process.stdout.write(json ? `${JSON.stringify(jsonOf(report))}\n` : reportText(report, verify));
  return report.damage.length === 0 ? exitCodes.ok : exitCodes.damaged;
}

function rangeOf({ from, to }: Flags): RecordRange {
  return { from: indexOf('--from', from, 0), to: indexOf('--to', to, Number.MAX_SAFE_INTEGER) };
}

function indexOf(flag: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes an index, got ${JSON.stringify(text)}`);
}

function tell(error: unknown): string {
  if (error instanceof QuorateError) return `${error.code}: ${error.message}`;
  if (error instanceof CommanderError) {
    return `USAGE: ${error.message.replace(/^error: /, '')}; see quorate-inspect --help`;
  }
  if (error instanceof UsageError) return `USAGE: ${error.message}`;
  return `IO_FAILED: ${describeError(error)}`;
}
