/** `quorate-kv range [PREFIX]`: keys and values in order. */
import type { Consistency } from '@quorate/core';
import type { KvPair } from '@quorate/machine-kv';
import { writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { getPage } from '../client/calls.ts';
import type { KvClient } from '../client/connect.ts';
import { valueToJson } from '../value-json.ts';
import { withConsistency } from './options.ts';
import { printable, printableValue } from './output.ts';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

interface RangeFlags extends ClientFlags {
  readonly limit: number;
  readonly after?: string;
  readonly revision?: number;
  readonly consistency: Consistency;
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
  withClientFlags(withConsistency(command)).action((prefix: string, flags: RangeFlags) =>
    withClient(flags, (client) => list(client, prefix, flags)),
  );
}

async function list(client: KvClient, prefix: string, flags: RangeFlags): Promise<void> {
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
    for (const pair of page.pairs) await show(pair, flags);
    left -= page.pairs.length;
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

async function show({ key, value }: KvPair, flags: RangeFlags): Promise<void> {
  if (flags.json) await writeJson({ key, ...(flags.keysOnly ? {} : valueToJson(value)) });
  else if (flags.keysOnly) await writeLine(printable(key));
  else await writeLine(`${printable(key)}\t${printableValue(value)}`);
}
