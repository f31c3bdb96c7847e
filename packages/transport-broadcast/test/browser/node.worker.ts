/** A full member of a group, in a worker of a tab, with its log in the browser's own database. */
import { type Algorithm, QuorateError } from '@quorate/core';
import {
  add,
  type CounterAnswer,
  type CounterCommand,
  counterMachine,
  type CounterQuery,
  type CounterResult,
  read,
} from '@quorate/machine-counter';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';
import { openReplica, type Replica } from '@quorate/replica';
import { indexedDbStorage } from '@quorate/storage-indexeddb';
import { broadcastTransport } from '../../src/index.ts';
import type { AlgorithmName, NodePicture, Request, Response, TabApi } from './protocol.ts';

type CounterReplica = Replica<CounterCommand, CounterResult, CounterQuery, CounterAnswer>;

const algorithms: Readonly<Record<AlgorithmName, () => Algorithm<unknown>>> = {
  raft: () => raft(),
  paxos: () => paxos(),
};

type Calls = Readonly<Record<keyof TabApi, (...args: readonly unknown[]) => Promise<unknown>>>;

let replica: CounterReplica | undefined;

function running(): CounterReplica {
  if (replica === undefined) throw new Error('no node runs in this tab');
  return replica;
}

const api: TabApi = {
  start: async (algorithm, node) => {
    const addressOf = (id: string): string => `${algorithm}/${id}`;
    try {
      replica = await openReplica({
        node,
        cluster: algorithm,
        members: ['a', 'b', 'c'].map((id) => ({ id, address: addressOf(id) })),
        machine: counterMachine(),
        algorithm: algorithms[algorithm](),
        storage: indexedDbStorage({ name: addressOf(node) }),
        transport: broadcastTransport({ listen: addressOf(node) }),
      });
      return undefined;
    } catch (error) {
      if (error instanceof QuorateError) return error.code;
      throw error;
    }
  },
  add: async (count) => {
    const commands = Array.from({ length: count }, () => add('n', 1n));
    const results = await running().executeAll(commands);
    return results.map(({ value }) => Number(value));
  },
  read: async () => {
    const answer = await running().query(read('n'));
    return answer.type === 'read' ? Number(answer.value) : Number.NaN;
  },
  picture: async (): Promise<NodePicture> => {
    const { leader, appliedIndex, stateHash = 'none' } = running().status;
    return { leader, appliedIndex, stateHash };
  },
  close: async () => {
    await replica?.close();
    replica = undefined;
  },
};

async function answer({ id, method, args }: Request): Promise<Response> {
  // The page has the types of the arguments.
  const calls = api as unknown as Calls;
  try {
    return { id, value: await calls[method](...args) };
  } catch (error) {
    return { id, error: String(error) };
  }
}

addEventListener('message', ({ data }: MessageEvent<Request>) => {
  void answer(data).then((response) => {
    postMessage(response);
  });
});
