/** `quorate-kv import FILE`: records of a file into the map, with progress on stderr. */
import { createReadStream } from 'node:fs';
import { describeError, utf8 } from '@quorate/core';
import { maxKeyBytes, maxValueBytes } from '@quorate/machine-kv';
import { systemCodeOf } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { serviceError } from '../errors.ts';
import { readDpkg } from '../import/dpkg.ts';
import { importRecords } from '../import/importer.ts';
import { readNdjson } from '../import/ndjson.ts';
import { Progress } from '../import/progress.ts';
import type { OnInvalid } from '../import/record.ts';
import { type ClientFlags, noticesTo, withClient, withClientFlags } from './with-client.ts';

interface ImportFlags extends ClientFlags {
  readonly prefix: string;
  readonly dpkg: boolean;
  readonly inFlight: number;
  readonly skipInvalid: boolean;
}

/** An election and a restart fit into this several times. */
const patienceMs = 60_000;

export function addImport(program: Command): void {
  const command = program
    .command('import')
    .description('put the records of a file: NDJSON lines {"key":…,"value":…}, or dpkg stanzas')
    .argument('<file>', 'the file, or - for stdin')
    .option('--dpkg', 'the file is like /var/lib/dpkg/status: package → stanza', false)
    .option('--prefix <text>', 'in front of every key', '')
    .option('--in-flight <n>', 'transactions (of up to 128 records) under way', parsed(positive), 4)
    .option('--skip-invalid', 'leave invalid records out instead of stopping there', false);
  // Longer than for other commands: the import is to live through a failure of the leader.
  withClientFlags(command).setOptionValue('timeout', patienceMs).action(run);
}

async function run(file: string, flags: ImportFlags): Promise<void> {
  const progress = new Progress(process.stderr);
  const limits = { maxKeyBytes: maxKeyBytes - utf8(flags.prefix).length, maxValueBytes };
  const onInvalid: OnInvalid = (error) => {
    progress.skipped(error);
  };
  const read = flags.dpkg ? readDpkg : readNdjson;
  const source = readFile(file);
  const records = read(source, limits, flags.skipInvalid ? onInvalid : undefined);
  progress.start();
  try {
    const notices = noticesTo((message) => {
      progress.note(message);
    });
    await withClient(
      flags,
      (client) =>
        importRecords(records, {
          client,
          prefix: flags.prefix,
          inFlight: flags.inFlight,
          onAcknowledged: (count, bytes) => {
            progress.acknowledged(count, bytes);
          },
        }),
      notices,
    );
  } catch (error) {
    progress.stop('stopped');
    throw error;
  }
  progress.stop('done');
}

async function* readFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* path === '-' ? process.stdin : createReadStream(path);
  } catch (error) {
    if (systemCodeOf(error) === undefined) throw error;
    const message = `cannot read ${path}: ${describeError(error)}; check the name of the file`;
    throw serviceError('IO_FAILED', message, { cause: error });
  }
}
