/**
 * Lease reads: answered at once, and never when another leader may have decided something since.
 * Every stale answer is found by the cluster itself.
 */
import { check, equal } from '../check.ts';
import { answer, type EngineTests, follower, forSeeds, refusal } from './scene.ts';
import type { Cluster, SimNode } from './world/index.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

export function leaseTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs, heartbeatMs } = tests;

  /** Lease reads go on at the old leader, while a new one writes as soon as there is one. */
  const readWhileDeposed = (cluster: Cluster<Message>, old: SimNode<Message>): number => {
    const tickets: number[] = [];
    const until = cluster.schedule.now + 4 * electionTimeoutMs;
    while (cluster.schedule.now < until) {
      if (old.up) tickets.push(old.read('lease'));
      cluster.nodes.find((node) => node !== old && node.leads)?.propose([]);
      cluster.run(electionTimeoutMs / 100);
    }
    tests.otherLeader(cluster, old);
    return tickets.filter((ticket) => cluster.requests.ending(ticket)?.type === 'ready').length;
  };

  if (!tests.options.capabilities.leaseReads) {
    tests.test('a lease read is refused as invalid, or as good as a linearizable one', () => {
      const cluster = tests.ready();
      const index = cluster.commit();
      const leader = cluster.elect();
      const ending = answer(cluster, leader.read('lease'));
      if (ending.type === 'ready') check(ending.index >= index, 'it covers the last entry');
      else equal(refusal(cluster, leader.read('lease')), 'invalid', 'the reason');
      cluster.isolate(leader.id);
      equal(readWhileDeposed(cluster, leader), 0, 'reads answered by a leader that is cut off');
    });
    return;
  }

  tests.test('a lease read is answered at once, without a message', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    cluster.run(5 * electionTimeoutMs);
    const index = cluster.commit();
    const { frames } = cluster.network;
    const ticket = leader.read('lease');
    cluster.run(0.01);
    const ending = cluster.requests.ending(ticket);
    check(ending?.type === 'ready', 'it is answered');
    check(ending.index >= index, 'it covers the last entry');
    equal(cluster.network.frames, frames, 'frames');
  });

  tests.test('R3 a lease read on a new leader covers what its predecessor decided', () => {
    forSeeds(15, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      const index = cluster.commit();
      old.crash(0);
      const leader = cluster.elect();
      for (let nth = 0; nth < 20; nth++) {
        leader.read('lease');
        cluster.run(1);
      }
      const ending = answer(cluster, leader.read('lease'));
      check(ending.type === 'ready' && ending.index >= index, 'a later one is answered');
    });
  });

  tests.test(
    'R4 no answer once another leader can be there, wherever in a heartbeat the cut falls',
    () => {
      let answered = 0;
      forSeeds(25, (seed) => {
        const cluster = tests.ready({ seed, voters: five });
        cluster.run(2 * electionTimeoutMs + (seed * heartbeatMs) / 13);
        const leader = cluster.elect();
        cluster.isolate(leader.id);
        answered += readWhileDeposed(cluster, leader);
      });
      // Some were within the lease: the rule is not kept by never answering.
      check(answered > 0, 'some reads are answered within the lease');
    },
  );

  tests.test(
    'R4 a lease counts from when messages were sent, not from when they were answered',
    () => {
      forSeeds(15, (seed) => {
        const cluster = tests.ready({ seed, voters: five });
        cluster.run(electionTimeoutMs + (seed * heartbeatMs) / 14);
        const leader = cluster.elect();
        // The others answer its last heartbeats, and hear nothing more; their answers take long.
        let sent = 0;
        cluster.network.tap = (from, to) => {
          if (from === leader.id) return ++sent > 4 ? 'drop' : 'pass';
          return to === leader.id ? 'hold' : 'pass';
        };
        cluster.until(() => sent >= 4, 'one more heartbeat to each');
        cluster.run(0.6 * electionTimeoutMs);
        cluster.network.tap = () => 'pass';
        cluster.network.release();
        cluster.run(2.1);
        cluster.isolate(leader.id);
        readWhileDeposed(cluster, leader);
      });
    },
  );

  tests.test(
    'a lease holds although the others forget by a restart whom they have just heard',
    () => {
      forSeeds(15, (seed) => {
        const cluster = tests.ready({ seed });
        cluster.run(0.6 * electionTimeoutMs + seed * 11);
        const leader = cluster.elect();
        cluster.isolate(leader.id);
        for (const node of cluster.followers()) {
          node.crash();
          node.start();
        }
        readWhileDeposed(cluster, leader);
      });
    },
  );

  tests.test(
    'a lease holds although a deaf node asks one that forgot the leader by a restart',
    () => {
      forSeeds(25, (seed) => {
        const cluster = tests.ready({ seed });
        const leader = cluster.elect();
        const deaf = follower(cluster, 0);
        const other = follower(cluster, 1);
        cluster.network.cut(leader.id, deaf.id);
        cluster.run(2 * electionTimeoutMs + seed * 23);
        const now = cluster.elect();
        cluster.isolate(now.id);
        if (other !== now) {
          other.crash();
          other.start();
        }
        readWhileDeposed(cluster, now);
      });
    },
  );

  tests.test('a lease holds while clocks drift within the bound, the slowest at the leader', () => {
    const maxClockDrift = 0.3;
    forSeeds(15, (seed) => {
      const fast = 1 + maxClockDrift;
      const clockRates = { n1: 1, n2: fast, n3: fast, n4: fast, n5: fast };
      const limits = { maxClockDrift };
      const cluster = tests.cluster({ seed, voters: five, clockRates, limits });
      // Whatever others try before n1 leads comes to nothing.
      const others = new Set(five.slice(1));
      cluster.network.tap = (from, to) => (others.has(from) && others.has(to) ? 'drop' : 'pass');
      cluster.until(() => cluster.node('n1').leads, 'n1 leads', 60 * electionTimeoutMs);
      cluster.network.tap = () => 'pass';
      cluster.decide();
      cluster.run(electionTimeoutMs + seed * 3.1);
      const leader = cluster.elect();
      cluster.isolate(leader.id);
      readWhileDeposed(cluster, leader);
    });
  }, ['maxClockDrift']);

  tests.test('a leader that slept past the end of its lease does not answer', () => {
    forSeeds(20, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      leader.pause(30 * electionTimeoutMs);
      cluster.isolate(leader.id);
      tests.otherLeader(cluster, leader);
      cluster.decide();
      leader.read('lease');
      leader.resume();
      cluster.run(electionTimeoutMs);
      cluster.run(30 * electionTimeoutMs);
    });
  });

  if (tests.options.capabilities.transfers) transferTests(tests, readWhileDeposed);
}

/** A transfer makes somebody campaign without waiting: no lease outlasts it. */
function transferTests<Message>(
  tests: EngineTests<Message>,
  readWhileDeposed: (cluster: Cluster<Message>, old: SimNode<Message>) => number,
): void {
  const { electionTimeoutMs } = tests;

  tests.test('R5 no lease outlasts that leadership is handed over', () => {
    forSeeds(15, (seed) => {
      const cluster = tests.ready({ seed });
      cluster.run(electionTimeoutMs);
      const leader = cluster.elect();
      const target = follower(cluster);
      leader.transfer(target.id);
      // The order is under way; of what comes of it, the old leader hears nothing.
      cluster.run(0.3);
      cluster.network.tap = (from, to) =>
        from === leader.id || to === leader.id ? 'drop' : 'pass';
      cluster.run(3);
      readWhileDeposed(cluster, leader);
    });
  });

  tests.test('R5 no lease comes back when a transfer timed out whose target may still win', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      cluster.run(electionTimeoutMs);
      const leader = cluster.elect();
      const target = follower(cluster);
      // The order is under way for longer than the transfer lasts.
      cluster.network.tap = (from, to) =>
        from === leader.id && to === target.id ? 'hold' : 'pass';
      // So that the target does not campaign by itself.
      target.pause(3 * electionTimeoutMs);
      answer(cluster, leader.transfer(target.id), 4 * electionTimeoutMs);
      cluster.network.tap = (from, to) =>
        from === leader.id || to === leader.id ? 'drop' : 'pass';
      cluster.network.release();
      target.resume();
      readWhileDeposed(cluster, leader);
    });
  });
}
