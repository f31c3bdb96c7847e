/** One node of a durable group: alone in its process, LevelDB below it, TCP between it and its peers. */
import type { Member } from '@quorate/core';
import { openReplica } from '@quorate/replica';
import { levelStorage } from '@quorate/storage-level';
import { tcpTransport } from '@quorate/transport-tcp';
import type { Use } from '../algorithms.ts';
import { CountingMachine } from './machine.ts';
import { leads, measureExecute } from './replica-load.ts';
import type { Subject } from './subject.ts';

/** Who it is. */
export interface DurableNode {
  readonly node: string;
  /** All nodes with their addresses. */
  readonly members: readonly Member[];
  readonly directory: string;
}

/** Opens the node. */
export async function openDurableNode(
  algorithm: Use,
  valueBytes: number,
  { node, members, directory }: DurableNode,
): Promise<Subject> {
  const listen = members.find(({ id }) => id === node)?.address;
  if (listen === undefined) throw new RangeError(`${node} has no address`);
  const storage = levelStorage({ directory });
  const transport = tcpTransport({ listen });
  const machine = new CountingMachine();
  const parts = { machine, node, cluster: 'benchmark', members, storage, transport };
  const replica = await algorithm((made) => openReplica({ ...parts, algorithm: made }));
  return {
    get leads(): boolean {
      return leads(replica);
    },
    measure: (task) =>
      measureExecute(replica, valueBytes, task, () => ({
        syncs: storage.counters.syncs,
        socketWrites: transport.counters['socket_writes'] ?? Number.NaN,
      })),
    close: () => replica.close(),
  };
}
