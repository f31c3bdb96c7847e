/** `quorate-kv demo`: three nodes as three processes on this machine. */
import { algorithmNames } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import type { DemoFlags } from '../demo/run.ts';

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('run three nodes on this machine; a second start goes on with their data')
    .option('--data <dir>', 'where their data lies', './quorate-data')
    .option(
      '--port <n>',
      'HTTP on the next three ports, peers ten further, clients a hundred (default: 7400)',
      parsed(positive),
    )
    .option('--algorithm <name>', `${algorithmNames.join(' or ')} (default: raft)`)
    .option('--storage <name>', 'file, level, or memory to forget everything (default: file)')
    .option('--log-level <level>', 'what the nodes log to stderr', 'error')
    .option('--json', 'print JSON lines', false)
    .action(async (flags: DemoFlags) => {
      // The parts of a node are loaded for this command alone: see serve.
      const { runDemo } = await import('../demo/run.ts');
      await runDemo(flags);
    });
}
