/** The command line: which words it takes, and what they mean. */
import { parseArgs } from 'node:util';
import type { CheckOptions } from '../check.ts';
import { LinearizabilityError } from '../errors.ts';
import type { Model } from '../model.ts';
import { counterModel } from '../models/counter.ts';
import { kvModel } from '../models/kv.ts';
import { ledgerModel } from '../models/ledger.ts';
import { casRegisterModel, registerModel } from '../models/register.ts';
import type { ParseOptions } from '../parser.ts';

/** What `--help` says. */
export const usage = `quorate-linearizability --model MODEL FILE…

Checks whether histories of concurrent operations are linearizable: JSON lines, one event a line.
One line of verdict a file; exit 0 all ok, 1 a violation, 2 unknown or unreadable. - is the standard input.

  --model MODEL             register, cas-register, kv, counter, ledger
  --timeout-ms N            give up on a file after so long (60000)
  --max-configurations N    give up on a part of a file after so many configurations (2000000)
  --picture DIR             where the picture of a violation goes (beside its file; of - into the current folder)
  --no-picture              write none
  --json                    the verdicts as JSON, an object a line
  --max-line-length N       (1048576)   --max-operations N   (1000000)
  --accounts JSON           ledger: the accounts at first, {"a":100,"b":0} (none)
  --minimum-balance N       ledger: what no transfer goes below (none: any may be refused)
  --help
`;

/** What a command line asks for. */
export interface Request {
  readonly model: Model<unknown>;
  readonly files: readonly string[];
  readonly check: CheckOptions;
  readonly parse: ParseOptions;
  readonly json: boolean;
  /** `undefined`: beside the file. */
  readonly pictures: { readonly wanted: boolean; readonly folder: string | undefined };
}

/** The words make no sense. */
export class UsageError extends Error {}

const options = {
  model: { type: 'string' },
  'timeout-ms': { type: 'string' },
  'max-configurations': { type: 'string' },
  picture: { type: 'string' },
  'no-picture': { type: 'boolean' },
  json: { type: 'boolean' },
  'max-line-length': { type: 'string' },
  'max-operations': { type: 'string' },
  accounts: { type: 'string' },
  'minimum-balance': { type: 'string' },
  help: { type: 'boolean' },
} as const;

/** Reads a command line. @throws {UsageError} */
export function requestOf(words: readonly string[]): Request | 'help' {
  const { values, positionals } = parsed(words);
  if (values.help === true) return 'help';
  if (positionals.length === 0) throw new UsageError('no file is named');
  if (values['no-picture'] === true && values.picture !== undefined) {
    throw new UsageError('--picture and --no-picture contradict each other');
  }
  const timeoutMs = numberOf('--timeout-ms', values['timeout-ms']);
  const maxConfigurations = numberOf('--max-configurations', values['max-configurations']);
  const maxLineLength = numberOf('--max-line-length', values['max-line-length']);
  const maxOperations = numberOf('--max-operations', values['max-operations']);
  return {
    model: modelOf(values.model, values.accounts, values['minimum-balance']),
    files: positionals,
    check: {
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(maxConfigurations === undefined ? {} : { maxConfigurations }),
    },
    parse: {
      ...(maxLineLength === undefined ? {} : { maxLineLength }),
      ...(maxOperations === undefined ? {} : { maxOperations }),
    },
    json: values.json === true,
    pictures: { wanted: values['no-picture'] !== true, folder: values.picture },
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function modelOf(
  name: string | undefined,
  accounts: string | undefined,
  minimum: string | undefined,
): Model<unknown> {
  if (name !== 'ledger' && (accounts ?? minimum) !== undefined) {
    throw new UsageError('--accounts and --minimum-balance are for --model ledger');
  }
  switch (name) {
    case 'register':
      return registerModel();
    case 'cas-register':
      return casRegisterModel();
    case 'kv':
      return kvModel();
    case 'counter':
      return counterModel();
    case 'ledger': {
      const minimumBalance = integerOf('--minimum-balance', minimum);
      return ledgerModel({
        accounts: accountsOf(accounts),
        ...(minimumBalance === undefined ? {} : { minimumBalance }),
      });
    }
    case undefined:
      throw new UsageError('--model is missing');
    default:
      throw new UsageError(`there is no model ${JSON.stringify(name)}`);
  }
}

function accountsOf(text: string | undefined): Readonly<Record<string, number>> {
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (isRecord && Object.values(value as object).every(Number.isSafeInteger)) {
    return value as Readonly<Record<string, number>>;
  }
  throw new UsageError('--accounts takes a JSON object of integers');
}

function numberOf(flag: string, text: string | undefined): number | undefined {
  const number = integerOf(flag, text);
  if (number === undefined || number > 0) return number;
  throw new UsageError(`${flag} takes a number above 0`);
}

function integerOf(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^-?\d{1,15}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} takes an integer, got ${JSON.stringify(text)}`);
}

/** The code and the words of whatever was thrown. */
export function told(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof LinearizabilityError) return { code: error.code, message: error.message };
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof UsageError ? 'USAGE' : 'IO_FAILED', message };
}
