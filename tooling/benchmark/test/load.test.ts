/** Load on a service: what is asked of it, and what comes of that. The service is one node of ours, in this process. */
import { serveClients } from '@quorate/client/server';
import { expectType, kv, kvMachine } from '@quorate/machine-kv';
import { raft } from '@quorate/raft';
import { openReplica } from '@quorate/replica';
import { memoryStorage } from '@quorate/storage-memory';
import { memoryNetwork } from '@quorate/transport-memory';
import { tcpLinks } from '@quorate/transport-tcp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endpointsOf, type Service } from '../src/load/connection.ts';
import { fillKeys, generate, type LoadOrder } from '../src/load/generate.ts';
import { countLost, Gaps, prepareOutage } from '../src/load/outage.ts';
import { keyOf, keysOf, valueOf } from '../src/load/work.ts';

async function openNode() {
  const replica = await openReplica({
    ...{ node: 'n1', cluster: 'test', members: [{ id: 'n1' }], machine: kvMachine() },
    ...{ algorithm: raft(), storage: memoryStorage(), transport: memoryNetwork().transport() },
  });
  const { service } = replica;
  const server = await serveClients({ service, links: tcpLinks(), listen: '127.0.0.1:0' });
  return { replica, server };
}

let node: Awaited<ReturnType<typeof openNode>>;
let service: Service;

beforeAll(async () => {
  node = await openNode();
  service = { kind: 'quorate', endpoints: [node.server.address] };
});

afterAll(async () => {
  await node.server.close();
  await node.replica.close();
});

async function keyCount(): Promise<number> {
  return expectType(await node.replica.query(kv.info()), 'info').keys;
}

function orderOf(more: Partial<LoadOrder>): LoadOrder {
  return {
    ...{ service, connections: 2, clients: 8, seconds: 0.05, warmUpSeconds: 0.01 },
    ...{ operation: 'put', consistency: 'linearizable', valueBytes: 32, keys: 50 },
    ...{ arrival: { type: 'closed' }, processes: { servers: [process.pid], others: [] } },
    ...more,
  };
}

describe('keys', () => {
  it('are drawn alike in every run, and differently by every client', () => {
    const draw = (client: number): readonly string[] =>
      Array.from({ length: 5 }, keysOf(client, 1000));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)[0]).toMatch(/^k\d{15}$/);
    expect(keyOf(7)).toBe('k000000000000007');
  });
});

describe('connections', () => {
  it('begin with different nodes, and know the others unless they are to be spread', () => {
    const three: Service = { kind: 'etcd', endpoints: ['a', 'b', 'c'] };
    expect(endpointsOf(three, 4)).toEqual(['b', 'c', 'a']);
    expect(endpointsOf({ ...three, spread: true }, 4)).toEqual(['b']);
  });
});

describe('load on a service', () => {
  it('writes keys, all of which are read then', async () => {
    await fillKeys(service, { keys: 300, valueBytes: 32 });
    expect(await keyCount()).toBe(300);
    const { pair } = expectType(await node.replica.query(kv.get(keyOf(299))), 'get');
    expect(pair?.value).toEqual(valueOf(32));
    for (const consistency of ['linearizable', 'lease', 'local'] as const) {
      const { operationsPerSecond } = await generate(orderOf({ operation: 'read', consistency }));
      expect(operationsPerSecond).toBeGreaterThan(0);
    }
    expect(await keyCount()).toBe(300);
  });

  it('puts in a closed loop, and says what the processors did', async () => {
    const { figures, seconds } = await generate(orderOf({}));
    expect(seconds).toBeGreaterThanOrEqual(0.05);
    expect(figures['loadPercent']).toBeGreaterThan(0);
    // Only Linux tells it of other processes.
    if (process.platform === 'linux') {
      expect(figures['serversPercent']).toBeGreaterThanOrEqual(0);
      expect(figures['processorMicroseconds']).toBeGreaterThan(0);
    }
    expect(figures).not.toHaveProperty('othersPercent');
  });

  it('arrives at a rate, or at a share of the peak', async () => {
    const rate = await generate(orderOf({ arrival: { type: 'rate', perSecond: 200 } }));
    expect(rate.figures).toMatchObject({ offeredPerSecond: 200 });
    expect(Math.round(rate.operationsPerSecond * rate.seconds)).toBe(10);
    const share = await generate(orderOf({ arrival: { type: 'share', ofPeak: 0.5 } }));
    const offered = share.figures['offeredPerSecond'] ?? 0;
    expect(offered).toBeGreaterThan(0);
    const done = Math.round(share.operationsPerSecond * share.seconds);
    expect(done).toBe(Math.max(Math.round(offered * 0.05), 1));
  });
});

describe('an outage', () => {
  it('is the longest time between two acknowledgements', () => {
    const gaps = new Gaps();
    for (const now of [100, 101, 850, 851, 900]) gaps.note(now);
    expect(gaps.longestMs).toBe(749);
    expect(new Gaps().longestMs).toBe(0);
  });

  it('of a service that goes on is short, and nothing is lost', async () => {
    const before = await keyCount();
    const outage = await prepareOutage({
      ...{ service, connections: 2, perSecond: 300, valueBytes: 64, prefix: 'outage-' },
    });
    const { figures } = await outage.run(0.1);
    await outage.close();
    expect(figures).toMatchObject({ acknowledged: 30, unacknowledged: 0, lost: 0 });
    expect(figures['outageMs']).toBeGreaterThan(0);
    expect((await keyCount()) - before).toBe(30);
  });

  it('that loses writes is found out, also where reads fail at first', async () => {
    const failed = new Set<number>();
    const isThere = async (number: number): Promise<boolean> => {
      if (!failed.has(number)) {
        failed.add(number);
        throw new Error('no leader');
      }
      return number !== 2;
    };
    expect(await countLost([1, 2, 3], isThere)).toBe(1);
    expect(await countLost([], isThere)).toBe(0);
  });
});
