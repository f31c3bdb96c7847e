/**
 * The life of a log: closed at any moment, failed at any moment. Whatever happens, everybody is
 * told, everything that was opened is closed, in this order, and no timer is left behind.
 */
import {
  type Caller,
  type LogConsumer,
  type ReplicatedLog,
  type Storage,
  type Transport,
  utf8,
} from '@quorate/core';
import { createLog } from '@quorate/log';
import { type MemoryDisk, memoryDisk } from '@quorate/storage-memory';
import { memoryNetwork } from '@quorate/transport-memory';
import { describe, expect, it } from 'vitest';
import { algorithms, algorithmsBeside, type TestedAlgorithm } from './harness/algorithms.ts';
import { TestCluster } from './harness/cluster.ts';
import { ListConsumer } from './harness/recorder.ts';

/** A gate that a step of a start waits at. */
function gate(): {
  readonly reached: Promise<void>;
  readonly open: () => void;
  pass(): Promise<void>;
} {
  let open = (): void => undefined;
  let arrive = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const reached = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  return {
    reached,
    open,
    pass: () => {
      arrive();
      return opened;
    },
  };
}

describe.each(algorithms)('a log on $name', (tested) => {
  const { algorithm } = tested;

  function single(
    disk: MemoryDisk,
    wrap: { storage?: (base: Storage) => Storage; transport?: (base: Transport) => Transport } = {},
    on: TestedAlgorithm['algorithm'] = algorithm,
  ): { log: ReplicatedLog<Caller>; said: string[] } {
    const said: string[] = [];
    const base = disk.storage();
    const tale: Storage = {
      open: (owner) => base.open(owner),
      read: (from, to, maxBytes) => base.read(from, to, maxBytes),
      write: (ops) => base.write(ops),
      snapshots: base.snapshots,
      close: async () => {
        said.push('storage closed');
        await base.close();
      },
    };
    const network = memoryNetwork().transport();
    const log = createLog({
      node: 'a',
      cluster: 'c',
      members: [{ id: 'a' }],
      algorithm: on(),
      storage: wrap.storage?.(tale) ?? tale,
      transport: wrap.transport?.(network) ?? network,
    });
    return { log, said };
  }

  /** A disk that holds a snapshot. */
  async function withSnapshot(): Promise<MemoryDisk> {
    const disk = memoryDisk();
    const { log } = single(disk);
    await log.start(new ListConsumer());
    await log.append([utf8('x')]);
    await log.snapshot();
    await log.close();
    return disk;
  }

  describe('closed while it starts', () => {
    it('waits for a storage that is being opened, and closes it then', async () => {
      const held = gate();
      const { log, said } = single(memoryDisk(), {
        storage: (base) => ({
          ...base,
          open: async (owner) => {
            await held.pass();
            said.push('storage opened');
            return base.open(owner);
          },
        }),
      });
      const starting = log.start(new ListConsumer());
      await held.reached;
      const closing = log.close();
      held.open();
      await expect(starting).rejects.toMatchObject({ code: 'CLOSED' });
      await closing;
      expect(said).toEqual(['storage opened', 'storage closed']);
      expect(log.status.state).toBe('closed');
    });

    it('ends the restoring first: nothing uses the storage when it is closed', async () => {
      const held = gate();
      const { log, said } = single(await withSnapshot());
      const consumer = new ListConsumer();
      const restore = consumer.restore.bind(consumer);
      consumer.restore = async (index, chunks) => {
        await held.pass();
        await restore(index, chunks).finally(() => said.push('restore over'));
      };
      const starting = log.start(consumer);
      await held.reached;
      const closing = log.close();
      held.open();
      await expect(starting).rejects.toMatchObject({ code: 'CLOSED' });
      await closing;
      expect(said).toEqual(['restore over', 'storage closed']);
    });

    it('waits for a transport that is being started', async () => {
      const held = gate();
      const said: string[] = [];
      const { log } = single(memoryDisk(), {
        transport: (base) => ({
          maxFrameBytes: base.maxFrameBytes,
          address: undefined,
          setPeers: (peers) => {
            base.setPeers(peers);
          },
          send: (to, parts) => {
            base.send(to, parts);
          },
          start: async (setup) => {
            await held.pass();
            await base.start(setup);
            said.push('started');
          },
          close: async () => {
            said.push('closed');
            await base.close();
          },
        }),
      });
      const starting = log.start(new ListConsumer());
      await held.reached;
      const closing = log.close();
      held.open();
      await expect(starting).rejects.toMatchObject({ code: 'CLOSED' });
      await closing;
      expect(said).toEqual(['started', 'closed']);
    });
  });

  it('that could not start says why, to everybody who asks later', async () => {
    const disk = memoryDisk();
    const other = disk.storage();
    await other.open({ cluster: 'other', node: 'a', algorithm: 'x' });
    await other.close();
    const { log } = single(disk);
    await expect(log.start(new ListConsumer() as LogConsumer<Caller>)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
    });
    expect(log.status.state).toBe('failed');
    await expect(log.barrier('linearizable')).rejects.toMatchObject({
      code: 'CLOSED',
      cause: { code: 'FOREIGN_DATA' },
    });
    await log.close();
  });

  it.each([
    ...algorithmsBeside(tested),
    { name: 'an algorithm of tomorrow', algorithm: () => ({ ...algorithm(), name: 'tomorrow' }) },
  ])('is not opened with $name, and is none the worse for the try', async (other) => {
    const disk = await withSnapshot();
    const { log: foreign } = single(disk, {}, other.algorithm);
    await expect(foreign.start(new ListConsumer() as LogConsumer<Caller>)).rejects.toMatchObject({
      code: 'FOREIGN_DATA',
      message: expect.stringMatching(`${algorithm().name}.*${other.algorithm().name}`) as unknown,
    });
    await foreign.close();
    const { log } = single(disk);
    const consumer = new ListConsumer();
    await log.start(consumer);
    expect(consumer.commands.map(([, command]) => command)).toEqual(['x']);
    await log.close();
  });

  it('tells whoever waits for a snapshot that it was closed', async () => {
    const { log } = single(memoryDisk());
    const consumer = new ListConsumer();
    const held = gate();
    consumer.snapshot = () => ({
      index: consumer.applied,
      chunks: (async function* () {
        yield utf8('[');
        await held.pass();
        yield utf8(']');
      })(),
    });
    await log.start(consumer);
    await log.append([utf8('x')]);
    const snapshot = log.snapshot();
    snapshot.catch(() => undefined);
    await held.reached;
    const closing = log.close();
    held.open();
    await closing;
    await expect(snapshot).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('closed before the engine has published a snapshot does not say that it was taken', async () => {
    const cluster = new TestCluster({ algorithm, nodes: ['n1'] });
    await cluster.start();
    const node = await cluster.elected();
    await cluster.settle(node.log.append([utf8('x')]));
    const writes = node.disk.counters.writes;
    const snapshot = node.log.snapshot();
    snapshot.catch(() => undefined);
    // Two writes: the content, and the publication, which hangs.
    await cluster.until(() => node.disk.counters.writes >= writes + 1, 1000, 'the content');
    const before = node.disk.counters.writes;
    await cluster.until(() => node.disk.counters.writes > before, 1000, 'the publication');
    node.disk.stall();
    const closing = node.log.close();
    await cluster.runtime.run(100);
    node.disk.crash();
    await cluster.settle(closing);
    await expect(snapshot).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it.each(['deliver', 'leader', 'membership'] as const)(
    'may be closed from inside: %s. No timer is left behind',
    async (where) => {
      const cluster = new TestCluster({ algorithm });
      for (const node of cluster.nodes) {
        if (where === 'deliver') {
          const deliver = node.consumer.deliver.bind(node.consumer);
          node.consumer.deliver = (entries) => {
            deliver(entries);
            node.log.close().catch(() => undefined);
          };
        } else {
          node.log.on(({ type }) => {
            if (type === where) node.log.close().catch(() => undefined);
          });
        }
      }
      await cluster.start();
      const over = (): boolean => cluster.nodes.some(({ log }) => log.status.state === 'closed');
      await cluster.until(over, 10_000, 'the end of a log');
      await cluster.close();
      await cluster.runtime.run(50);
      expect(cluster.runtime.pending).toBe(0);
    },
  );

  it('leaves no timer behind, whatever it was doing', async () => {
    const cluster = new TestCluster({ algorithm, joiners: ['n4'] });
    await cluster.start();
    const leader = await cluster.elected();
    for (let at = 0; at < 100; at++) cluster.submit(leader);
    await cluster.settle(
      leader.log.changeMembership([{ type: 'add-learner', member: { id: 'n4' } }]),
    );
    await cluster.settle(leader.log.snapshot());
    await cluster.settle(leader.log.changeMembership([{ type: 'remove', id: 'n4' }]));
    for (const node of cluster.nodes) {
      cluster.submit(node);
      node.log.appliedByAll(1_000_000).catch(() => undefined);
      node.log.barrier('linearizable').catch(() => undefined);
    }
    await cluster.close();
    // Turns that were asked for, and frames under way, may still be there: nothing that waits.
    await cluster.runtime.run(50);
    expect(cluster.runtime.pending).toBe(0);
    expect(cluster.submissions.map(({ ending }) => ending)).not.toContain('waiting');
  });

  it('that leads and closes lets go through what was submitted before', async () => {
    const cluster = new TestCluster({ algorithm });
    await cluster.start();
    const leader = await cluster.elected();
    await cluster.runtime.run(500);
    const command = cluster.submit(leader);
    leader.up = false;
    await cluster.settle(leader.log.close());
    expect(command.ending).toBe('applied');
    await cluster.close();
  });

  it('that fails while it hands leadership over does not wait for the end of that', async () => {
    const cluster = new TestCluster({ algorithm });
    await cluster.start();
    const leader = await cluster.elected();
    await cluster.runtime.run(500);
    for (const { id } of cluster.nodes) if (id !== leader.id) cluster.network.block(id, leader.id);
    leader.up = false;
    leader.disk.failWrite(1);
    const command = cluster.submit(leader);
    const from = cluster.runtime.now();
    await cluster.settle(leader.log.close());
    expect(leader.log.status.state).toBe('failed');
    expect(command.ending).toBe('unknown');
    expect(cluster.runtime.now() - from).toBeLessThan(100);
    await cluster.close();
  });

  it('calls every listener once an event, also those that add listeners', async () => {
    const { log } = single(memoryDisk());
    let calls = 0;
    const listenMore = (): void => {
      calls += 1;
      if (calls < 1000)
        log.on(() => {
          listenMore();
        });
    };
    log.on(listenMore);
    await log.start(new ListConsumer());
    await log.append([utf8('x')]);
    await log.close();
    // Each event doubles the listeners.
    expect(calls).toBeLessThan(100);
  });
});
