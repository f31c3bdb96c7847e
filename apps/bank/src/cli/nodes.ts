/**
 * `quorate-bank serve` and `demo`: what runs nodes. Their parts are loaded for these commands alone; the
 * others start faster without.
 */
import { nodeAccessFlags } from '@quorate/connections/access';
import { algorithmNames, logLevels, storageNames } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import { type Command, Option } from 'commander';
import type { DemoFlags } from '../demo/run.ts';
import type { ServeFlags } from '../node/serve.ts';

export function addServe(program: Command): void {
  const command = withParts(program.command('serve').description('run one node until Ctrl-C'))
    .requiredOption('--node <name>', 'name of this node')
    .requiredOption('--members <list>', 'all nodes of the bank: n1=host:port,n2=host:port,…')
    .option('--data <dir>', 'folder of all nodes on this machine', './bank-data')
    .option('--cluster <name>', 'name of the bank; nodes of another one are refused', 'bank')
    .option('--listen <host:port>', 'for other nodes (default: its own in --members)')
    .option('--client <host:port>', 'where clients reach it', '127.0.0.1:7601')
    .addOption(
      new Option('--log-level <level>', 'what to log to stderr').choices(logLevels).default('warn'),
    )
    .option('--json', 'print JSON', false)
    .addOption(new Option('--supervised').hideHelp().default(false));
  for (const [flag, meaning] of nodeAccessFlags) command.option(flag, meaning);
  command.action(async (flags: ServeFlags) => {
    const { serve } = await import('../node/serve.ts');
    await serve(flags);
  });
}

export function addDemo(program: Command): void {
  withParts(
    program
      .command('demo')
      .description('three nodes, payments, a leader that is killed, and the audit of it all'),
  )
    .option('--payments <n>', 'how many', parsed(positive), 1000)
    .option('--concurrency <n>', 'how many at a time', parsed(positive), 32)
    .option(
      '--port <n>',
      'clients on the next three ports, nodes ten further',
      parsed(positive),
      7600,
    )
    .option('--stay', 'let the nodes run after the report, until Ctrl-C', false)
    .option('--json', 'print JSON lines', false)
    .action(async (flags: DemoFlags) => {
      const { runDemo } = await import('../demo/run.ts');
      await runDemo(flags);
    });
}

function withParts(command: Command): Command {
  return command
    .option('--algorithm <name>', algorithmNames.join(' or '), 'raft')
    .option('--storage <name>', storageNames.join(', '), 'file');
}
