/**
 * Every cell of algorithm × storage × transport × machine: elects, writes, loses its leader, goes on, takes it back
 * and reads, through a client on links of the same kind as the transport. The table of all cells is printed.
 */
import { connect } from '@quorate/client';
import { type ClientServer, serveClients } from '@quorate/client/server';
import type { NodeId } from '@quorate/core';
import { afterAll, describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { Group, insist, type Parts } from './composition/group.ts';
import {
  counterTested,
  kvTested,
  ledgerTested,
  type TestedMachine,
} from './composition/machines.ts';
import { storages } from './composition/storages.ts';
import { cluster, transports } from './composition/transports.ts';

const nodes: readonly NodeId[] = ['a', 'b', 'c'];
/** Writes before the leader is lost, while it is away, and after it is back. */
const spell = 10;

/** One cell, with its machine's types out of sight. */
interface Cell {
  readonly algorithm: string;
  readonly storage: string;
  readonly transport: string;
  readonly machine: string;
  run(): Promise<number>;
}

function cell<C, R, Q, A, W, E>(parts: Parts, tested: TestedMachine<C, R, Q, A, W, E>): Cell {
  return {
    algorithm: parts.algorithm.name,
    storage: parts.storage.name,
    transport: parts.transport.name,
    machine: tested.name,
    run: async () => {
      const started = performance.now();
      const group = await Group.open(parts, tested.machine, nodes);
      const servers = new Map<NodeId, ClientServer>();
      const serve = async (id: NodeId): Promise<void> => {
        const replica = group.replicas.find(({ node }) => node === id);
        if (replica === undefined) throw new Error(`${id} does not run`);
        const links = group.network.serverLinks(id);
        const listen = group.network.listen(id);
        servers.set(id, await serveClients({ service: replica.service, links, listen }));
      };
      try {
        for (const id of nodes) await serve(id);
        const client = connect({
          machine: tested.machine(),
          links: group.network.clientLinks(),
          endpoints: [...servers.values()].map(({ address }) => address),
          cluster,
        });
        let written = 0;
        const write = async (): Promise<void> => {
          const results = Array.from({ length: spell }, () =>
            client.execute(tested.write((written += 1))),
          );
          await Promise.all(results);
        };
        for (const command of tested.first) await client.execute(command);
        await write();

        const { node } = await group.leader();
        const meanwhile = write();
        await Promise.all([group.kill(node), servers.get(node)?.close()]);
        await meanwhile;
        await write();

        const back = await group.start(node);
        await write();
        expect(tested.counted(await insist(() => back.query(tested.count)))).toBe(written);
        expect(tested.counted(await client.query(tested.count))).toBe(written);
        expect(await group.states()).toHaveLength(1);
        await client.close();
      } finally {
        await Promise.all([...servers.values()].map((server) => server.close()));
        await group.close();
      }
      return performance.now() - started;
    },
  };
}

const cells: readonly Cell[] = algorithms
  .filter(({ name }) => name === 'raft' || name === 'paxos')
  .flatMap((algorithm) =>
    storages.flatMap((storage) =>
      transports.flatMap((transport) => {
        const parts = { algorithm, storage, transport };
        return [cell(parts, kvTested), cell(parts, counterTested), cell(parts, ledgerTested)];
      }),
    ),
  );

const table: Record<string, string | number>[] = [];

afterAll(() => {
  console.table(table);
});

it('there are 2 algorithms, 3 storages, 3 transports of which 2 with and without TLS, 3 machines', () => {
  expect(cells).toHaveLength(2 * 3 * 5 * 3);
});

describe.concurrent('any composition works', { timeout: 120_000 }, () => {
  it.each(cells)('$algorithm, $storage, $transport, $machine', async (each) => {
    const { algorithm, storage, transport, machine } = each;
    const ms = Math.round(await each.run());
    table.push({ algorithm, storage, transport, machine, ms });
  });
});
