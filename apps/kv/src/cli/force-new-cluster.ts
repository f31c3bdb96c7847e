/** `quorate-kv force-new-cluster`: goes on with one node, when the others are lost for ever. */
import { allMembers } from '@quorate/core';
import { usageError, writeJson, writeLine } from '@quorate/program';
import type { Command } from 'commander';
import { resolve } from 'node:path';
import { DataFolder } from '../node/data-folder.ts';
import { settingsOf } from '../node/settings.ts';
import { forceNewCluster, type Found } from '../recovery/force-new-cluster.ts';

interface ForceFlags {
  readonly node?: string;
  readonly data?: string;
  readonly cluster?: string;
  readonly yes: boolean;
  readonly json: boolean;
}

export function addForceNewCluster(program: Command): void {
  program
    .command('force-new-cluster')
    .description('disaster recovery: make one stopped node the only voter of a new cluster')
    .option('--node <name>', 'name of the node; it must be stopped')
    .option('--data <dir>', 'folder of all nodes on this machine')
    .option('--cluster <name>', 'name of the new cluster')
    .option(
      '--yes',
      'do it; without this, it only says what there is, and what would be lost',
      false,
    )
    .option('--json', 'print JSON', false)
    .action(run);
}

async function run(flags: ForceFlags): Promise<void> {
  const { json, yes, ...values } = flags;
  const { node, data, cluster } = settingsOf(values, (name) => `--${name}`);
  if (node === undefined || data === undefined) {
    throw usageError('which node? Name it with --node and --data');
  }
  if (cluster === undefined) {
    throw usageError('what is the new cluster called? Name it with --cluster');
  }
  const folder = new DataFolder(resolve(data), node);
  const tell = async (found: Found): Promise<boolean> => {
    if (!json) await writeLine(explain(found, cluster, folder.path));
    return yes;
  };
  const ending = await forceNewCluster({ folder, cluster, confirm: tell });
  switch (ending.type) {
    case 'declined':
      throw usageError(
        `nothing was done; to make ${node} the only voter of ${JSON.stringify(cluster)}, pass --yes`,
      );
    case 'already':
      if (json) return writeJson({ node, cluster, already: true });
      return writeLine(`${node} is the only voter of ${cluster} already`);
    case 'done':
    case 'finished':
      if (json) return writeJson(ending.audit);
      return writeLine(`
  ${node} is the only voter of the cluster ${cluster}.

    old log   ${folder.path}/${String(ending.audit['oldLog'])}   remove it when you need it no more
    record    ${folder.path}/audit.ndjson

  Start it:
    quorate-kv serve --node ${node} --data ${resolve(data)}

  Then add new members, each with an empty folder:
    quorate-kv serve --node n4 --data DIR --cluster ${cluster} --join --listen HOST:PORT
    quorate-kv members add-learner n4=HOST:PORT, and add-voter n4 when it has caught up
`);
  }
}

function explain(
  { cluster: old, algorithm, member, survey }: Found,
  cluster: string,
  path: string,
): string {
  const { epoch, firstIndex, lastIndex, decidedIndex, membership, newest, snapshot } = survey;
  const others = allMembers(membership)
    .map(({ id }) => id)
    .filter((id) => id !== member.id);
  const entries =
    lastIndex >= firstIndex
      ? `entries ${String(firstIndex)} to ${String(lastIndex)}`
      : 'no entries';
  const behind =
    snapshot === undefined
      ? 'no snapshot'
      : `a snapshot at ${String(snapshot.index)} of ${String(snapshot.bytes)} bytes`;
  return `
  ${member.id} holds, of the cluster ${old} (${algorithm}):

    log       ${entries}, ${behind}
    newest    entry ${String(lastIndex)}${newest === undefined ? '' : `, of ${newest}`}
    decided   at least up to ${String(decidedIndex)}: more it cannot know alone
    epoch     ${String(epoch)}
    members   ${[member.id, ...others].join(' ')}

  It would become the only voter of a new cluster, ${cluster}.

    kept      all of the above, also what was perhaps never decided
    lost      what was decided, and acknowledged, without ${member.id}: nobody can tell from here
    others    ${others.length === 0 ? 'none' : others.join(' ')}: no member of ${old} may serve clients any more;
              run this on one node only: the one whose newest entry is the highest, first by its term
              or ballot, then by its number
    before    ${path}/log stays, under another name
`;
}
