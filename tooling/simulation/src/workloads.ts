/** What is done with the machines of this repository in a simulation. */
import { fromUtf8, type Random } from '@quorate/core';
import { kvModel } from '@quorate/linearizability';
import {
  expectType,
  kv,
  type KvAnswer,
  type KvCommand,
  kvMachine,
  type KvQuery,
  type KvResult,
} from '@quorate/machine-kv';
import { bankWorkload, registerWorkload, type Workload } from '@quorate/simulator';

/** A workload of any machine. */
export type AnyWorkload = Workload<unknown, unknown, unknown, unknown>;

const keys = 5;
const values = 6;

/** Clients of the key-value map put, delete, read, and put only if a key holds what they expect. */
export function kvWorkload(): Workload<KvCommand, KvResult, KvQuery, KvAnswer> {
  return {
    name: 'kv',
    machine: () => kvMachine(),
    model: kvModel(),
    next: (random: Random) => {
      const key = `k${String(random.below(keys))}`;
      const value = `v${String(random.below(values))}`;
      const dice = random.next();
      if (dice < 0.45) {
        return {
          kind: 'query',
          query: kv.get(key),
          input: { f: 'read', key },
          output: (answer) => {
            const { pair } = expectType(answer, 'get');
            return { value: pair === undefined ? '' : fromUtf8(pair.value) };
          },
        };
      }
      if (dice < 0.7) {
        return {
          kind: 'execute',
          command: kv.put(key, value),
          input: { f: 'write', key, value },
          output: () => ({}),
        };
      }
      if (dice < 0.8) {
        return {
          kind: 'execute',
          command: kv.delete(key),
          input: { f: 'delete', key },
          output: (result) => ({ result: expectType(result, 'delete').deleted > 0 }),
        };
      }
      const from = `v${String(random.below(values))}`;
      return {
        kind: 'execute',
        command: kv.txn({ compare: [kv.when(key).value('=', from)], then: [kv.put(key, value)] }),
        input: { f: 'cas', key, value: [from, value] },
        output: (result) => ({ result: expectType(result, 'txn').succeeded }),
      };
    },
  };
}

/** All of them, by name. */
export const workloads: ReadonlyMap<string, () => AnyWorkload> = new Map([
  ['registers', (): AnyWorkload => registerWorkload()],
  ['kv', (): AnyWorkload => kvWorkload()],
  ['bank', (): AnyWorkload => bankWorkload()],
]);
