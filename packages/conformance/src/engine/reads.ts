/**
 * Reads that see everything decided before they were asked, whoever leads and whatever arrives late.
 * Every stale answer is found by the cluster itself, which knows what had been decided anywhere.
 */
import { check, equal } from '../check.ts';
import { answer, type EngineTests, follower, forSeeds, marker, read } from './scene.ts';
import type { Cluster, SimNode } from './world/index.ts';

export function readTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { readsAnywhere } = tests.options.capabilities;

  tests.test('a read covers everything decided before it, and writes nothing', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const index = cluster.commit();
    cluster.run(electionTimeoutMs / 5);
    const writes = cluster.nodes.map((node) => node.disk.writes);
    check(read(cluster, leader) >= index, 'the read covers the last entry');
    equal(
      cluster.nodes.map((node) => node.disk.writes),
      writes,
      'writes so far',
    );
  });

  tests.test('a read in a group of one needs nobody', () => {
    const cluster = tests.ready({ voters: ['n1'] });
    const index = cluster.commit();
    const { frames } = cluster.network;
    equal(read(cluster, cluster.elect()), index, 'its index');
    equal(cluster.network.frames, frames, 'frames');
  });

  tests.test('a read is not answered by a leader that nobody confirms', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    // Everybody hears the leader, and it hears nobody.
    cluster.network.tap = (_from, to) => (to === leader.id ? 'drop' : 'pass');
    const ticket = leader.read('linearizable');
    cluster.run(electionTimeoutMs / 2);
    equal(cluster.requests.ending(ticket)?.type, undefined, 'the answer');
    cluster.network.tap = () => 'pass';
    answer(cluster, ticket);
  });

  tests.test('a read of a leader that lost its group is ended, and not by an answer', () => {
    forSeeds(20, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      cluster.isolate(leader.id);
      const { type } = answer(cluster, leader.read('linearizable'), 6 * electionTimeoutMs);
      check(type !== 'ready', 'it is not answered');
    });
  });

  tests.test('a read asked in the turn in which leadership is lost is ended', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      cluster.isolate(old.id);
      tests.otherLeader(cluster, old);
      cluster.decide();
      old.pause(2 * electionTimeoutMs);
      const ticket = old.read('linearizable');
      cluster.heal();
      answer(cluster, ticket);
      cluster.converge();
    });
  });

  tests.test(
    'R3 a read on a new leader covers what its predecessor decided and told nobody',
    () => {
      forSeeds(20, (seed) => {
        const cluster = tests.ready({ seed });
        const old = cluster.elect();
        // The others get the entry; that it is decided they do not hear.
        const ticket = old.propose([marker('the last thing it did')]);
        cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'the decision');
        const index = cluster.requests.placeOf(ticket) ?? 0;
        cluster.network.tap = (from) => (from === old.id ? 'drop' : 'pass');
        old.crash();
        cluster.network.tap = () => 'pass';
        const leader = cluster.elect();
        const early = answer(cluster, leader.read('linearizable'));
        if (early.type === 'ready') check(early.index >= index, 'an early read covers it');
        check(read(cluster, cluster.elect()) >= index, 'a later read covers it');
      });
    },
  );

  tests.test(
    'R6 answers of long ago confirm nothing to a leader that slept through its deposition',
    () => {
      forSeeds(20, (seed) => {
        const cluster = tests.ready({ seed });
        const old = cluster.elect();
        const answers: { readonly from: string; readonly message: Message }[] = [];
        cluster.network.tap = (from, to, message) => {
          if (to === old.id) answers.push({ from, message });
          return 'pass';
        };
        read(cluster, old);
        cluster.run(electionTimeoutMs / 2);
        cluster.network.tap = () => 'pass';
        const pauseMs = 20 * electionTimeoutMs;
        old.pause(pauseMs);
        // Nothing of the new leader reaches it before the old answers do.
        cluster.isolate(old.id);
        tests.otherLeader(cluster, old);
        cluster.decide();
        // What waits for it when it wakes up: a read, then the old answers once more.
        old.read('linearizable');
        for (const { from, message } of answers) old.receive(from, message);
        old.read('linearizable');
        for (const { from, message } of answers) old.receive(from, message);
        old.resume();
        cluster.run(pauseMs + electionTimeoutMs / 5);
        cluster.heal();
        cluster.converge();
      });
    },
  );

  tests.test(
    'R6 reads stay linearizable while messages come twice, late and again, and leaders change',
    () => {
      forSeeds(8, (seed) => {
        const conditions = {
          delayMs: [0.5, electionTimeoutMs / 10] as const,
          reorder: true,
          duplicateRate: 0.5,
          replayRate: 0.2,
        };
        const cluster = tests.ready({ seed, conditions });
        const { random } = cluster;
        for (let round = 0; round < 6; round++) {
          if (round % 2 === 0) cluster.isolate(random.pick(cluster.nodes).id);
          else cluster.heal();
          const until = cluster.schedule.now + 2 * electionTimeoutMs;
          while (cluster.schedule.now < until) {
            for (const node of cluster.nodes) {
              if (node.leads) node.propose([]);
              if (node.leads || readsAnywhere) node.read('linearizable');
            }
            cluster.run(random.between(1, electionTimeoutMs / 25));
          }
        }
        check((cluster.requests.counts.get('read ready') ?? 0) > 0, 'some reads are answered');
        cluster.heal();
        cluster.conditions.replayRate = 0;
        cluster.until(
          () => cluster.requests.waiting().every((what) => !what.startsWith('read')),
          'an end to every read',
        );
      });
    },
  );

  anywhereTests(tests);
}

/** Reads on nodes that do not lead. */
function anywhereTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { algorithm, capabilities } = tests.options;

  tests.test('the algorithm says where reads are answered', () => {
    equal(algorithm({}).readsAnywhere ?? false, capabilities.readsAnywhere, 'readsAnywhere');
  });

  if (!capabilities.readsAnywhere) {
    tests.test('a read on a node that does not lead is refused, and names the leader', () => {
      const cluster = tests.ready();
      const leader = cluster.elect();
      const ending = answer(cluster, follower(cluster).read('linearizable'));
      check(ending.type === 'rejected', `the read ends as ${ending.type}`);
      equal(ending.reason, 'not-leader', 'the reason');
      equal(ending.leader, leader.id, 'the leader');
    });
    return;
  }

  tests.test(
    'a read on a node that does not lead is answered, and covers everything decided',
    () => {
      forSeeds(5, (seed) => {
        const cluster = tests.ready({ seed });
        const node = follower(cluster);
        // It lags behind: its share of the decisions is under way.
        cluster.network.tap = (_from, to) => (to === node.id ? 'hold' : 'pass');
        const index = cluster.commit();
        cluster.network.tap = () => 'pass';
        const ticket = node.read('linearizable');
        cluster.run(electionTimeoutMs / 20);
        cluster.network.release();
        const ending = answer(cluster, ticket);
        check(ending.type === 'ready', `the read ends as ${ending.type}`);
        check(ending.index >= index, 'it covers the last entry');
      });
    },
  );

  tests.test('a node that is cut off answers no reads, and forgets none', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      const node: SimNode<Message> = follower(cluster);
      cluster.isolate(node.id);
      const ticket = node.read('linearizable');
      cluster.decide();
      cluster.run(4 * electionTimeoutMs);
      check(cluster.requests.ending(ticket)?.type !== 'ready', 'it is not answered');
      cluster.heal();
      answer(cluster, ticket);
    });
  });

  tests.test('reads on all nodes stay linearizable while the leader changes', () => {
    forSeeds(8, (seed) => {
      const cluster: Cluster<Message> = tests.ready({ seed });
      for (let round = 0; round < 4; round++) {
        const old = cluster.elect();
        old.crash();
        const until = cluster.schedule.now + 4 * electionTimeoutMs;
        while (cluster.schedule.now < until) {
          cluster.leader?.propose([]);
          for (const node of cluster.live) node.read('linearizable');
          cluster.run(electionTimeoutMs / 50);
        }
        old.start();
        cluster.converge();
      }
    });
  });
}
