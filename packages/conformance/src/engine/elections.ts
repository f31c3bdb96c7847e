/**
 * Who leads: one node, soon, and for as long as it is well.
 */
import { check, equal } from '../check.ts';
import {
  change,
  type EngineTests,
  follower,
  forSeeds,
  refusal,
  remove,
  trims,
  votersOf,
} from './scene.ts';
import type { Cluster } from './world/index.ts';

export function electionTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs, heartbeatMs } = tests;
  const { capabilities } = tests.options;

  for (const size of [1, 2, 3, 5, 7]) {
    tests.test(`a group of ${size} elects one leader, and keeps it`, () => {
      forSeeds(5, (seed) => {
        const voters = Array.from({ length: size }, (_, at) => `n${at + 1}`);
        const cluster = tests.cluster({ seed, voters });
        cluster.elect(10 * electionTimeoutMs);
        cluster.decide();
        cluster.converge();
        const leader = cluster.elect();
        const { epoch } = leader.engine.status;
        cluster.run(20 * electionTimeoutMs);
        equal(cluster.leader?.id, leader.id, 'the leader');
        equal(leader.engine.status.epoch, epoch, 'its epoch');
      });
    });
  }

  tests.test(
    'another leader comes when the first one is gone, and not before it was missed',
    () => {
      forSeeds(10, (seed) => {
        const cluster = tests.ready({ seed });
        cluster.run(2 * electionTimeoutMs);
        const first = cluster.elect();
        first.crash();
        const gone = cluster.schedule.now;
        const second = cluster.elect();
        check(second !== first, 'another leader');
        // The last sign of life may have been on its way for one heartbeat interval.
        check(
          cluster.schedule.now - gone > electionTimeoutMs - heartbeatMs - 10,
          'nobody campaigns while the leader is heard from',
        );
        cluster.decide();
      });
    },
  );

  tests.test('nobody leads without a quorum', () => {
    const cluster = tests.ready();
    const { epoch } = cluster.elect().engine.status;
    for (const node of cluster.followers()) cluster.isolate(node.id);
    cluster.run(20 * electionTimeoutMs);
    equal(cluster.leader?.id, undefined, 'the leader');
    if (!capabilities.undisturbedLeader) return;
    for (const node of cluster.nodes) equal(node.engine.status.epoch, epoch, `epoch of ${node.id}`);
  });

  tests.test('a leader that hears from no quorum steps down', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    cluster.isolate(leader.id);
    cluster.until(() => !leader.leads, 'the leader steps down', 2.4 * electionTimeoutMs);
  });

  tests.test('a leader that can send and not receive gives way to another one', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    for (const node of cluster.followers()) cluster.network.cut(node.id, leader.id);
    cluster.until(() => !leader.leads, 'the leader steps down', 2.4 * electionTimeoutMs);
    cluster.elect(10 * electionTimeoutMs);
    cluster.decide();
  });

  tests.test('R26 a leader whose disk stalls does not stop the group', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      leader.disk.stall(true);
      leader.propose([]);
      cluster.decide('goes on', 15 * electionTimeoutMs);
      cluster.run(10 * electionTimeoutMs);
      cluster.decide('and on', 5 * electionTimeoutMs);
      leader.disk.stall(false);
      cluster.converge();
    });
  });

  tests.test('R26 nobody is elected with the vote of a disk that stalls', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const stalled = follower(cluster);
    stalled.disk.stall(true);
    cluster.decide();
    cluster.run(6 * electionTimeoutMs);
    cluster.elect().crash();
    cluster.run(20 * electionTimeoutMs);
    equal(cluster.leader?.id, undefined, 'the leader of one node and a half');
    stalled.disk.stall(false);
    cluster.decide('goes on', 10 * electionTimeoutMs);
    leader.start();
  });

  tests.test('R16 P23 nobody leads in an epoch again after a crash', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      for (let round = 0; round < 6; round++) {
        const leader = cluster.elect();
        // Nothing is kept that it has not waited for; the recorder knows who led in which life.
        for (const node of cluster.nodes) {
          node.crash(0);
          if (node !== leader) cluster.schedule.after(electionTimeoutMs, () => node.start());
        }
        leader.start();
        cluster.run(electionTimeoutMs);
        cluster.decide();
      }
    });
  });

  if (capabilities.oneLeaderPerEpoch) {
    tests.test('no two nodes lead in one epoch, however campaigns cross', () => {
      forSeeds(10, (seed) => {
        const voters = ['n1', 'n2', 'n3', 'n4', 'n5'];
        const delayMs = [1, electionTimeoutMs / 3] as const;
        const conditions = { delayMs, reorder: true, duplicateRate: 0.2, replayRate: 0.05 };
        const cluster = tests.cluster({ seed, voters, conditions });
        cluster.run(30 * electionTimeoutMs);
        cluster.conditions.delayMs = [0.5, 2];
        cluster.conditions.replayRate = 0;
        cluster.decide('after all');
      });
    });
  }

  if (capabilities.undisturbedLeader) undisturbedTests(tests);
  emptyLogTests(tests);
}

/** Whoever comes back deposes nobody. */
function undisturbedTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  /** Runs a scene around a leader, at the end of which it leads on in its epoch. */
  const undisturbed = (name: string, count: number, scene: (cluster: Cluster<Message>) => void) => {
    tests.test(name, () => {
      forSeeds(count, (seed) => {
        const cluster = tests.ready({ seed });
        const leader = cluster.elect();
        const { epoch } = leader.engine.status;
        scene(cluster);
        equal(cluster.leader?.id, leader.id, 'the leader');
        equal(leader.engine.status.epoch, epoch, 'its epoch');
      });
    });
  };

  undisturbed(
    'R22 a node that was cut off does not disturb the group when it returns',
    10,
    (cluster) => {
      cluster.isolate(follower(cluster).id);
      cluster.run(20 * electionTimeoutMs);
      cluster.commit();
      cluster.heal();
      cluster.converge();
      cluster.run(10 * electionTimeoutMs);
    },
  );

  undisturbed(
    'R22 a node that hears nobody and is heard by all does not disturb the group',
    5,
    (cluster) => {
      const deaf = follower(cluster);
      for (const node of cluster.nodes) cluster.network.cut(node.id, deaf.id);
      cluster.run(20 * electionTimeoutMs);
    },
  );

  undisturbed('R22 a removed node that runs on does not disturb the group', 10, (cluster) => {
    const leader = cluster.elect();
    const removed = follower(cluster);
    // It does not hear of its own removal.
    cluster.isolate(removed.id);
    change(cluster, remove(removed.id));
    cluster.converge();
    cluster.heal();
    cluster.run(20 * electionTimeoutMs);
    cluster.commit();
    equal(votersOf(leader).length, 2, 'voters');
  });

  undisturbed('a node that restarts again and again does not disturb the group', 5, (cluster) => {
    const node = follower(cluster);
    for (let round = 0; round < 10; round++) {
      node.crash();
      cluster.run(cluster.random.between(0, 3 * electionTimeoutMs));
      node.start();
      cluster.run(cluster.random.between(0, electionTimeoutMs));
    }
    cluster.converge();
  });
}

/** One node has never received anything, and only it can campaign. */
function emptyLogTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { emptyLogMayLead } = tests.options.capabilities;

  /** Whether a node that holds nothing leads after all others that led are gone. */
  const leadsFromNothing = (seed: number): boolean => {
    const cluster = tests.cluster({ seed });
    const empty = cluster.node('n3');
    cluster.isolate(empty.id);
    for (let nth = 0; nth < 5; nth++) cluster.decide();
    cluster.run(electionTimeoutMs / 2);
    equal(empty.disk.durable.last, 0, 'the end of the log of the empty node');
    cluster.elect().crash();
    cluster.heal();
    // The other one does nothing but answer it.
    let asked = Number.NEGATIVE_INFINITY;
    cluster.network.tap = (from) => {
      const { now } = cluster.schedule;
      if (from === empty.id) asked = now;
      return from === empty.id || now < asked + electionTimeoutMs / 50 ? 'pass' : 'drop';
    };
    let first: Cluster<Message>['leader'];
    cluster.observers.push({
      stepped: ({ id }) => {
        const node = cluster.node(id);
        if (node.leads) first ??= node;
      },
    });
    const until = cluster.schedule.now + 30 * electionTimeoutMs;
    while (first === undefined && cluster.schedule.now < until) cluster.run(electionTimeoutMs / 50);
    const leads = first === empty;
    cluster.network.tap = () => 'pass';
    cluster.decide('goes on');
    for (const node of cluster.nodes) node.start();
    cluster.converge();
    return leads;
  };

  if (emptyLogMayLead) {
    tests.test(
      'P7 a node that holds nothing can become leader, and everything decided survives',
      () => {
        let led = 0;
        forSeeds(10, (seed) => {
          if (leadsFromNothing(seed)) led += 1;
        });
        check(led > 0, 'it never led');
      },
    );
  } else {
    tests.test('a node that holds nothing never becomes leader', () => {
      forSeeds(10, (seed) => {
        check(!leadsFromNothing(seed), 'it leads');
      });
    });
  }

  tests.test(
    'P7 P13 a node that holds nothing leads to no harm where the others have trimmed their logs',
    () => {
      forSeeds(10, (seed) => {
        const cluster = tests.cluster({ seed, limits: { keepBytesBehindSnapshot: 0 } });
        cluster.isolate('n3');
        for (let nth = 0; nth < 5; nth++) cluster.decide();
        cluster.run(electionTimeoutMs / 2);
        for (const node of cluster.nodes) node.compact();
        cluster.decide();
        cluster.run(electionTimeoutMs / 2);
        cluster.elect().crash();
        cluster.heal();
        cluster.decide();
        for (const node of cluster.nodes) node.start();
        cluster.converge();
      });
    },
    trims,
  );

  tests.test(
    'a node that does not lead refuses proposals and changes, and names the leader',
    () => {
      const cluster = tests.ready();
      const leader = cluster.elect();
      const other = follower(cluster);
      const tickets = [
        other.propose([]),
        other.reconfigure([remove('n1')]),
        ...(tests.options.capabilities.transfers ? [other.transfer()] : []),
      ];
      for (const ticket of tickets) {
        equal(refusal(cluster, ticket), 'not-leader', 'the reason');
        const ending = cluster.requests.ending(ticket);
        equal(ending?.type === 'rejected' ? ending.leader : undefined, leader.id, 'the leader');
      }
    },
  );
}
