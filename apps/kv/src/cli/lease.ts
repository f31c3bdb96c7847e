/** `quorate-kv lease`: what hangs on one is there only while it is kept alive. */
import type { Consistency } from '@quorate/core';
import { expectType, kv } from '@quorate/machine-kv';
import { table, writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { keepLease, leasePages, revokeLease } from '../client/calls.ts';
import type { KvClient } from '../client/connect.ts';
import { withConsistency } from './options.ts';
import { type ClientFlags, withClient, withClientFlags } from './with-client.ts';

interface LeaseFlags extends ClientFlags {
  readonly json: boolean;
}

interface ListFlags extends LeaseFlags {
  readonly consistency: Consistency;
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
    async (wantedMs: number, flags: LeaseFlags & { readonly id?: number }) => {
      const { id, json } = flags;
      const command = kv.lease.grant(wantedMs, id === undefined ? {} : { id });
      const result = await withClient(flags, (client) => client.execute(command));
      const { lease: granted, ttlMs } = expectType(result, 'lease-grant');
      await (json ? writeJson({ lease: granted, ttlMs }) : writeLine(`lease ${String(granted)}`));
    },
  );

  const keep = add('keep-alive', 'give a lease all of its time again').argument(
    '<lease>',
    'its number',
    parsed(positive),
  );
  withClientFlags(keep).action(async (id: number, flags: LeaseFlags) => {
    const ttlMs = await withClient(flags, (client) => keepLease(client, id));
    await (flags.json ? writeJson({ lease: id, ttlMs }) : writeLine(`${String(ttlMs)} ms`));
  });

  const revoke = add('revoke', 'end a lease, and delete the keys that hang on it').argument(
    '<lease>',
    'its number',
    parsed(positive),
  );
  withClientFlags(revoke).action(async (id: number, flags: LeaseFlags) => {
    const { revision, deleted } = await withClient(flags, (client) => revokeLease(client, id));
    await (flags.json
      ? writeJson({ lease: id, revision, deleted })
      : writeLine(`deleted ${String(deleted)}`));
  });

  withClientFlags(withConsistency(add('list', 'list all leases', true))).action(
    (flags: ListFlags) => withClient(flags, (client) => listLeases(client, flags)),
  );
}

async function listLeases(client: KvClient, { consistency, json }: ListFlags): Promise<void> {
  const rows: string[][] = [];
  for await (const leases of leasePages(client, consistency)) {
    for (const lease of leases) {
      if (json) await writeJson(lease);
      const { lease: id, ttlMs, remainingMs, keyCount } = lease;
      rows.push([id, ttlMs, remainingMs, keyCount].map(String));
    }
  }
  if (!json) await writeLine(table([['LEASE', 'TTL MS', 'REMAINING MS', 'KEYS'], ...rows]));
}
