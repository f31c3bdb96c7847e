/**
 * Snapshots: the log is trimmed behind them, and whoever is too far behind for the log gets one.
 */
import { isJoint } from '@quorate/core';
import { check, equal } from '../check.ts';
import {
  answer,
  change,
  compact,
  type EngineTests,
  follower,
  forSeeds,
  learner,
  leaveBehind,
  marker,
  refusal,
  trims,
  voter,
  votersOf,
} from './scene.ts';

export function snapshotTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  tests.test(
    'a snapshot trims the log, and a restart finds what is left',
    () => {
      const cluster = tests.trimming();
      cluster.commitMany(20);
      cluster.converge();
      for (const node of cluster.nodes) compact(cluster, node);
      cluster.run(100);
      for (const node of cluster.nodes) {
        const { snapshot, first, last } = node.disk.durable;
        check(snapshot !== undefined, `${node.id} has a snapshot`);
        check(first > snapshot.index || last < first, `${node.id} keeps nothing in front of it`);
        node.crash();
        node.start();
        check(node.engine.status.commitIndex >= snapshot.index, `${node.id} starts behind it`);
      }
      cluster.decide();
      cluster.converge();
    },
    trims,
  );

  tests.test(
    'as much is kept behind a snapshot as was asked for',
    () => {
      const cluster = tests.ready({ limits: { keepBytesBehindSnapshot: 1000 } });
      cluster.commitMany(100);
      cluster.converge();
      const leader = cluster.elect();
      leader.compact();
      cluster.run(50);
      const { firstIndex, lastIndex } = leader.engine.status;
      check(firstIndex > 1 && firstIndex < lastIndex, 'some of the log is trimmed, some is kept');
      let bytes = 0;
      for (let index = firstIndex; index <= lastIndex; index++) {
        bytes += leader.disk.durable.record(index)?.length ?? 0;
      }
      check(bytes > 500 && bytes < 1500, `${bytes} bytes are kept`);
    },
    trims,
  );

  tests.test(
    'a snapshot older than the last one, or ahead of what is applied, is refused as stale',
    () => {
      const cluster = tests.ready();
      cluster.commitMany(10);
      cluster.converge();
      const node = follower(cluster);
      const { applied } = node.consumer;
      const content = node.consumer.snapshot();
      equal(refusal(cluster, node.publish(applied + 1, content)), 'stale', 'one that is ahead');
      equal(answer(cluster, node.publish(applied, content)).type, 'done', 'a good one');
      equal(refusal(cluster, node.publish(applied - 1, content)), 'stale', 'one that is older');
      equal(node.disk.durable.snapshot?.index, applied, 'the current one');
      cluster.decide();
      cluster.converge();
    },
  );

  tests.test(
    'a node that is too far behind gets a snapshot, and then the log',
    () => {
      const cluster = tests.trimming();
      const behind = leaveBehind(cluster);
      cluster.commitMany(5);
      behind.start();
      cluster.converge();
      equal(cluster.shipping.arrived, 1, 'snapshots that arrived');
      check(behind.engine.status.firstIndex > 30, 'its log begins behind it');
    },
    trims,
  );

  tests.test(
    'a node gets a snapshot although attempts fail',
    () => {
      const cluster = tests.trimming();
      const behind = leaveBehind(cluster);
      cluster.conditions.shipFailureRate = 0.8;
      behind.start();
      cluster.converge(200 * electionTimeoutMs);
    },
    trims,
  );

  tests.test(
    'a node does not get the same snapshot twice at a time',
    () => {
      const cluster = tests.trimming();
      const behind = leaveBehind(cluster);
      cluster.conditions.shipMs = [2 * electionTimeoutMs, 2 * electionTimeoutMs];
      behind.start();
      cluster.run(1.8 * electionTimeoutMs);
      cluster.commitMany(20);
      equal(cluster.shipping.begun, 1, 'shipments under way');
      cluster.converge();
      equal(cluster.shipping.begun, 1, 'shipments');
    },
    trims,
  );

  tests.test(
    'R30 a snapshot gets there although the log is trimmed faster than it travels',
    () => {
      const cluster = tests.trimming();
      const behind = leaveBehind(cluster);
      cluster.conditions.shipMs = [3 * electionTimeoutMs, 3 * electionTimeoutMs];
      behind.start();
      const began = cluster.schedule.now;
      const { commitIndex } = cluster.recorder;
      while (behind.consumer.applied <= commitIndex) {
        check(cluster.schedule.now - began < 20 * electionTimeoutMs, 'it catches up in time');
        cluster.commitMany(3);
        cluster.elect().compact();
        cluster.run(electionTimeoutMs / 5);
      }
      check(cluster.shipping.begun <= 2, `${cluster.shipping.begun} shipments`);
      // From there on the log is enough.
      const { begun } = cluster.shipping;
      for (let nth = 0; nth < 20; nth++) {
        cluster.commitMany(3);
        cluster.elect().compact();
        cluster.run(electionTimeoutMs / 5);
      }
      cluster.converge();
      equal(cluster.shipping.begun, begun, 'shipments');
    },
    trims,
  );

  tests.test(
    'R10 P12 a leader that wrote alone comes to have what others have by a snapshot',
    () => {
      forSeeds(15, (seed) => {
        const cluster = tests.trimming({ seed });
        const old = cluster.elect();
        cluster.isolate(old.id);
        for (let nth = 0; nth < 20; nth++) old.propose([marker('alone')]);
        tests.otherLeader(cluster, old);
        // The snapshot ends inside what was written alone, or behind it.
        for (let nth = 0; nth <= (seed * 2) % 30; nth++) cluster.decide();
        cluster.run(electionTimeoutMs / 5);
        for (const node of cluster.nodes) if (node !== old) compact(cluster, node);
        cluster.heal();
        cluster.converge();
        check(cluster.shipping.arrived > 0, 'it got a snapshot');
      });
    },
    trims,
  );

  tests.test(
    'R11 a snapshot does not leave a membership that was never decided',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.trimming({ seed, joiners: ['n4'] });
        const old = cluster.elect();
        cluster.isolate(old.id);
        for (let nth = 0; nth < 10; nth++) old.propose([]);
        old.reconfigure([voter('n4')]);
        tests.otherLeader(cluster, old);
        for (let nth = 0; nth < 3; nth++) cluster.decide();
        cluster.run(electionTimeoutMs / 5);
        for (const node of cluster.nodes) {
          if (node !== old && node.id !== 'n4') compact(cluster, node);
        }
        cluster.observers.push({
          settled: (node, outcome) => {
            if (node !== old || outcome.type !== 'done') return;
            equal(votersOf(old), ['n1', 'n2', 'n3'], 'voters once it is installed');
          },
        });
        cluster.heal();
        cluster.converge();
        equal(votersOf(old), ['n1', 'n2', 'n3'], 'voters');
      });
    },
    trims,
  );

  tests.test(
    'R13 a snapshot carries the membership of its own index, wherever a change falls',
    () => {
      forSeeds(30, (seed) => {
        const cluster = tests.trimming({ seed, joiners: ['n4', 'n5'] });
        const away = follower(cluster);
        away.crash();
        const leader = cluster.elect();
        leader.reconfigure([tests.options.capabilities.learners ? learner('n4') : voter('n4')]);
        cluster.run(15);
        leader.reconfigure([voter('n4'), voter('n5')]);
        cluster.run(seed * 0.7);
        for (const node of cluster.live) node.compact();
        cluster.run(20);
        leader.crash();
        leader.start();
        away.start();
        cluster.decide('after');
        cluster.converge();
        check(!isJoint(cluster.elect().engine.status.membership), 'no change is half done');
      });
    },
    trims,
  );

  tests.test(
    'a snapshot brings a node that never knew anybody into the group',
    () => {
      const cluster = tests.trimming({ joiners: ['n4'] });
      cluster.commitMany(10);
      cluster.run(50);
      for (const id of ['n1', 'n2', 'n3']) compact(cluster, cluster.node(id));
      change(cluster, voter('n4'));
      cluster.converge();
      equal(cluster.shipping.arrived, 1, 'snapshots that arrived');
      equal(votersOf(cluster.node('n4')), ['n1', 'n2', 'n3', 'n4'], 'voters on n4');
    },
    trims,
  );

  tests.test(
    'snapshots that nobody waits for change nothing',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.trimming({ seed });
        const behind = leaveBehind(cluster);
        behind.start();
        for (let nth = 0; nth < 20; nth++) {
          for (const from of cluster.nodes) {
            for (const to of cluster.nodes) cluster.shipping.stray(from, to);
          }
          cluster.elect().propose([]);
          cluster.run(5);
          if (nth % 5 === 0) cluster.random.pick(cluster.nodes).compact();
        }
        cluster.converge();
      });
    },
    trims,
  );
}
