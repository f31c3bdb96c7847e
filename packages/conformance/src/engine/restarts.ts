/**
 * Crashes that take whatever was not durable: what a node has said, it still knows.
 */
import { utf8 } from '@quorate/core';
import { check, equal } from '../check.ts';
import { type EngineTests, follower, forSeeds } from './scene.ts';

export function restartTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  tests.test('R16 P1 crashes at any moment, which lose whatever can be lost, harm nobody', () => {
    forSeeds(30, (seed) => {
      const late = electionTimeoutMs / 12;
      const conditions = { syncMs: [late / 8, late] as const, delayMs: [1, late] as const };
      const cluster = tests.cluster({ seed, conditions });
      for (let crash = 0; crash < 30; crash++) {
        cluster.run(cluster.random.between(0.01, 0.8) * electionTimeoutMs);
        cluster.leader?.propose([utf8('x')]);
        cluster.run(cluster.random.between(0, late));
        const node = cluster.random.pick(cluster.nodes);
        node.crash(0);
        node.start();
      }
      cluster.decide('alive', 40 * electionTimeoutMs);
      cluster.converge();
    });
  });

  tests.test('R16 P6 nothing is decided, and nobody elected, before it is on a disk', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const before = cluster.recorder.commitIndex;
    for (const node of cluster.nodes) node.disk.stall(true);
    leader.propose([]);
    cluster.run(electionTimeoutMs / 2);
    equal(cluster.recorder.commitIndex, before, 'the commit index');
    leader.crash(0);
    cluster.run(20 * electionTimeoutMs);
    equal(cluster.leader?.id, undefined, 'the leader');
    for (const node of cluster.nodes) {
      node.disk.stall(false);
      node.start();
    }
    cluster.decide();
    cluster.converge();
  });

  tests.test('R15 a group of one leads and decides only by what its own disk has', () => {
    const cluster = tests.cluster({ voters: ['n1'] });
    const node = cluster.node('n1');
    node.disk.stall(true);
    cluster.run(4 * electionTimeoutMs);
    equal(node.leads, false, 'it leads');
    node.disk.stall(false);
    cluster.elect(4 * electionTimeoutMs);
    cluster.commit();
    node.disk.stall(true);
    const { commitIndex } = node.engine.status;
    const ticket = node.propose([utf8('not yet')]);
    cluster.run(electionTimeoutMs / 2);
    equal(node.engine.status.commitIndex, commitIndex, 'the commit index');
    node.disk.stall(false);
    cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'the decision');
  });

  tests.test('R17 state and entries survive a crash between any two writes', () => {
    for (let keep = 0; keep < 8; keep++) {
      forSeeds(6, (seed) => {
        const cluster = tests.ready({ seed, conditions: { syncMs: [20, 60] } });
        const leader = cluster.elect();
        const victim = follower(cluster);
        victim.disk.stall(true);
        for (let nth = 0; nth < 8; nth++) {
          leader.propose([utf8('x')]);
          cluster.run(5);
        }
        if (seed % 2 === 0) {
          // With a change of leaders among the writes.
          leader.crash();
          cluster.run(4 * electionTimeoutMs);
        }
        victim.crash(keep);
        victim.disk.stall(false);
        victim.start();
        leader.start();
        cluster.decide('after');
        cluster.converge();
      });
    }
  });

  tests.test('R19 completions in any order, late and twice, lose nothing', () => {
    forSeeds(10, (seed) => {
      const conditions = {
        completions: 'shuffled',
        completionMs: [0, electionTimeoutMs / 10],
        duplicateCompletionRate: 0.5,
      } as const;
      const cluster = tests.ready({ seed, conditions });
      cluster.commitMany(50);
      cluster.converge();
      // Nobody takes a completion of long ago for a disk that hangs.
      const leader = cluster.elect();
      const { epoch } = leader.engine.status;
      cluster.run(20 * electionTimeoutMs);
      equal(leader.engine.status.epoch, epoch, 'the epoch');
      equal(cluster.leader?.id, leader.id, 'the leader');
    });
  });

  tests.test('P6 what was decided survives that all nodes lose power at once', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed, conditions: { syncMs: [1, 10] } });
      for (let round = 0; round < 5; round++) {
        const index = cluster.decide(`round ${round}`);
        for (const node of cluster.nodes) node.crash(0);
        cluster.run(cluster.random.between(0, electionTimeoutMs));
        for (const node of cluster.nodes) node.start();
        const next = cluster.decide();
        check(next > index, `${next} is decided after ${index}, whose value stays`);
        cluster.converge();
        for (const node of cluster.nodes)
          check(node.consumer.applied >= next, 'all is applied again');
      }
    });
  });

  tests.test('P5 a group of one finds everything again', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, voters: ['n1'] });
      const node = cluster.node('n1');
      for (let round = 0; round < 10; round++) {
        const index = cluster.commitMany(1 + cluster.random.below(10));
        node.propose([utf8('perhaps')]);
        cluster.run(cluster.random.between(0, 2));
        node.crash();
        node.start();
        cluster.decide();
        cluster.converge();
        check(node.consumer.applied > index, 'what was decided is applied again');
      }
    });
  });

  tests.test('a node whose consumer starts over delivers everything from its snapshot on', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      cluster.commitMany(30);
      cluster.converge();
      const node = follower(cluster);
      if (seed % 2 === 0) node.compact();
      cluster.commitMany(10);
      node.crash();
      node.start();
      cluster.converge();
      equal(node.consumer.applied, cluster.recorder.commitIndex, 'applied');
    });
  });
}
