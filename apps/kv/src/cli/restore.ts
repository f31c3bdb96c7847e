/** `quorate-kv restore FILE`: makes the folder of one first member of a new group out of a backup. */
import { describeError } from '@quorate/core';
import {
  algorithmNamed,
  algorithmNames,
  storageNamed,
  storageNames,
  usageError,
  writeJson,
  writeLine,
} from '@quorate/program';
import type { Command } from 'commander';
import { openBackupFile } from '../backup/file.ts';
import { resolveConfig } from '../node/config.ts';
import { DataFolder } from '../node/data-folder.ts';
import { type Settings, settingsOf } from '../node/settings.ts';
import { restore } from '../recovery/restore.ts';

interface RestoreFlags extends Settings {
  readonly json: boolean;
}

export function addRestore(program: Command): void {
  program
    .command('restore')
    .description('make the folder of one first member of a new group out of a backup')
    .argument('<file>', 'the backup: the same for all first members')
    .option('--node <name>', 'name of the node')
    .option('--data <dir>', 'folder of all nodes on this machine; it is made in DIR/<name>')
    .option('--cluster <name>', 'name of the new cluster; not the one the backup is from')
    .option('--members <list>', 'voters of the new group: n1=host:port,… (the same for all)')
    .option(
      '--listen <host:port>',
      'where to listen for other nodes (default: its own in --members)',
    )
    .option('--advertise <host:port>', 'where other nodes reach it, if not at --listen')
    .option('--http <host:port>', 'where it speaks HTTP (default: 127.0.0.1:7401)')
    .option('--client <host:port>', 'where it serves clients (default: 127.0.0.1:7501)')
    .option('--algorithm <name>', `${algorithmNames.join(' or ')} (default: as in the backup)`)
    .option('--storage <name>', `one of ${storageNames.join(', ')}`)
    .option('--json', 'print JSON', false)
    .action(run);
}

async function run(file: string, flags: RestoreFlags): Promise<void> {
  const { json, ...values } = flags;
  const given = settingsIn(values);
  if (given.cluster === undefined) {
    throw usageError('what is the new cluster called? Name it with --cluster');
  }
  if (given.members === undefined) {
    throw usageError('who are its first members? Name them with --members n1=HOST:PORT,…');
  }
  const backup = await openBackupFile(file);
  const { header } = backup;
  if (given.cluster === header.cluster) {
    throw usageError(
      `${file} is of the cluster ${JSON.stringify(header.cluster)}: the new one needs another --cluster name, ` +
        'so that members of the old one that come back are kept from it',
    );
  }
  const config = resolveConfig({ algorithm: header.algorithm, ...given }, undefined);
  algorithmNamed(config.algorithm);
  storageNamed(config.storage);
  const folder = new DataFolder(config.data, config.node);
  const audit = await restore({ folder, config, backup, source: file });
  if (json) return writeJson(audit);
  await writeLine(`
  ${config.node} holds the state of ${file}, up to index ${String(header.index)}, in ${folder.path}

    fingerprint  ${String(audit['fingerprint'])}   the same on every first member, or do not start it

  Restore the same file with the same --cluster and --members for the other members, then start each:
    quorate-kv serve --node ${config.node} --data ${config.data}
`);
}

function settingsIn(values: Settings): Settings {
  try {
    return settingsOf(values, (name) => `--${name}`);
  } catch (cause) {
    throw usageError(describeError(cause));
  }
}
