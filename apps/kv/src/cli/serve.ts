/** `quorate-kv serve`: runs one node until it is told to end. */
import { nodeAccessFlags } from '@quorate/connections/access';
import { algorithmNames, logLevels } from '@quorate/program';
import type { Command } from 'commander';
import type { ServeFlags } from '../node/serve.ts';

export function addServe(program: Command): void {
  const command = program
    .command('serve')
    .description('run one node; what it was told is remembered in its data folder')
    .option('--node <name>', 'name of this node')
    .option('--data <dir>', 'folder of all nodes on this machine; this one lies in DIR/<name>')
    .option('--config <file>', 'JSON file with any of these settings; flags come first')
    .option('--cluster <name>', 'name of the cluster; nodes of another one are refused')
    .option(
      '--listen <host:port>',
      'where to listen for other nodes (default: its own in --members)',
    )
    .option('--advertise <host:port>', 'where other nodes reach it, if not at --listen')
    .option('--http <host:port>', 'where it speaks HTTP (default: 127.0.0.1:7401)')
    .option('--client <host:port>', 'where it serves clients (default: 127.0.0.1:7501)')
    .option('--members <list>', 'voters of a new group: n1=host:port,n2=host:port,…')
    .option('--join', 'start without a group, to be added to one that runs', false)
    .option('--algorithm <name>', `${algorithmNames.join(' or ')} (default: raft)`)
    .option('--storage <name>', 'file, level, or memory to forget everything (default: file)')
    .option('--http-hosts <names>', 'names by which HTTP asks for this node, besides addresses')
    .option('--http-origins <list>', 'web pages that may ask, such as https://example.org')
    .option('--log-level <level>', `one of ${logLevels.join(', ')}`)
    .option('--json', 'print JSON', false)
    .addOption(program.createOption('--supervised').hideHelp().default(false));
  for (const [flag, meaning] of nodeAccessFlags) command.option(flag, meaning);
  command.action(async (flags: ServeFlags) => {
    // Only this command needs the parts of a node; the others start faster without.
    const { serve } = await import('../node/serve.ts');
    await serve(flags);
  });
}
