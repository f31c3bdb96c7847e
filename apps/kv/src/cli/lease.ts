/** `quorate-kv lease`: what hangs on one is there only while it is kept alive. */
import type { Command } from 'commander';
import { getLeases, postJson } from '../http-client/calls.ts';
import {
  type ClientFlags,
  clientOf,
  parsed,
  positive,
  withClientFlags,
  withConsistency,
} from './options.ts';
import { table, writeJson, writeLine } from './output.ts';

interface LeaseFlags extends ClientFlags {
  readonly json: boolean;
}

export function addLease(program: Command): void {
  const lease = program.command('lease').description('leases, on which keys hang: put --lease');
  const add = (name: string, description: string, isDefault: boolean = false): Command =>
    lease
      .command(name, { isDefault })
      .description(description)
      .option('--json', 'print JSON', false);

  const grant = add('grant', 'make a lease')
    .argument('<ms>', 'how long it lives unless it is kept alive', parsed(positive))
    .option('--id <n>', 'its number; otherwise one that is not in use', parsed(positive));
  withClientFlags(grant).action(
    async (ttlMs: number, flags: LeaseFlags & { readonly id?: number }) => {
      const body = { ttlMs, ...(flags.id === undefined ? {} : { lease: flags.id }) };
      const answer = await postJson(clientOf(flags), '/v1/leases', body, { repeatable: false });
      await (flags.json ? writeJson(answer) : writeLine(`lease ${String(answer['lease'])}`));
    },
  );

  const keep = add('keep-alive', 'give a lease all of its time again').argument(
    '<lease>',
    'its number',
    parsed(positive),
  );
  withClientFlags(keep).action(async (id: number, flags: LeaseFlags) => {
    const path = '/v1/leases/keep-alive';
    const answer = await postJson(clientOf(flags), path, { lease: id }, { repeatable: true });
    await (flags.json ? writeJson(answer) : writeLine(`${String(answer['ttlMs'])} ms`));
  });

  const revoke = add('revoke', 'end a lease, and delete the keys that hang on it').argument(
    '<lease>',
    'its number',
    parsed(positive),
  );
  withClientFlags(revoke).action(async (id: number, flags: LeaseFlags) => {
    const path = '/v1/leases/revoke';
    const answer = await postJson(clientOf(flags), path, { lease: id }, { repeatable: false });
    await (flags.json ? writeJson(answer) : writeLine(`deleted ${String(answer['deleted'])}`));
  });

  withClientFlags(withConsistency(add('list', 'list all leases', true))).action(listLeases);
}

async function listLeases(flags: LeaseFlags & { readonly consistency: string }): Promise<void> {
  const client = clientOf(flags);
  const rows: string[][] = [];
  let from: number | undefined = 0;
  while (from !== undefined) {
    const page = await getLeases(client, { from, consistency: flags.consistency });
    for (const lease of page.items) {
      if (flags.json) await writeJson(lease);
      const { lease: id, ttlMs, remainingMs, keyCount } = lease;
      rows.push([id, ttlMs, remainingMs, keyCount].map(String));
    }
    from = page.next;
  }
  if (!flags.json) await writeLine(table([['LEASE', 'TTL MS', 'REMAINING MS', 'KEYS'], ...rows]));
}
