/**
 * Changes of the membership: they take effect as a whole, one at a time, under load and under faults.
 */
import { isJoint, memberIds, type MembershipChange } from '@quorate/core';
import { check, equal } from '../check.ts';
import {
  answer,
  change,
  type EngineTests,
  follower,
  forSeeds,
  refusal,
  remove,
  voter,
  votersOf,
} from './scene.ts';
import type { Cluster } from './world/index.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

export function membershipTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { undisturbedLeader } = tests.options.capabilities;

  tests.test('an idle group of one grows to five, one by one', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, voters: ['n1'], joiners: five.slice(1) });
      cluster.run(20 * electionTimeoutMs);
      const { epoch } = cluster.elect().engine.status;
      for (const id of five.slice(1)) {
        tests.teach(cluster, id);
        change(cluster, voter(id));
        cluster.run(5 * electionTimeoutMs);
        cluster.decide();
        cluster.converge();
      }
      equal(votersOf(cluster.elect()), five, 'voters');
      if (undisturbedLeader) equal(cluster.elect().engine.status.epoch, epoch, 'the epoch');
    });
  });

  tests.test('the whole group is replaced at once', () => {
    forSeeds(10, (seed) => {
      const old = ['n1', 'n2', 'n3'];
      const next = ['n4', 'n5', 'n6'];
      const cluster = tests.ready({ seed, voters: old, joiners: next });
      tests.teach(cluster, ...next);
      cluster.elect().reconfigure([...next.map(voter), ...old.map(remove)]);
      cluster.until(() => {
        const { leader } = cluster;
        return leader !== undefined && next.includes(leader.id) && isSettled(leader, next);
      }, 'a leader of the new group');
      for (const id of old) cluster.node(id).crash();
      cluster.decide('without the old ones');
      cluster.converge();
    });
  });

  tests.test('quorums are those of the new membership, once a change is done', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, voters: five });
      const [first, second, third] = cluster.followers().map(({ id }) => id);
      if (first === undefined || second === undefined || third === undefined) return;
      change(cluster, remove(first), remove(second));
      cluster.decide();
      for (const id of [first, second, third]) cluster.node(id).crash();
      // Two of three; of five they would not be enough.
      cluster.decide('two are enough');
      cluster.node(first).start();
      cluster.node(second).start();
      follower(cluster, cluster.followers().length - 1).crash();
      cluster.elect().crash();
      cluster.run(10 * electionTimeoutMs);
      const before = cluster.recorder.commitIndex;
      cluster.leader?.propose([]);
      cluster.run(5 * electionTimeoutMs);
      equal(cluster.recorder.commitIndex, before, 'those who were removed decide nothing');
    });
  });

  tests.test('a new voter has time to answer for the first time', () => {
    const delayMs = [electionTimeoutMs / 5, electionTimeoutMs / 4] as const;
    const cluster = tests.ready({ joiners: ['n4', 'n5'], conditions: { delayMs } });
    const leader = cluster.elect();
    const { epoch } = leader.engine.status;
    change(cluster, voter('n4'), voter('n5'));
    cluster.converge();
    equal(cluster.elect().id, leader.id, 'the leader');
    if (undisturbedLeader) equal(leader.engine.status.epoch, epoch, 'the epoch');
  });

  tests.test('a change is refused while another one is under way', () => {
    const cluster = tests.ready({ joiners: ['n4', 'n5'] });
    const leader = cluster.elect();
    const first = leader.reconfigure([voter('n4')]);
    const second = leader.reconfigure([voter('n5')]);
    equal(answer(cluster, first).type, 'done', 'the first change');
    equal(refusal(cluster, second), 'change-in-progress', 'the second one');
    equal(votersOf(leader), ['n1', 'n2', 'n3', 'n4'], 'voters');
  });

  const senseless: Readonly<Record<string, MembershipChange>> = {
    'to nothing': [],
    'that removes a stranger': [remove('n9')],
    'that removes everybody': [remove('n1'), remove('n2'), remove('n3')],
    'to what is so already': [voter('n1')],
  };
  for (const [what, steps] of Object.entries(senseless)) {
    tests.test(`a change ${what} is refused as invalid`, () => {
      const cluster = tests.ready();
      const { membership } = cluster.elect().engine.status;
      equal(refusal(cluster, cluster.elect().reconfigure(steps)), 'invalid', 'the reason');
      equal(cluster.elect().engine.status.membership, membership, 'the membership');
    });
  }

  tests.test('an address changes on all nodes, and nothing else does', () => {
    const cluster = tests.ready();
    const member = { id: 'n2', address: 'over-there:7' };
    change(cluster, { type: 'move', member });
    cluster.converge();
    for (const { id, engine } of cluster.nodes) {
      const { voters } = engine.status.membership;
      equal(voters, [{ id: 'n1' }, member, { id: 'n3' }], `voters on ${id}`);
    }
  });

  tests.test(
    'a change that its leader does not live to finish is finished or undone by the next one',
    () => {
      forSeeds(30, (seed) => {
        const cluster = tests.ready({ seed, joiners: ['n4'], conditions: { delayMs: [0.5, 10] } });
        const leader = cluster.elect();
        leader.reconfigure([voter('n4')]);
        cluster.run(seed);
        leader.crash();
        cluster.elect();
        leader.start();
        cluster.decide('go on');
        cluster.converge();
        check(!isJoint(cluster.elect().engine.status.membership), 'no change is half done');
      });
    },
  );

  tests.test('R12 a change that a deposed leader told nobody is undone', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, joiners: ['n4'] });
      const old = cluster.elect();
      const other = follower(cluster).id;
      cluster.isolate(old.id);
      const ticket = old.reconfigure([voter('n4'), remove(other)]);
      tests.otherLeader(cluster, old);
      cluster.decide();
      cluster.heal();
      cluster.converge();
      for (const id of ['n1', 'n2', 'n3']) {
        equal(votersOf(cluster.node(id)), ['n1', 'n2', 'n3'], `voters on ${id}`);
      }
      check(answer(cluster, ticket).type !== 'done', 'the change is not called done');
    });
  });

  tests.test(
    'R1 two leaders that remove different nodes, one after the other, never decide apart',
    () => {
      forSeeds(20, (seed) => {
        const cluster = tests.ready({ seed, voters: ['n1', 'n2', 'n3', 'n4'] });
        const first = cluster.elect();
        const rest = cluster.followers();
        cluster.isolate(first.id);
        first.reconfigure([remove(rest[0]?.id ?? '')]);
        const second = tests.otherLeader(cluster, first);
        // At once, before its own epoch has decided anything.
        second.reconfigure([remove(first.id)]);
        cluster.run(seed);
        cluster.partition([second.id, rest.find((node) => node !== second)?.id ?? '']);
        for (const node of rest) cluster.network.mend(first.id, node.id);
        cluster.run(6 * electionTimeoutMs);
        cluster.heal();
        cluster.decide('one group');
        cluster.converge();
      });
    },
  );

  tests.test('R25 a removed leader leads until its removal is decided, and then no longer', () => {
    forSeeds(20, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      change(cluster, remove(old.id));
      cluster.until(() => !old.leads, 'the removed leader steps down', 2 * electionTimeoutMs);
      tests.otherLeader(cluster, old);
      cluster.decide('without it');
      cluster.run(20 * electionTimeoutMs);
      equal(old.leads, false, 'the removed leader leads');
      equal(votersOf(cluster.elect()).length, 2, 'voters');
    });
  });

  tests.test('a group of one that is handed on leaves the joiner in charge', () => {
    const cluster = tests.ready({ voters: ['n1'], joiners: ['n2'] });
    tests.teach(cluster, 'n2');
    change(cluster, voter('n2'));
    cluster.converge();
    change(cluster, remove('n1'));
    cluster.until(() => cluster.node('n2').leads, 'n2 leads', 10 * electionTimeoutMs);
    cluster.decide();
    equal(votersOf(cluster.elect()), ['n2'], 'voters');
  });

  tests.test(
    'R23 a change survives that everybody restarts in the middle, with nothing applied',
    () => {
      forSeeds(10, (seed) => {
        const cluster = tests.ready({ seed, joiners: ['n4', 'n5'] });
        cluster.conditions.applyMs = [1e9, 1e9];
        cluster.elect().reconfigure([voter('n4'), voter('n5')]);
        cluster.run(2 + seed);
        for (const node of cluster.nodes) {
          node.crash();
          node.start();
        }
        cluster.elect();
        cluster.conditions.applyMs = [0, 1];
        cluster.decide('decided');
        cluster.until(
          () => !isJoint(cluster.elect().engine.status.membership),
          'an end of the change',
        );
      });
    },
  );

  tests.test('P14 changes follow each other under load, while leaders come and go', () => {
    forSeeds(8, (seed) => {
      const cluster = tests.ready({ seed, joiners: ['n4', 'n5'] });
      for (let round = 0; round < 8; round++) {
        const { random } = cluster;
        underLoad(cluster, electionTimeoutMs);
        const leader = cluster.elect();
        const members = memberIds(leader.engine.status.membership);
        const outside = five.filter((id) => !members.includes(id));
        const joins = random.pick(outside.length > 0 ? outside : members);
        const steps = [...(members.includes(joins) ? [] : [voter(joins)])];
        if (members.length > 2) steps.push(remove(random.pick(members)));
        leader.reconfigure(steps);
        underLoad(cluster, random.between(1, 50));
        if (round % 3 === 2) {
          leader.crash();
          underLoad(cluster, 3 * electionTimeoutMs);
          leader.start();
        }
      }
      cluster.decide();
      cluster.converge(40 * electionTimeoutMs);
    });
  });
}

/** Lets time pass while whoever leads is asked to write. */
function underLoad<Message>(cluster: Cluster<Message>, ms: number): void {
  const until = cluster.schedule.now + ms;
  while (cluster.schedule.now < until) {
    cluster.leader?.propose([new Uint8Array(10)]);
    cluster.run(5);
  }
}

function isSettled<Message>(
  leader: NonNullable<Cluster<Message>['leader']>,
  voters: readonly string[],
): boolean {
  return votersOf(leader).join() === voters.join() && !isJoint(leader.engine.status.membership);
}
