/** `quorate-kv backup FILE` and `verify FILE`: the state of a group, in a file that can be trusted. */
import { table, writeJson, writeLine } from '@quorate/program';
import type { Command } from 'commander';
import { openBackupFile, refuseToOverwrite, saveBackup, verifyBackup } from '../backup/file.ts';
import { backupBytes, type BackupHeader } from '../backup/format.ts';
import { ServiceError, serviceError } from '../errors.ts';
import { type HttpFlags, httpClientOf, withHttpFlags, withConsistency } from './options.ts';

interface BackupFlags extends HttpFlags {
  readonly consistency: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** A node may have to take a snapshot of a gigabyte before it says anything. */
const silenceMs = 120_000;

export function addBackup(program: Command): void {
  const command = program
    .command('backup')
    .description('save the state of the group into a file, from the first node that gives it')
    .argument('<file>', 'the file; it is there when it is whole and checked')
    .option('--force', 'replace a file that is there', false)
    .option('--json', 'print JSON', false);
  withConsistency(withHttpFlags(command)).setOptionValue('timeout', silenceMs).action(save);
}

export function addVerify(program: Command): void {
  program
    .command('verify')
    .description('check a backup, all of it, and say what is in it')
    .argument('<file>', 'the file')
    .option('--json', 'print JSON', false)
    .action(async (file: string, flags: { readonly json: boolean }) => {
      await show(await verifyBackup(await openBackupFile(file)), flags.json);
    });
}

async function save(file: string, flags: BackupFlags): Promise<void> {
  await refuseToOverwrite(file, flags.force);
  const query = new URLSearchParams({ consistency: flags.consistency });
  const path = `/v1/snapshot?${query.toString()}`;
  let last: Error = serviceError(
    'UNAVAILABLE',
    'no node to ask; name them with --endpoints URL,URL',
  );
  const client = await httpClientOf(flags);
  for (const endpoint of client.endpoints) {
    try {
      const source = client.download(endpoint, path, flags.timeout);
      await show(await saveBackup(source, file, flags.force), flags.json);
      return;
    } catch (error) {
      // What is wrong here, with the command line or the disk, is wrong for every node.
      if (!(error instanceof ServiceError) || here.has(error.code)) throw error;
      last = error;
    }
  }
  throw last;
}

const here: ReadonlySet<string> = new Set(['INVALID_ARGUMENT', 'IO_FAILED', 'USAGE']);

async function show(header: BackupHeader, json: boolean): Promise<void> {
  const fileBytes = backupBytes(header);
  if (json) return writeJson({ ...header, fileBytes });
  const { index, time, cluster, node, algorithm, machine, bytes, checksum, program } = header;
  await writeLine(
    table([
      ['index', String(index)],
      ['time', time],
      ['from', `${node} of the cluster ${cluster}, ${algorithm}`],
      ['machine', machine],
      ['content', `${String(bytes)} bytes, CRC-32 ${checksum.toString(16).padStart(8, '0')}`],
      ['program', program],
    ]),
  );
}
