/** `quorate-kv export`: everything with a prefix, at one revision, in the order of the keys. */
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import { describeError } from '@quorate/core';
import { systemCodeOf, write } from '@quorate/program';
import type { Command } from 'commander';
import { serviceError } from '../errors.ts';
import type { KvPair } from '@quorate/machine-kv';
import type { KvClient } from '../client/connect.ts';
import { formatStanza } from '../import/dpkg.ts';
import { exportPages } from '../import/exporter.ts';
import { formatNdjson } from '../import/ndjson.ts';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

interface ExportFlags extends ClientFlags {
  readonly prefix: string;
  readonly dpkg: boolean;
  readonly output?: string;
}

export function addExport(program: Command): void {
  const command = program
    .command('export')
    .description('write all records as of one revision, in the order of their keys')
    .option(
      '--prefix <text>',
      'only keys that start with this; it is left out of what is written',
      '',
    )
    .option('--output <file>', 'a file to write; it is there when it is whole (default: stdout)')
    .option(
      '--dpkg',
      'values only, each followed by an empty line, as in /var/lib/dpkg/status',
      false,
    );
  withClientFlags(command).action(run);
}

async function run(flags: ExportFlags): Promise<void> {
  const { output } = flags;
  const count = await withClient(flags, (client) =>
    output === undefined
      ? writeTo(process.stdout, client, flags)
      : writeFile(output, client, flags),
  );
  process.stderr.write(`${String(count)} records exported\n`);
}

async function writeFile(path: string, client: KvClient, flags: ExportFlags): Promise<number> {
  const draft = `${path}.part`;
  const file = createWriteStream(draft);
  const closed = finished(file);
  // An error of the file ends the export at the next write, or at the end.
  closed.catch(() => undefined);
  try {
    const count = await writeTo(file, client, flags);
    file.end();
    await closed;
    await rename(draft, path);
    return count;
  } catch (error) {
    file.destroy();
    await rm(draft, { force: true });
    if (systemCodeOf(error) === undefined) throw error;
    const message = `cannot write ${path}: ${describeError(error)}; check --output`;
    throw serviceError('IO_FAILED', message, { cause: error });
  }
}

async function writeTo(
  stream: NodeJS.WritableStream,
  client: KvClient,
  flags: ExportFlags,
): Promise<number> {
  let count = 0;
  for await (const pairs of exportPages(client, flags.prefix)) {
    for (const pair of pairs) {
      for (const part of partsOf(pair, flags)) await write(part, stream);
      count += 1;
    }
  }
  return count;
}

function partsOf({ key, value }: KvPair, flags: ExportFlags): readonly (string | Uint8Array)[] {
  return flags.dpkg ? formatStanza(value) : [formatNdjson(key.slice(flags.prefix.length), value)];
}
