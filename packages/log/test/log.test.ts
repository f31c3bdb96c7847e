/**
 * The replicated log as its users see it, on every algorithm.
 */
import { memoryStorage } from '@quorate/storage-memory';
import { memoryNetwork } from '@quorate/transport-memory';
import { utf8 } from '@quorate/core';
import { createLog, type LogLimits } from '@quorate/log';
import { defaultLimits } from '../src/options.ts';
import { describe, expect, it } from 'vitest';
import { algorithms, algorithmsBeside } from './harness/algorithms.ts';
import { type ClusterOptions, TestCluster, type TestNode } from './harness/cluster.ts';
import type { Submission } from './harness/recorder.ts';

describe.each(algorithms)('a log on $name', (tested) => {
  const { algorithm } = tested;

  async function started(
    options: Partial<ClusterOptions> = {},
  ): Promise<{ cluster: TestCluster; leader: TestNode; followers: TestNode[] }> {
    const cluster = new TestCluster({ algorithm, ...options });
    await cluster.start();
    const leader = await cluster.elected();
    // What a leader has to do first differs from algorithm to algorithm; an entry without commands is
    // decided after it.
    const index = await cluster.settle(leader.log.append([]));
    await cluster.until(
      () =>
        cluster.nodes.every(
          ({ consumer, log }) =>
            consumer.applied >= index || log.status.membership.voters.length === 0,
        ),
      5000,
      'a leader in office, known to all',
    );
    return { cluster, leader, followers: cluster.nodes.filter((node) => node !== leader) };
  }

  async function ended(cluster: TestCluster, ...all: Submission[]): Promise<void> {
    await cluster.until(
      () => all.every(({ ending }) => ending !== 'waiting'),
      15_000,
      'an answer to every caller',
    );
  }

  const follower = (followers: readonly TestNode[]): TestNode => {
    const [first] = followers;
    if (first === undefined) throw new Error('no follower');
    return first;
  };

  describe('commands', () => {
    it('are taken by any node, and come back in order with their callers', async () => {
      const { cluster } = await started();
      const all = cluster.nodes.flatMap((node) => [
        cluster.submit(node),
        cluster.submit(node),
        cluster.submit(node),
      ]);
      await ended(cluster, ...all);
      expect(all.map(({ ending }) => ending)).toEqual(all.map(() => 'applied'));
      await cluster.runtime.run(500);
      for (const { consumer } of cluster.nodes) {
        const order = consumer.commands.map(([, command]) => command);
        expect([...order].sort()).toEqual(all.map(({ command }) => command).sort());
        for (const triple of [
          ['c0', 'c1', 'c2'],
          ['c3', 'c4', 'c5'],
          ['c6', 'c7', 'c8'],
        ]) {
          expect(order.filter((command) => triple.includes(command))).toEqual(triple);
        }
      }
      await cluster.close();
    });

    it('of one turn share an entry, a write and a frame to each peer', async () => {
      const { cluster, leader, followers } = await started();
      await cluster.runtime.run(50);
      const before = leader.log.counters;
      const all = Array.from({ length: 1000 }, () => cluster.submit(leader));
      await ended(cluster, ...all);
      const after = leader.log.counters;
      const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
      expect(new Set(all.map(({ index }) => index)).size).toBe(1);
      expect(grown('storage_batches')).toBe(1);
      // The entry itself; its commitment travels with whatever comes next.
      expect(grown('frames_sent')).toBeLessThanOrEqual(2 * followers.length);
      await cluster.close();
    });

    it('one after the other cost a frame to each peer: word of what is decided goes with the next one', async () => {
      const { cluster, leader, followers } = await started();
      await cluster.runtime.run(100);
      const sent = (): number => leader.log.counters['frames_sent'] ?? Number.NaN;
      const before = sent();
      const commands = 20;
      for (let command = 0; command < commands; command++) {
        const submission = cluster.submit(leader);
        await cluster.until(() => submission.ending === 'applied', 1000, 'the end of a command');
      }
      // Here and there a heartbeat, or a command that took longer than word may wait.
      expect((sent() - before) / commands / followers.length).toBeLessThan(1.5);
      const { applied } = leader.consumer;
      await cluster.until(
        () => followers.every(({ consumer }) => consumer.applied === applied),
        defaultLimits.noticeMs + 3,
        'word of the last command',
      );
    });

    it('of a follower end as soon as the group has decided, with a disk that takes no time', async () => {
      const { cluster, followers } = await started({
        diskLatencyMs: [0, 0],
        limits: { noticeMs: 1000 },
      });
      const asking = follower(followers);
      for (let command = 0; command < 5; command++) {
        await cluster.runtime.run(500);
        const submission = cluster.submit(asking);
        // There, around once, and word of it back: four ways of up to 2 ms.
        await cluster.until(() => submission.ending === 'applied', 10, 'the end of a command');
      }
    });

    it('handed in without a majority are unknown in the end, never lost in silence', async () => {
      const { cluster, leader, followers } = await started({ limits: { requestTimeoutMs: 2000 } });
      for (const { id } of followers) cluster.network.isolate(id);
      const cut = cluster.submit(leader);
      await ended(cluster, cut);
      expect(cut.ending).toBe('unknown');
      await cluster.close();
    });

    it('on their way to a leader that dies are handed to the next one, and happen once', async () => {
      const { cluster, leader, followers } = await started();
      const asked = followers.flatMap((node) => [cluster.submit(node), cluster.submit(node)]);
      // The frames are under way when the leader goes; its disk has nothing of it.
      await cluster.crash(leader);
      const since = cluster.runtime.now();
      await ended(cluster, ...asked);
      expect(asked.map(({ ending }) => ending)).toEqual(asked.map(() => 'applied'));
      expect(cluster.runtime.now() - since).toBeLessThan(2000);
      const [survivor] = followers;
      const commands = survivor?.consumer.commands.map(([, command]) => command) ?? [];
      expect([...commands].sort()).toEqual(asked.map(({ command }) => command).sort());
      await cluster.close();
    });

    it('decided while their node heard nothing happen once, though it learns of the next epoch before it sees them', async () => {
      // What is decided is delivered one entry at a time.
      const { cluster, leader, followers } = await started({
        algorithm: () => tested.algorithmWith({ maxUnappliedBytes: 1 }),
      });
      const asking = follower(followers);
      for (const { id } of cluster.nodes) cluster.network.block(id, asking.id);
      const before = Array.from({ length: 20 }, (_, entry) => `before ${String(entry)}`);
      for (const command of before) void leader.log.append([utf8(command)]);
      const asked = cluster.submit(asking);
      const all = [...before, asked.command];
      await cluster.until(
        () => leader.consumer.commands.length === all.length,
        5000,
        'all of them',
      );
      await cluster.crash(leader);
      cluster.network.heal();
      await ended(cluster, asked);
      expect(asked.ending).toBe('applied');
      await cluster.runtime.run(2000);
      for (const { consumer } of followers) {
        expect(consumer.commands.map(([, command]) => command)).toEqual(all);
      }
      await cluster.close();
    });

    it('at a node that finds no leader are definitely rejected', async () => {
      const { cluster, followers } = await started({ limits: { requestTimeoutMs: 2000 } });
      const alone = follower(followers);
      cluster.network.isolate(alone.id);
      await cluster.until(() => alone.log.status.leader === undefined, 10_000, 'no leader');
      const cut = cluster.submit(alone);
      await ended(cluster, cut);
      expect(cut).toMatchObject({ ending: 'rejected', code: 'UNAVAILABLE' });
      await cluster.close();
    });

    it('appended as one entry resolve with its index', async () => {
      const { cluster, leader, followers } = await started();
      const first = await cluster.settle(leader.log.append([utf8('a'), utf8('b')]));
      const second = await cluster.settle(follower(followers).log.append([utf8('c')]));
      expect(second).toBeGreaterThan(first);
      expect(leader.consumer.commands).toEqual([
        [first, 'a'],
        [first, 'b'],
        [second, 'c'],
      ]);
      await cluster.close();
    });

    it('can be given up with a signal, which says that they may still happen', async () => {
      const { cluster, leader, followers } = await started();
      for (const { id } of followers) cluster.network.isolate(id);
      const controller = new AbortController();
      const appending = leader.log.append([utf8('a')], { signal: controller.signal });
      const refused = leader.log.append([utf8('b')], { signal: AbortSignal.abort() });
      await expect(refused).rejects.toMatchObject({ code: 'ABORTED' });
      await cluster.runtime.run(10);
      controller.abort();
      await expect(appending).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      await cluster.close();
    });
  });

  describe('an answer to a former run of a node', () => {
    it('is not taken for one to the present run, though that uses the same tickets again', async () => {
      // What comes from the leader to n3 is late, and outlives a restart of n3.
      const late: Uint8Array[] = [];
      const held = { from: '', holding: false };
      const { cluster, leader, followers } = await started({
        intercept: (to, from, frame, handOn) => {
          if (held.holding && to === victim.id && from === held.from) late.push(frame);
          else handOn();
        },
      });
      const victim = follower(followers);
      held.from = leader.id;
      held.holding = true;
      const first = cluster.submit(victim);
      await cluster.until(
        () => leader.consumer.commands.length === 1,
        5000,
        'the first command, whose answer is late',
      );
      await cluster.runtime.run(50);
      held.holding = false;
      await cluster.crash(victim);
      await cluster.restart(victim);
      await cluster.until(() => victim.consumer.commands.length === 1, 5000, 'the first command');
      const second = cluster.submit(victim);
      await cluster.runtime.run(0.1);
      for (const frame of late) cluster.deliver(victim, leader.id, frame);
      await ended(cluster, second);
      expect(first.ending).toBe('unknown');
      expect(second.ending).toBe('applied');
      // It was not handed in again for the sake of an answer that was not about it.
      await cluster.runtime.run(2000);
      expect(leader.consumer.commands).toHaveLength(2);
      await cluster.close();
    });
  });

  describe('what is given up before it was handed on', () => {
    it('never happens', async () => {
      const { cluster, leader, followers } = await started();
      const alone = follower(followers);
      cluster.network.isolate(alone.id);
      await cluster.until(() => alone.log.status.leader === undefined, 10_000, 'no leader');
      const controller = new AbortController();
      const { signal } = controller;
      const all = [
        alone.log.append([utf8('x')], { signal }),
        alone.log.changeMembership([{ type: 'remove', id: leader.id }], { signal }),
        alone.log.transferLeadership(alone.id, { signal }),
      ];
      await cluster.runtime.run(100);
      controller.abort();
      for (const given of all) await expect(given).rejects.toMatchObject({ code: 'ABORTED' });
      expect(alone.log.counters['requests_pending']).toBe(0);
      cluster.network.heal();
      await cluster.runtime.run(3000);
      for (const { consumer, log } of cluster.nodes) {
        expect(consumer.commands).toEqual([]);
        expect(log.status.membership.voters).toHaveLength(3);
      }
      await cluster.close();
    });
  });

  describe('arguments', () => {
    it('that can never work are refused, and never stop the node', async () => {
      const { cluster, leader, followers } = await started();
      for (const { log } of [leader, follower(followers)]) {
        const bad: (() => Promise<unknown>)[] = [
          () => log.appliedByAll(Number.NaN),
          () => log.appliedByAll(2 ** 60),
          () => log.appliedByAll(-1),
          () =>
            log.changeMembership(
              Array.from({ length: 70_000 }, () => ({ type: 'remove', id: 'n9' }) as const),
            ),
          () => log.changeMembership([{ type: 'add-voter', member: { id: 'x'.repeat(100) } }]),
          () =>
            log.changeMembership([
              { type: 'add-voter', member: { id: 'n9', address: 'x'.repeat(1000) } },
            ]),
          () => log.transferLeadership('no name'),
          () => log.barrier('nonsense' as 'lease'),
        ];
        for (const call of bad) {
          await expect(cluster.settle(call())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
        }
      }
      await cluster.runtime.run(500);
      for (const { log } of cluster.nodes) expect(log.status.state).toBe('running');
      await cluster.close();
    });
  });

  describe('barriers', () => {
    it('cover what was decided before, from every node, with both guarantees', async () => {
      const { cluster, leader } = await started();
      const command = cluster.submit(leader);
      await ended(cluster, command);
      for (const { log } of cluster.nodes) {
        for (const guarantee of ['linearizable', 'lease'] as const) {
          const index = await cluster.settle(log.barrier(guarantee));
          expect(index).toBeGreaterThanOrEqual(command.index ?? Infinity);
        }
      }
      await cluster.close();
    });

    it('without a majority time out', async () => {
      const { cluster, leader, followers } = await started({ limits: { requestTimeoutMs: 2000 } });
      for (const { id } of followers) cluster.network.isolate(id);
      await expect(cluster.settle(leader.log.barrier('linearizable'))).rejects.toMatchObject({
        code: 'TIMEOUT',
      });
      await cluster.close();
    });
  });

  describe('appliedByAll', () => {
    it('waits for the last voter, and no longer for one that is removed', async () => {
      const { cluster, leader, followers } = await started();
      const slow = follower(followers);
      cluster.network.isolate(slow.id);
      const command = cluster.submit(leader);
      await ended(cluster, command);
      let everywhere = false;
      const waiting = leader.log.appliedByAll(command.index ?? 0).then(() => {
        everywhere = true;
      });
      await cluster.runtime.run(2000);
      expect(everywhere).toBe(false);
      cluster.network.heal();
      await cluster.settle(waiting);
      expect(slow.consumer.applied).toBeGreaterThanOrEqual(command.index ?? Infinity);

      cluster.network.isolate(slow.id);
      const second = cluster.submit(leader);
      await ended(cluster, second);
      const removed = leader.log.appliedByAll(second.index ?? 0);
      await cluster.settle(leader.log.changeMembership([{ type: 'remove', id: slow.id }]));
      await cluster.settle(removed);
      await cluster.close();
    });
  });

  describe('appliedByAll on an idle group', () => {
    it('asks again where the question got lost', async () => {
      const { cluster, leader, followers } = await started();
      const command = cluster.submit(leader);
      await ended(cluster, command);
      await cluster.runtime.run(1000);
      for (const { id } of followers) cluster.network.block(leader.id, id);
      const everywhere = leader.log.appliedByAll(command.index ?? 0);
      await cluster.runtime.run(100);
      cluster.network.heal();
      await cluster.settle(everywhere, 2000);
      await cluster.close();
    });
  });

  describe('membership', () => {
    it('grows by a node that knows nobody, asked for at a follower, and shrinks by the leader', async () => {
      const { cluster, leader, followers } = await started({ joiners: ['n4'] });
      const command = cluster.submit(leader);
      await ended(cluster, command);
      const { log } = follower(followers);
      await cluster.settle(log.changeMembership([{ type: 'add-learner', member: { id: 'n4' } }]));
      await cluster.settle(log.changeMembership([{ type: 'add-voter', member: { id: 'n4' } }]));
      const joined = cluster.node('n4');
      await cluster.until(
        () => joined.consumer.applied >= (command.index ?? Infinity),
        5000,
        'the new node to catch up',
      );
      await cluster.settle(log.changeMembership([{ type: 'remove', id: leader.id }]));
      await cluster.until(
        () => cluster.nodes.some((node) => node !== leader && node.log.status.role === 'leader'),
        10_000,
        'another leader',
      );
      const after = cluster.submit(joined);
      await ended(cluster, after);
      expect(after.ending).toBe('applied');
      expect(joined.log.status.membership.voters.map(({ id }) => id)).not.toContain(leader.id);
      await cluster.close();
    });

    it('changes that make no sense are refused with the reason', async () => {
      const { cluster, followers } = await started();
      const { log } = follower(followers);
      await expect(
        cluster.settle(log.changeMembership([{ type: 'remove', id: 'nobody' }])),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
      await cluster.close();
    });
  });

  describe('leadership', () => {
    it('goes where it is sent, asked for at any node', async () => {
      const { cluster, followers } = await started();
      const [first, second] = followers;
      if (first === undefined || second === undefined) throw new Error('two followers expected');
      await cluster.settle(first.log.transferLeadership(second.id));
      await cluster.until(() => cluster.leader() === second, 5000, 'the new leader');
      await cluster.close();
    });

    it('is handed over by a leader that closes, so that service goes on at once', async () => {
      const { cluster, leader, followers } = await started();
      leader.up = false;
      await cluster.settle(leader.log.close());
      // Without a hand-over the others would wait for an election time-out first.
      expect(followers.some(({ log }) => log.status.role === 'leader')).toBe(true);
      await cluster.close();
    });
  });

  describe('snapshots', () => {
    it('are taken when enough was applied, trim the log, and restart from there', async () => {
      const { cluster, leader } = await started({ limits: { snapshotLogBytes: 3000 } });
      for (let round = 0; round < 60; round++) {
        await ended(cluster, ...Array.from({ length: 5 }, () => cluster.submit(leader)));
      }
      await cluster.runtime.run(1000);
      for (const { log } of cluster.nodes) expect(log.status.snapshotIndex).toBeGreaterThan(0);
      const before = leader.consumer.commands;
      for (const node of cluster.nodes) await cluster.crash(node);
      for (const node of cluster.nodes) await cluster.restart(node);
      for (const { consumer } of cluster.nodes) expect(consumer.restores).toBe(1);
      await cluster.until(
        () => cluster.nodes.every(({ consumer }) => consumer.commands.length === before.length),
        10_000,
        'the old state everywhere',
      );
      for (const { consumer } of cluster.nodes) expect(consumer.commands).toEqual(before);
      await cluster.close();
    });

    it('bring a node up to date that was away past the trim', async () => {
      const { cluster, leader, followers } = await started();
      const away = follower(followers);
      await cluster.crash(away);
      for (let round = 0; round < 20; round++) {
        await ended(cluster, ...Array.from({ length: 50 }, () => cluster.submit(leader)));
      }
      const covered = await cluster.settle(leader.log.snapshot());
      expect(leader.log.status.firstIndex).toBeGreaterThan(1);
      expect(covered).toBe(leader.consumer.applied);
      await cluster.restart(away);
      await cluster.until(
        () => away.consumer.commands.length === leader.consumer.commands.length,
        20_000,
        'the node that was away to catch up',
      );
      expect(away.consumer.commands).toEqual(leader.consumer.commands);
      await cluster.close();
    });
  });

  it.each(algorithmsBeside(tested))(
    'is not confused by a member that was started with $name, which learns nothing',
    async (other) => {
      const odd = 'n3';
      const cluster = new TestCluster({
        algorithm: (node) => (node === odd ? other.algorithm() : algorithm()),
      });
      await cluster.start();
      const rest = cluster.nodes.filter(({ id }) => id !== odd);
      for (let round = 0; round < 20; round++) {
        const all = rest.map((node) => cluster.submit(node));
        await ended(cluster, ...all);
        expect(all.map(({ ending }) => ending)).toEqual(all.map(() => 'applied'));
        await cluster.runtime.run(200);
      }
      const stranger = cluster.node(odd);
      expect(stranger.log.status).toMatchObject({ state: 'running', appliedIndex: 0 });
      for (const { log, consumer } of rest) {
        expect(log.status.leader).not.toBe(odd);
        expect(consumer.commands).toHaveLength(20 * rest.length);
      }
      // They hear each other, and take nothing of it for their own.
      for (const { log } of cluster.nodes)
        expect(log.counters['frames_refused']).toBeGreaterThan(0);
      await cluster.close();
    },
  );

  describe('failures', () => {
    it('of the disk stop the node: nothing is acknowledged, everybody is told', async () => {
      const { cluster, leader, followers } = await started();
      leader.up = false;
      const events: string[] = [];
      leader.log.on(({ type }) => events.push(type));
      leader.disk.failWrite(1);
      const command = cluster.submit(leader);
      await ended(cluster, command);
      expect(command.ending).toBe('unknown');
      expect(events).toContain('failed');
      await cluster.settle(leader.log.close());
      expect(leader.log.status.state).toBe('failed');
      const late = cluster.submit(leader);
      expect(late).toMatchObject({ ending: 'rejected', code: 'CLOSED' });
      await cluster.until(
        () => followers.some(({ log }) => log.status.role === 'leader'),
        10_000,
        'another leader',
      );
      await cluster.restart(leader);
      await cluster.close();
    });

    it('of the consumer stop the node too: its state can no longer be trusted', async () => {
      const { cluster, leader } = await started();
      leader.up = false;
      leader.consumer.deliver = () => {
        throw new Error('bad machine');
      };
      const command = cluster.submit(leader);
      await cluster.until(() => leader.log.status.state === 'failed', 5000, 'the failure');
      // It was handed to the consumer together with its caller, who is the consumer's to settle.
      expect(command.ending).toBe('waiting');
      await cluster.close();
    });
  });

  describe('life', () => {
    it('closes idempotently, also without a start, and after a failed one', async () => {
      const network = memoryNetwork();
      const parts = { cluster: 'c', members: [{ id: 'a' }], algorithm: algorithm() };
      const never = createLog({
        ...parts,
        node: 'a',
        storage: memoryStorage(),
        transport: network.transport(),
      });
      await never.close();
      await never.close();
      expect(never.status.state).toBe('closed');

      const storage = memoryStorage();
      await storage.open({ cluster: 'other', node: 'a', algorithm: 'x' });
      const failing = createLog({ ...parts, node: 'a', storage, transport: network.transport() });
      const consumer = {
        deliver: () => undefined,
        restore: () => Promise.resolve(),
        snapshot: () => ({ index: 0, chunks: (async function* () {})() }),
      };
      await expect(failing.start(consumer)).rejects.toThrow();
      await failing.close();
    });

    it('refuses options that cannot work, by name', () => {
      const parts = {
        cluster: 'c',
        members: [{ id: 'a' }],
        algorithm: algorithm(),
        storage: memoryStorage(),
        transport: memoryNetwork({ maxFrameBytes: 1000 }).transport(),
      };
      expect(() => createLog({ ...parts, node: 'a' })).toThrow(/maxFrameBytes/);
      const talkative = { ...algorithm(), maxMessageBytes: 9 * 1024 * 1024 };
      expect(() =>
        createLog({
          ...parts,
          node: 'a',
          algorithm: talkative,
          transport: memoryNetwork().transport(),
        }),
      ).toThrow(new RegExp(`maxFrameBytes .* ${algorithm().name}`));
      expect(() => createLog({ ...parts, node: 'not a name' })).toThrow(/node/);
      expect(() => createLog({ ...parts, node: 'a', limits: { retryMs: 0 } })).toThrow(/retryMs/);
      const wrong: readonly (readonly [Partial<LogLimits>, RegExp])[] = [
        [{ snapshotWindow: 1.5 }, /snapshotWindow/],
        [{ snapshotWindow: Number.POSITIVE_INFINITY }, /snapshotWindow/],
        [{ snapshotChunkBytes: 0.5 }, /snapshotChunkBytes/],
        // A piece every 1.3 s, and whoever receives it listens to others after 2.5 s.
        [{ snapshotBytesPerSecond: 200_000 }, /snapshotBytesPerSecond/],
      ];
      for (const [limits, named] of wrong) {
        expect(() => createLog({ ...parts, node: 'a', limits })).toThrow(named);
      }
    });
  });
});
