/** `quorate-kv put KEY VALUE`. */
import type { Command } from 'commander';
import { putKey } from '../http-client/calls.ts';
import { type ClientFlags, clientOf, parsed, positive, withClientFlags } from './options.ts';
import { writeJson, writeLine } from './output.ts';

interface PutFlags extends ClientFlags {
  readonly json: boolean;
  readonly lease?: number;
}

export function addPut(program: Command): void {
  const command = program
    .command('put')
    .description('set a key')
    .argument('<key>')
    .argument('<value>', 'the value, or - to read it from stdin')
    .option('--lease <n>', 'the lease that the key hangs on', parsed(positive))
    .option('--json', 'print JSON', false);
  withClientFlags(command).action(async (key: string, value: string, flags: PutFlags) => {
    const bytes = value === '-' ? await readStdin() : Buffer.from(value);
    const { revision } = await putKey(clientOf(flags), key, bytes, flags.lease);
    await (flags.json ? writeJson({ revision }) : writeLine(`revision ${String(revision)}`));
  });
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
