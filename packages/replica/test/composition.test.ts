/**
 * Every algorithm on every storage, and every transport with each of these, on real time: what one composition
 * promises, each of them keeps. The group of one composition goes through all of its tests, in this order. The life of
 * a group in every composition that there is: matrix.test.ts.
 */
import { fromUtf8 } from '@quorate/core';
import { expectType, kv, kvMachine } from '@quorate/machine-kv';
import type { Consistency } from '@quorate/replica';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithms } from './algorithms.ts';
import { Group, insist, type Parts } from './composition/group.ts';
import { storages } from './composition/storages.ts';
import { plainTransports } from './composition/transports.ts';

function openGroup(parts: Parts) {
  return Group.open(parts, kvMachine, ['a', 'b', 'c']);
}

type KvGroup = Awaited<ReturnType<typeof openGroup>>;
type KvReplica = KvGroup['replicas'][number];

async function get(
  at: KvReplica,
  key: string,
  consistency: Consistency = 'linearizable',
): Promise<string | undefined> {
  const answer = await insist(() => at.query(kv.get(key), { consistency }));
  const { pair } = expectType(answer, 'get');
  return pair && fromUtf8(pair.value);
}

/** Everything that a node holds, as it stands there. */
async function content(at: KvReplica): Promise<ReadonlyMap<string, string>> {
  const answer = await at.query(kv.range({ prefix: '' }), { consistency: 'local' });
  const { pairs } = expectType(answer, 'range');
  return new Map(pairs.map(({ key, value }) => [key, fromUtf8(value)]));
}

/** A Latin square for Raft and one for Paxos, shifted by one. How reads are confirmed is all the same to the parts. */
const compositions: readonly Parts[] = algorithms.slice(0, 2).flatMap((algorithm, shift) =>
  storages.map((storage, at) => ({
    algorithm,
    storage,
    transport: plainTransports[(at + shift) % plainTransports.length] ?? expect.fail(),
  })),
);

describe.each(compositions)(
  '$algorithm.name, storage $storage.name, transport $transport.name',
  (parts) => {
    let group: KvGroup;
    /** What was acknowledged. */
    const written = new Map<string, string>();
    const put = async (
      at: KvReplica,
      key: string,
      value: string = `value of ${key}`,
    ): Promise<void> => {
      await insist(() => at.execute(kv.put(key, value)));
      written.set(key, value);
    };

    beforeAll(async () => {
      group = await openGroup(parts);
    });
    afterAll(() => group.close());

    it('executes at every node, and reads at every node what was acknowledged at any', async () => {
      for (const writer of group.replicas) {
        await put(writer, `from ${writer.node}`);
        for (const reader of group.replicas) {
          for (const consistency of ['linearizable', 'lease'] as const) {
            const value = await get(reader, `from ${writer.node}`, consistency);
            expect(value).toBe(`value of from ${writer.node}`);
          }
        }
      }
    });

    it('goes on when its leader is killed, and takes it back by a snapshot', async () => {
      const { node } = await group.leader();
      const others = group.replicas.filter((replica) => replica.node !== node);
      const underWay = others.flatMap((replica) =>
        [1, 2, 3].map((n) => put(replica, `outage ${replica.node} ${String(n)}`)),
      );
      await group.kill(node);
      await Promise.all(underWay);
      for (const replica of others) {
        expect(await get(replica, 'from a')).toBe('value of from a');
      }

      // Until the log of the others no longer reaches back to where the killed node stopped.
      for (let n = 0; n < 20; n++) {
        for (const replica of others) await put(replica, `long ${String(n)}`, 'x'.repeat(1_000));
      }
      for (const replica of others) await replica.snapshot();
      const back = await group.start(node);
      expect(await get(back, 'long 19')).toBe('x'.repeat(1_000));
      expect(back.counters['snapshots_restored']).toBeGreaterThan(0);
      await put(back, 'back');
    });

    it('takes a new node in, and goes on without its leader of before', async () => {
      const [first] = group.replicas;
      if (first === undefined) throw new Error('nobody runs');
      const added = await group.start('d');
      const member = await group.member('d');
      await group.change(first, { type: 'add-learner', member });
      expect(await get(added, 'back')).toBe('value of back');
      expect(added.status.role).toBe('learner');
      await group.change(first, { type: 'add-voter', member });

      const { node } = await group.leader();
      await group.change(added, { type: 'remove', id: node });
      await group.stop(node);
      await put(added, 'without it');
      for (const replica of group.replicas) {
        expect(await get(replica, 'without it')).toBe('value of without it');
        const { voters, learners } = replica.status.membership;
        expect([voters.map(({ id }) => id), learners]).toEqual([
          ['a', 'b', 'c', 'd'].filter((id) => id !== node),
          [],
        ]);
      }
    });

    it('has the same state everywhere in the end: all that was acknowledged', async () => {
      expect(await group.states()).toHaveLength(1);
      for (const replica of group.replicas) expect(await content(replica)).toEqual(written);
    });
  },
);
