/**
 * Progress: a quorum that can talk gets a leader soon and decides, and nobody works for nothing.
 */
import { emptyMembership, membershipOf, seededRandom } from '@quorate/core';
import { check, equal } from '../check.ts';
import { type EngineTests, follower, forSeeds, scatter } from './scene.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

export function livenessTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs, heartbeatMs } = tests;

  tests.test('a node that does not belong to the group is never woken', () => {
    const group = membershipOf([{ id: 'n1' }, { id: 'n2' }, { id: 'n3' }]);
    for (const bootstrap of [emptyMembership, group]) {
      const engine = tests.options.algorithm({}).create({
        node: 'n9',
        recovered: {
          state: undefined,
          records: undefined,
          snapshot: undefined,
          lastRecord: undefined,
        },
        bootstrap,
        random: seededRandom(1),
        now: 1000,
      });
      for (const { id } of engine.take().writes) engine.step({ type: 'stored', write: id }, 1000);
      equal(engine.take().wakeAt, Number.POSITIVE_INFINITY, 'wakeAt');
    }
  });

  tests.test('an idle group of one costs nothing', () => {
    const cluster = tests.ready({ voters: ['n1'] });
    cluster.run(10 * electionTimeoutMs);
    const { ran } = cluster.schedule;
    cluster.run(1000 * electionTimeoutMs);
    equal(cluster.schedule.ran - ran, 0, 'events');
    cluster.commit();
  });

  tests.test('an idle group of three costs heartbeats and their answers', () => {
    const cluster = tests.ready();
    cluster.run(10 * electionTimeoutMs);
    const { frames } = cluster.network;
    const writes = cluster.nodes.map((node) => node.disk.writes);
    cluster.run(100 * electionTimeoutMs);
    const most = (100 * electionTimeoutMs * 4) / heartbeatMs;
    check(
      cluster.network.frames - frames <= 1.5 * most,
      `${cluster.network.frames - frames} frames, heartbeats are ${most}`,
    );
    equal(
      cluster.nodes.map((node) => node.disk.writes),
      writes,
      'writes so far',
    );
  });

  tests.test('a group that was cut to pieces has a leader soon after it is healed', () => {
    forSeeds(15, (seed) => {
      const cluster = tests.ready({ seed, voters: five });
      for (let round = 0; round < 3; round++) {
        scatter(cluster);
        cluster.run(cluster.random.between(1, 20) * electionTimeoutMs);
        cluster.heal();
        cluster.elect(10 * electionTimeoutMs);
        cluster.decide('healed', 10 * electionTimeoutMs);
      }
      cluster.converge();
    });
  });

  tests.test('P19 candidates that start at once do not duel for ever', () => {
    forSeeds(15, (seed) => {
      const conditions = { delayMs: [electionTimeoutMs / 20, electionTimeoutMs / 10] as const };
      const cluster = tests.cluster({ seed, voters: five, conditions });
      cluster.elect(30 * electionTimeoutMs);
      for (let round = 0; round < 3; round++) {
        for (const node of cluster.nodes) node.crash();
        for (const node of cluster.nodes) node.start();
        cluster.elect(30 * electionTimeoutMs);
        cluster.decide('no duel', 10 * electionTimeoutMs);
      }
    });
  });

  tests.test('P20 one node that is down slows nobody', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      follower(cluster).crash();
      const began = cluster.schedule.now;
      for (let nth = 0; nth < 20; nth++) cluster.commit();
      // A round trip and a sync take some ten milliseconds at most.
      check(
        cluster.schedule.now - began < 20 * 20,
        `20 decisions in ${(cluster.schedule.now - began).toFixed()} ms`,
      );
    });
  });

  tests.test('two of five nodes that are down stop nobody, and three stop everybody', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, voters: five });
      cluster.elect().crash();
      cluster.elect().crash();
      const index = cluster.decide();
      cluster.elect().crash();
      cluster.run(20 * electionTimeoutMs);
      equal(cluster.leader?.id, undefined, 'the leader of two');
      equal(cluster.recorder.commitIndex >= index, true, 'decided so far');
      for (const node of cluster.nodes) node.start();
      cluster.decide();
      cluster.converge();
    });
  });

  tests.test('half of all messages lost slows a group down and does not stop it', () => {
    forSeeds(5, (seed) => {
      const conditions = { dropRate: 0.4, reorder: true };
      const cluster = tests.cluster({ seed, conditions });
      for (let nth = 0; nth < 10; nth++) cluster.decide('slowly', 240 * electionTimeoutMs);
    });
  });

  tests.test('clocks that run apart, late timers and slow turns stop nobody', () => {
    forSeeds(5, (seed) => {
      const late = electionTimeoutMs / 20;
      const conditions = {
        lateTickMs: [0, late] as const,
        turnMs: [0, late] as const,
        completionMs: [0, late] as const,
      };
      const cluster = tests.cluster({ seed, conditions, clockDrift: 0.05 });
      cluster.elect(20 * electionTimeoutMs);
      for (let nth = 0; nth < 10; nth++) cluster.decide();
      cluster.converge();
    });
  });
}
