/**
 * What is proposed is decided once, where it was accepted, although messages get lost, come late, come
 * twice, and leaders go.
 */
import { check, equal } from '../check.ts';
import { answer, carries, type EngineTests, follower, forSeeds, marker } from './scene.ts';
import type { Cluster } from './world/index.ts';

/** Whether everything on the leader is decided. */
function isAllDecided<Message>(cluster: Cluster<Message>): boolean {
  const status = cluster.leader?.engine.status;
  return status !== undefined && status.commitIndex === status.lastIndex;
}

export function replicationTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  tests.test('every proposal of a turn is decided once, at the index where it was accepted', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const tickets = Array.from({ length: 100 }, (_, at) => leader.propose([marker(`${at}`)]));
    cluster.until(
      () => tickets.every((ticket) => cluster.requests.placeOf(ticket) !== undefined),
      'all of them decided',
    );
    for (const ticket of tickets) {
      const ending = answer(cluster, ticket);
      check(ending.type === 'accepted', `a proposal ends as ${ending.type}`);
      equal(cluster.requests.placeOf(ticket), ending.index, 'where it is decided');
    }
    cluster.converge();
  });

  tests.test('nothing is decided without a quorum', () => {
    forSeeds(5, (seed) => {
      const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
      const cluster = tests.ready({ seed, voters });
      const leader = cluster.elect();
      cluster.partition([leader.id, follower(cluster).id]);
      const before = cluster.recorder.commitIndex;
      const ticket = leader.propose([]);
      cluster.run(electionTimeoutMs / 2);
      equal(cluster.recorder.commitIndex, before, 'the commit index');
      cluster.until(() => cluster.leader !== leader, 'another leader');
      cluster.decide();
      cluster.heal();
      cluster.converge();
      const ending = answer(cluster, ticket);
      check(ending.type !== 'rejected', 'what was sent to others is not called impossible');
    });
  });

  tests.test('R27 P20 a lost window is sent again, without a client', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      const lost = marker('lost');
      const isLost = carries(cluster, lost);
      cluster.network.tap = (_from, _to, message) => (isLost(message) ? 'drop' : 'pass');
      for (let nth = 0; nth < 40; nth++) {
        leader.propose([lost]);
        cluster.run(1);
      }
      cluster.run(20);
      equal(isAllDecided(cluster), false, 'everything is decided');
      cluster.network.tap = () => 'pass';
      const { epoch } = leader.engine.status;
      cluster.until(() => isAllDecided(cluster), 'everything decided', 4 * electionTimeoutMs);
      equal(cluster.leader?.id, leader.id, 'the leader');
      equal(leader.engine.status.epoch, epoch, 'its epoch');
    });
  });

  tests.test('R27 holes in a window are filled', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      const payload = marker('now and then lost');
      const isPayload = carries(cluster, payload);
      let nth = 0;
      cluster.network.tap = (_from, _to, message) =>
        isPayload(message) && ++nth % 5 === 2 ? 'drop' : 'pass';
      for (let write = 0; write < 60; write++) {
        leader.propose([payload]);
        cluster.run(1);
      }
      cluster.network.tap = () => 'pass';
      cluster.converge(4 * electionTimeoutMs);
    });
  });

  tests.test('lost answers do not matter', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    cluster.network.tap = (_from, to) => (to === leader.id ? 'drop' : 'pass');
    for (let nth = 0; nth < 20; nth++) leader.propose([]);
    cluster.run(electionTimeoutMs / 5);
    cluster.network.tap = () => 'pass';
    cluster.until(() => isAllDecided(cluster), 'everything decided', 2 * electionTimeoutMs);
    equal(cluster.leader?.id, leader.id, 'the leader');
  });

  tests.test('P10 messages that come twice, late, or in another order count once', () => {
    forSeeds(10, (seed) => {
      const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
      const conditions = {
        delayMs: [0.5, 20] as const,
        reorder: true,
        duplicateRate: 0.5,
        replayRate: 0.2,
      };
      const cluster = tests.ready({ seed, voters, conditions });
      for (let round = 0; round < 3; round++) {
        const leader = cluster.elect();
        for (let nth = 0; nth < 10; nth++) leader.propose([marker(`${round}/${nth}`)]);
        // Two followers are not a quorum together with anybody's echo.
        cluster.partition(
          cluster
            .followers()
            .slice(0, 3)
            .map(({ id }) => id),
        );
        cluster.run(electionTimeoutMs);
        cluster.heal();
        cluster.decide();
      }
      cluster.conditions.replayRate = 0;
      cluster.converge();
    });
  });

  tests.test(
    'P16 what a quorum holds when its leader goes is decided by the next one, without a client',
    () => {
      forSeeds(10, (seed) => {
        const cluster = tests.ready({ seed });
        const leader = cluster.elect();
        const followers = cluster.followers();
        const left = marker('left behind');
        // Nobody tells the leader that they have it.
        cluster.network.tap = (_from, to) => (to === leader.id ? 'drop' : 'pass');
        const ticket = leader.propose([left]);
        const ending = answer(cluster, ticket);
        check(ending.type === 'accepted', 'the leader accepts');
        const { index } = ending;
        cluster.until(
          () => followers.every((node) => node.disk.durable.record(index) !== undefined),
          'on the disks of the others',
        );
        leader.crash();
        cluster.network.tap = () => 'pass';
        cluster.until(() => cluster.requests.placeOf(ticket) === index, 'the decision');
        leader.start();
        cluster.converge();
      });
    },
  );

  tests.test(
    'P16 what one node alone was told is decided or lost, and everybody agrees which',
    () => {
      forSeeds(15, (seed) => {
        const cluster = tests.ready({ seed });
        const leader = cluster.elect();
        const [told] = cluster.followers();
        cluster.network.tap = (from, to) =>
          from === leader.id && to !== told?.id ? 'drop' : 'pass';
        const ticket = leader.propose([marker('told to one')]);
        cluster.run(seed % 5);
        leader.crash(seed % 2 === 0 ? 0 : Number.POSITIVE_INFINITY);
        cluster.network.tap = () => 'pass';
        if (seed % 3 === 0) {
          told?.crash(0);
          told?.start();
        } else leader.start();
        cluster.decide();
        for (const node of cluster.nodes) node.start();
        cluster.converge();
        const ending = cluster.requests.ending(ticket);
        if (ending?.type !== 'accepted') return;
        check(
          cluster.recorder.decided(ending.index) !== undefined,
          'its index is decided, in one way or the other',
        );
      });
    },
  );

  tests.test(
    'P8 after a leader change with nothing under way, the next entry follows the last one without a gap',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.ready({ seed });
        for (let round = 0; round < 5; round++) {
          cluster.run(2 * electionTimeoutMs);
          const before = cluster.recorder.commitIndex;
          const old = cluster.elect();
          old.crash();
          const index = cluster.decide();
          // A new leader may add entries of its own, and leaves no gap.
          check(index > before, `the entry is decided at ${index}, after ${before}`);
          for (let at = before + 1; at < index; at++) {
            const between = cluster.recorder.decided(at);
            check(between !== undefined, `nothing is decided at ${at}, in front of ${index}`);
          }
          old.start();
          cluster.converge();
        }
      });
    },
  );
}
