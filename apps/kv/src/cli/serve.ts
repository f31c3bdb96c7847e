/** `quorate-kv serve`: runs one node until it is told to end. */
import { clientCertificatesNames } from '@quorate/connections/access';
import type { Command } from 'commander';
import { logLevels } from '../log-level.ts';
import { algorithmNames } from '../node/parts.ts';
import type { ServeFlags } from '../node/serve.ts';

export function addServe(program: Command): void {
  program
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
    .option('--tls-ca <file>', 'PEM of the authority that is trusted; with it all ports speak TLS')
    .option('--tls-cert <file>', "PEM of this node's certificate, quorate://CLUSTER/member/NAME")
    .option('--tls-key <file>', 'PEM of its private key')
    .option(
      '--client-certificates <how>',
      `${clientCertificatesNames.join(', ')}: whether clients have to show one (default: required, and none with tokens)`,
    )
    .option('--client-tokens <file>', 'what clients are let in by, one a line; mode 0600')
    .option('--http-hosts <names>', 'names by which HTTP asks for this node, besides addresses')
    .option('--http-origins <list>', 'web pages that may ask, such as https://example.org')
    .option('--log-level <level>', `one of ${logLevels.join(', ')}`)
    .option('--json', 'print JSON', false)
    .addOption(program.createOption('--supervised').hideHelp().default(false))
    .action(async (flags: ServeFlags) => {
      // Only this command needs the parts of a node; the others start faster without.
      const { serve } = await import('../node/serve.ts');
      await serve(flags);
    });
}
