/** `quorate-kv range [PREFIX]`: keys and values in order. */
import type { Command } from 'commander';
import { getPage, type Item } from '../http-client/calls.ts';
import { valueToJson } from '../value-json.ts';
import {
  type ClientFlags,
  clientOf,
  parsed,
  positive,
  withClientFlags,
  withConsistency,
} from './options.ts';
import { printable, writeJson, writeLine } from './output.ts';

interface RangeFlags extends ClientFlags {
  readonly limit: number;
  readonly after?: string;
  readonly revision?: number;
  readonly consistency: string;
  readonly keysOnly: boolean;
  readonly json: boolean;
}

const pageRecords = 1_000;

export function addRange(program: Command): void {
  const command = program
    .command('range')
    .description('list keys and values in order')
    .argument('[prefix]', 'keys that start with this', '')
    .option('--limit <n>', 'at most so many', parsed(positive), 100)
    .option('--after <key>', 'go on behind this key')
    .option('--revision <n>', 'as of this revision', parsed(positive))
    .option('--keys-only', 'leave the values out', false)
    .option('--json', 'print NDJSON', false);
  withClientFlags(withConsistency(command)).action(list);
}

async function list(prefix: string, flags: RangeFlags): Promise<void> {
  const client = clientOf(flags);
  const { consistency, keysOnly } = flags;
  let { after, revision } = flags;
  let left = flags.limit;
  for (;;) {
    const limit = Math.min(left, pageRecords);
    const page = await getPage(client, {
      prefix,
      limit,
      consistency,
      keysOnly,
      ...(after === undefined ? {} : { after }),
      ...(revision === undefined ? {} : { revision }),
    });
    for (const item of page.items) await show(item, flags);
    left -= page.items.length;
    if (page.next === undefined) return;
    if (left <= 0) {
      process.stderr.write(
        `more: --after ${JSON.stringify(page.next)} --revision ${String(page.revision)}\n`,
      );
      return;
    }
    ({ revision, next: after } = page);
  }
}

async function show({ key, value }: Item, flags: RangeFlags): Promise<void> {
  if (flags.json) await writeJson({ key, ...(flags.keysOnly ? {} : valueToJson(value)) });
  else if (flags.keysOnly) await writeLine(printable(key));
  else await writeLine(`${printable(key)}\t${printableValue(value)}`);
}

function printableValue(value: Uint8Array): string {
  const json = valueToJson(value);
  return 'value' in json ? printable(json.value) : `base64:${json.valueBase64}`;
}
