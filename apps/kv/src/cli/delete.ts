/** `quorate-kv delete KEY`. */
import type { Command } from 'commander';
import { deleteKey } from '../http-client/calls.ts';
import { type ClientFlags, clientOf, withClientFlags } from './options.ts';
import { writeJson, writeLine } from './output.ts';

export function addDelete(program: Command): void {
  const command = program
    .command('delete')
    .description('delete a key; fine if there is none')
    .argument('<key>')
    .option('--json', 'print JSON', false);
  withClientFlags(command).action(
    async (key: string, flags: ClientFlags & { readonly json: boolean }) => {
      const { revision, deleted } = await deleteKey(clientOf(flags), key);
      await (flags.json
        ? writeJson({ revision, deleted })
        : writeLine(`deleted ${String(deleted)} (revision ${String(revision)})`));
    },
  );
}
