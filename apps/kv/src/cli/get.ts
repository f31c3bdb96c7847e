/** `quorate-kv get KEY`: the value as it is, byte for byte. */
import { write } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { getPair, type ReadOptions } from '../client/calls.ts';
import { withConsistency } from './options.ts';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

export function addGet(program: Command): void {
  const command = program
    .command('get')
    .description(
      'write the value of a key to stdout, as it is; exit code 3 if there is no such key',
    )
    .argument('<key>')
    .option('--revision <n>', 'as of this revision', parsed(positive));
  withClientFlags(withConsistency(command)).action(
    async (key: string, flags: ClientFlags & ReadOptions) => {
      const { value } = await withClient(flags, (client) => getPair(client, key, flags));
      await write(value);
    },
  );
}
