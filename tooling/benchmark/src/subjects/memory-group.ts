/** Three replicas in one process, with nothing but memory below them. */
import { memoryStorage } from '@quorate/storage-memory';
import { memoryNetwork } from '@quorate/transport-memory';
import { openReplica } from '@quorate/replica';
import type { Use } from '../algorithms.ts';
import { CountingMachine } from './machine.ts';
import { type CountingReplica, leads, measureExecute } from './replica-load.ts';
import { DisturbedError, type Subject } from './subject.ts';

const nodes = ['n1', 'n2', 'n3'] as const;

/** Opens the group; load is put on whichever replica leads. */
export async function openMemoryGroup(algorithm: Use, valueBytes: number): Promise<Subject> {
  const network = memoryNetwork();
  const members = nodes.map((id) => ({ id }));
  const group = await Promise.all(
    nodes.map(async (node): Promise<{ replica: CountingReplica; syncs: () => number }> => {
      const storage = memoryStorage();
      const machine = new CountingMachine();
      const transport = network.transport();
      const parts = { machine, node, cluster: 'benchmark', members, storage, transport };
      const replica = await algorithm((made) => openReplica({ ...parts, algorithm: made }));
      return { replica, syncs: () => storage.counters.syncs };
    }),
  );
  const leader = (): (typeof group)[number] | undefined =>
    group.find(({ replica }) => leads(replica));
  return {
    get leads(): boolean {
      return leader() !== undefined;
    },
    async measure(task) {
      const node = leader();
      if (node === undefined) throw new DisturbedError('nobody leads');
      return measureExecute(node.replica, valueBytes, task, () => ({ syncs: node.syncs() }));
    },
    async close() {
      await Promise.all(group.map(({ replica }) => replica.close()));
    },
  };
}
