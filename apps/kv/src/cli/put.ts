/** `quorate-kv put KEY VALUE`. */
import { TooLargeError } from '@quorate/core';
import { expectType, kv, maxValueBytes } from '@quorate/machine-kv';
import { writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

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
  withClientFlags(command).action(async (key: string, text: string, flags: PutFlags) => {
    const value = checkSize(text === '-' ? await readStdin() : Buffer.from(text));
    const { lease } = flags;
    const put = kv.put(key, value, lease === undefined ? {} : { lease });
    const result = await withClient(flags, (client) => client.execute(put));
    const { revision } = expectType(result, 'put');
    await (flags.json ? writeJson({ revision }) : writeLine(`revision ${String(revision)}`));
  });
}

/** Reads no further than what is too large in any case. */
async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxValueBytes) break;
  }
  return Buffer.concat(chunks);
}

function checkSize(value: Uint8Array): Uint8Array {
  if (value.length <= maxValueBytes) return value;
  throw new TooLargeError(
    `the value is over the ${String(maxValueBytes)} bytes that a key can have; split it into several`,
  );
}
