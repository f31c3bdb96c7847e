/** One node of a durable group: alone in its process, a storage below it, TCP between it and its peers. */
import type { Member } from '@quorate/core';
import { openReplica } from '@quorate/replica';
import { tcpTransport } from '@quorate/transport-tcp';
import type { Use } from '../algorithms.ts';
import { storageNamed } from '../storages.ts';
import { CountingMachine } from './machine.ts';
import { leads, measureExecute, type PartCounts } from './replica-load.ts';
import { measureBesideSnapshot, outrun } from './snapshot-load.ts';
import type { Subject } from './subject.ts';

/** Who it is. */
export interface DurableNode {
  readonly node: string;
  /** All nodes with their addresses. */
  readonly members: readonly Member[];
  readonly storage: string;
  readonly directory: string;
  /** For measurements beside snapshots: those are taken on demand alone then. */
  readonly snapshots?: {
    readonly stateBytes: number;
    /** What they may take; `null`: as fast as it goes. */
    readonly bytesPerSecond: number | null;
  };
}

/** Opens the node. */
export async function openDurableNode(
  algorithm: Use,
  valueBytes: number,
  { node, members, storage: name, directory, snapshots }: DurableNode,
): Promise<Subject> {
  const listen = members.find(({ id }) => id === node)?.address;
  if (listen === undefined) throw new RangeError(`${node} has no address`);
  const storage = await storageNamed(name, directory);
  const transport = tcpTransport({ listen });
  const machine = new CountingMachine(snapshots?.stateBytes);
  const limits =
    snapshots === undefined
      ? {}
      : {
          snapshotLogBytes: Infinity,
          snapshotBytesPerSecond: snapshots.bytesPerSecond ?? Infinity,
        };
  const parts = { machine, node, cluster: 'benchmark', members, storage, transport, limits };
  const replica = await algorithm((made) => openReplica({ ...parts, algorithm: made }));
  const counts = (): PartCounts => ({
    syncs: storage.counters.syncs,
    socketWrites: transport.counters['socket_writes'] ?? Number.NaN,
  });
  return {
    get leads(): boolean {
      return leads(replica);
    },
    measure: (task) =>
      snapshots === undefined
        ? measureExecute(replica, valueBytes, task, counts)
        : measureBesideSnapshot(replica, valueBytes, snapshots.stateBytes, task, counts),
    outrun: () => outrun(replica),
    close: () => replica.close(),
  };
}
