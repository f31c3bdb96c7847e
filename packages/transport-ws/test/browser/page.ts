/** The page that the test drives: a full member, with the transport that browsers are given. */
import {
  add,
  type CounterAnswer,
  type CounterCommand,
  counterMachine,
  type CounterQuery,
  type CounterResult,
} from '@quorate/machine-counter';
import { raft } from '@quorate/raft';
import { openReplica, type Replica } from '@quorate/replica';
import { indexedDbStorage } from '@quorate/storage-indexeddb';
import { wsTransport } from '@quorate/transport-ws';

type CounterReplica = Replica<CounterCommand, CounterResult, CounterQuery, CounterAnswer>;

let replica: CounterReplica | undefined;

function running(): CounterReplica {
  if (replica === undefined) throw new Error('no node runs in this page');
  return replica;
}

globalThis.memberPage = {
  open: async (node, members) => {
    replica = await openReplica({
      node,
      cluster: 'browser',
      members,
      machine: counterMachine(),
      algorithm: raft(),
      storage: indexedDbStorage({ name: node }),
      transport: wsTransport(),
    });
  },
  add: async (count) => {
    const results = await running().executeAll(Array.from({ length: count }, () => add('n', 1n)));
    return results.map(({ value }) => Number(value));
  },
  state: () => {
    const { appliedIndex, stateHash } = running().status;
    return { appliedIndex, stateHash };
  },
};
