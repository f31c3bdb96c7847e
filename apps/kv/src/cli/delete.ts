/** `quorate-kv delete KEY`. */
import { expectType, kv } from '@quorate/machine-kv';
import { writeJson, writeLine } from '@quorate/program';
import type { Command } from 'commander';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

export function addDelete(program: Command): void {
  const command = program
    .command('delete')
    .description('delete a key; fine if there is none')
    .argument('<key>')
    .option('--json', 'print JSON', false);
  withClientFlags(command).action(
    async (key: string, flags: ClientFlags & { readonly json: boolean }) => {
      const result = await withClient(flags, (client) => client.execute(kv.delete(key)));
      const { revision, deleted } = expectType(result, 'delete');
      await (flags.json
        ? writeJson({ revision, deleted })
        : writeLine(`deleted ${String(deleted)} (revision ${String(revision)})`));
    },
  );
}
