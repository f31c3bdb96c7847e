/**
 * Disaster recovery: one node of a lost group goes on alone with everything that it held, and new ones
 * join it. That nothing which the node held is lost, that it is decided at its index, and that no epoch is
 * used again, the recorder checks in every test here.
 */
import { InvalidArgumentError, memberIds, type NodeId, seededRandom, utf8 } from '@quorate/core';
import { check, equal } from '../check.ts';
import {
  carries,
  change,
  compact,
  type EngineTests,
  follower,
  forSeeds,
  learner,
  marker,
  remove,
  trims,
  voter,
} from './scene.ts';
import { type Cluster, forceSoleVoter, type SimNode } from './world/index.ts';

export function disasterTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { capabilities } = tests.options;

  /** All but one are lost, and that one goes on alone: it leads soon, and decides. */
  const goOnWith = (cluster: Cluster<Message>, id: NodeId): SimNode<Message> => {
    forceSoleVoter(cluster, id);
    const node = cluster.node(id);
    node.start();
    equal(memberIds(node.engine.status.membership), [id], `members, at the start of ${id}`);
    cluster.elect(4 * electionTimeoutMs);
    cluster.decide(marker('go on'));
    cluster.converge();
    equal(memberIds(node.engine.status.membership), [id], `members, as ${id} leads`);
    return node;
  };

  /** New nodes come, under any names, and the group does not need the survivor any more. */
  const growBy = (cluster: Cluster<Message>, ...ids: readonly NodeId[]): void => {
    for (const id of ids) cluster.node(id).start();
    tests.teach(cluster, ...ids);
    change(cluster, ...ids.map(voter));
    cluster.decide('grown');
    cluster.converge();
  };

  for (const who of ['leader', 'follower'] as const) {
    tests.test(`a former ${who} goes on alone, with everything that was decided`, () => {
      forSeeds(5, (seed) => {
        const cluster = tests.ready({ seed });
        const decided = cluster.commitMany(30);
        cluster.converge();
        const { id } = who === 'leader' ? cluster.elect() : follower(cluster, seed % 2);
        const values = valuesUpTo(cluster, decided);
        goOnWith(cluster, id);
        equal(valuesUpTo(cluster, decided), values, 'what was decided before');
      });
    });
  }

  tests.test(
    'it does so with a snapshot, and what stands behind it',
    () => {
      forSeeds(8, (seed) => {
        // Everything before the snapshot trimmed, or some of it kept.
        const limits = { keepBytesBehindSnapshot: seed % 2 === 0 ? 0 : 300 };
        const cluster = tests.ready({ seed, limits });
        cluster.commitMany(20);
        cluster.converge();
        const { id } = cluster.random.pick(cluster.nodes);
        const node = cluster.node(id);
        node.compact();
        cluster.until(() => node.disk.durable.snapshot !== undefined, 'a snapshot');
        if (seed % 4 > 1) cluster.commitMany(10);
        cluster.converge();
        const applied = cluster.recorder.commitIndex;
        goOnWith(cluster, id);
        check(node.consumer.applied > applied, 'all of it is applied again');
        node.compact();
        cluster.until(
          () => (node.disk.durable.snapshot?.index ?? 0) > applied,
          'a snapshot of the new group',
        );
        goOnWith(cluster, id);
      });
    },
    trims,
  );

  tests.test('what was perhaps never decided is decided, once it is all that there is', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      cluster.isolate(old.id);
      const tickets = Array.from({ length: 1 + (seed % 7) }, () => old.propose([utf8('alone')]));
      const { writes } = old.disk;
      cluster.until(() => old.disk.writes > writes && old.disk.underWay === 0, 'it is on its disk');
      // Others may have led meanwhile, and decided something else there. That is lost.
      if (seed % 2 === 0) {
        tests.otherLeader(cluster, old);
        cluster.decide();
      }
      goOnWith(cluster, old.id);
      for (const ticket of tickets) {
        check(cluster.requests.placeOf(ticket) !== undefined, `proposal ${ticket} is decided`);
      }
    });
  });

  tests.test('what only the others held is lost, and the indexes go on without a gap', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      const behind = follower(cluster);
      cluster.isolate(behind.id);
      const lost = cluster.elect().propose([marker('only there')]);
      cluster.until(() => cluster.requests.placeOf(lost) !== undefined, 'a decision without it');
      cluster.heal();
      goOnWith(cluster, behind.id);
      equal(cluster.requests.placeOf(lost), undefined, 'where it is decided now');
    });
  });

  if (capabilities.outOfOrderDecisions) {
    tests.test(
      'P9 what it lacks in the middle is filled, and what stands behind that stays',
      () => {
        forSeeds(8, (seed) => {
          const cluster = tests.ready({ seed });
          const behind = follower(cluster);
          const isMissed = carries<Message>(cluster, marker('missed'));
          cluster.network.tap = (_from, to, message) =>
            to === behind.id && isMissed(message) ? 'drop' : 'pass';
          const leader = cluster.elect();
          const missed: number[] = [];
          const held: number[] = [];
          for (let nth = 0; nth < 10; nth++) {
            const isHeld = nth === 9 || cluster.random.chance(0.5);
            (isHeld ? held : missed).push(leader.propose([marker(isHeld ? 'held' : 'missed')]));
            cluster.run(1);
          }
          cluster.until(() => held.every((ticket) => isPlaced(cluster, ticket)), 'the decisions');
          const places = held.map((ticket) => cluster.requests.placeOf(ticket));
          const last = places.at(-1) ?? 0;
          cluster.until(
            () => behind.disk.durable.record(last) !== undefined,
            'the last one on its disk',
          );
          goOnWith(cluster, behind.id);
          equal(
            held.map((ticket) => cluster.requests.placeOf(ticket)),
            places,
            'where it is decided what it held',
          );
          check(!missed.some((ticket) => isPlaced(cluster, ticket)), 'what it missed is lost');
        });
      },
    );
  }

  tests.test('a membership change under way ends with it alone', () => {
    forSeeds(40, (seed) => {
      const cluster = tests.ready({
        seed,
        joiners: ['n4', 'n5'],
        conditions: { delayMs: [0.5, 10] },
      });
      if (seed % 2 === 0) tests.teach(cluster, 'n4', 'n5');
      const leader = cluster.elect();
      leader.reconfigure([voter('n4'), voter('n5'), remove('n1')]);
      cluster.run(seed);
      leader.propose([utf8('meanwhile')]);
      cluster.run(seed % 7);
      const ids = ['n1', 'n2', 'n3', ...(seed % 2 === 0 ? ['n4', 'n5'] : [])];
      const { id } = cluster.node(cluster.random.pick(ids));
      goOnWith(cluster, id);
      growBy(cluster, ...['n1', 'n5'].filter((other) => other !== id));
    });
  });

  tests.test('one that was only a learner, or was removed, goes on as well', () => {
    const cluster = tests.ready({ joiners: ['n4'] });
    tests.teach(cluster, 'n4');
    cluster.commitMany(5);
    cluster.converge();
    if (capabilities.learners) goOnWith(cluster, 'n4');
    else goOnWith(cluster, 'n1');
    growBy(cluster, 'n2');
    const members = memberIds(cluster.elect().engine.status.membership);
    const removed = members.find((id) => id !== cluster.leader?.id) ?? '';
    change(cluster, remove(removed));
    cluster.decide();
    goOnWith(cluster, removed);
  });

  tests.test('twice before it starts is the same as once', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      cluster.commitMany(10);
      const { id } = cluster.random.pick(cluster.nodes);
      forceSoleVoter(cluster, id);
      forceSoleVoter(cluster, id);
      goOnWith(cluster, id);
    });
  });

  tests.test(
    'a second disaster is survived like the first',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.trimming({ seed });
        for (let round = 0; round < 4; round++) {
          cluster.commitMany(5);
          const { id } = cluster.random.pick(cluster.live);
          goOnWith(cluster, id);
          if (cluster.random.chance(0.5)) compact(cluster);
          growBy(cluster, ...cluster.nodes.filter((node) => node.id !== id).map((node) => node.id));
        }
      });
    },
    trims,
  );

  tests.test('a crash at any moment after it loses nothing', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed, conditions: { syncMs: [1, 20] } });
      cluster.commitMany(10);
      const { id } = cluster.random.pick(cluster.nodes);
      forceSoleVoter(cluster, id);
      const node = cluster.node(id);
      for (let crash = 0; crash < 5; crash++) {
        node.start();
        cluster.run(cluster.random.between(0, 3 * electionTimeoutMs));
        node.crash();
      }
      node.start();
      cluster.decide();
      cluster.converge();
    });
  });

  tests.test(
    'new members join under new names and under those of lost ones',
    () => {
      forSeeds(8, (seed) => {
        const cluster = tests.trimming({ seed, joiners: ['n4', 'n5'] });
        cluster.commitMany(20);
        cluster.converge();
        const survivor = goOnWith(cluster, follower(cluster).id);
        if (seed % 2 === 0) compact(cluster);
        const others = cluster.nodes.filter((node) => node !== survivor).map(({ id }) => id);
        growBy(cluster, ...others.slice(0, 1 + (seed % 4)));
        if (seed % 4 === 0) return;
        // A group like any other: a minority may go, the survivor among them.
        survivor.crash();
        cluster.decide('without the survivor');
        survivor.start();
        cluster.decide();
        cluster.converge();
      });
    },
    trims,
  );

  for (const trimmed of [false, true]) {
    tests.test(
      `lost names that come back with a part of the ${trimmed ? 'snapshot and the ' : ''}log form no group of their own`,
      () => {
        forSeeds(30, (seed) => {
          const limits = {
            maxMessageRecordBytes: 100,
            ...(trimmed ? { keepBytesBehindSnapshot: 0 } : {}),
          };
          const cluster = tests.ready({ seed, limits });
          cluster.commitMany(15);
          cluster.converge();
          const { id } = cluster.random.pick(cluster.nodes);
          if (trimmed) {
            compact(cluster, cluster.node(id));
            cluster.commitMany(15);
            cluster.converge();
          }
          goOnWith(cluster, id);
          const others = cluster.nodes.filter((node) => node.id !== id);
          for (const node of others) node.start();
          const add = capabilities.learners ? learner : voter;
          const leader = cluster.elect();
          leader.reconfigure(others.map((node) => add(node.id)));
          cluster.run(cluster.random.between(1, trimmed ? 60 : 30));
          // They have got so much, and then never hear of the survivor again.
          cluster.isolate(id);
          cluster.run(20 * electionTimeoutMs);
          const usurper = others.find((node) => node.leads);
          equal(usurper?.id, undefined, 'who leads without the survivor');
          cluster.heal();
          cluster.decide();
          cluster.converge();
        });
      },
      trimmed ? trims : [],
    );
  }

  tests.test('a node that holds nothing cannot go on', () => {
    const cluster = tests.ready({ joiners: ['n4'] });
    let refused: unknown;
    try {
      forceSoleVoter(cluster, 'n4');
    } catch (error) {
      refused = error;
    }
    check(refused instanceof InvalidArgumentError, `it is refused: ${String(refused)}`);
    cluster.decide('the others are untouched');
  });

  tests.test('whatever random faults have made of a group, any of its nodes can go on', () => {
    let recovered = 0;
    forSeeds(25, (seed) => {
      const swarm = tests.swarm(seed, { runMs: 6 * electionTimeoutMs });
      const { cluster } = swarm;
      swarm.rage();
      const holders = cluster.nodes.filter(
        ({ disk: { durable } }) => durable.last >= durable.first || durable.snapshot !== undefined,
      );
      if (holders.length === 0) return;
      recovered += 1;
      const survivor = seededRandom(seed).pick(holders);
      const others = cluster.nodes.filter((node) => node !== survivor).map(({ id }) => id);
      forceSoleVoter(cluster, survivor.id);
      swarm.recover(40 * electionTimeoutMs);
      if (others.length > 0) growBy(cluster, ...others.slice(0, 2));
      swarm.recover(40 * electionTimeoutMs);
    });
    check(recovered >= 15, `${recovered} of 25 groups held something`);
  });
}

function isPlaced<Message>({ requests }: Cluster<Message>, ticket: number): boolean {
  return requests.placeOf(ticket) !== undefined;
}

/** The decided entries with commands, each at its place. */
function valuesUpTo<Message>(
  { recorder, algorithm }: Cluster<Message>,
  last: number,
): readonly unknown[] {
  return Array.from({ length: last }, (_, at) => {
    const value = recorder.decided(at + 1)?.subarray(algorithm.headerBytes);
    return value?.[0] === commandsKind ? value : undefined;
  });
}

/** Kind byte of an entry with commands (see `entry.ts` of the core). */
const commandsKind = 1;
