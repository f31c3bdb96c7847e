/**
 * Leadership is handed over: at once, without a lost write, or not at all.
 */
import { check, equal } from '../check.ts';
import {
  answer,
  carries,
  change,
  type EngineTests,
  follower,
  forSeeds,
  learner,
  marker,
  refusal,
} from './scene.ts';

export function transferTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;
  const { capabilities } = tests.options;

  if (!capabilities.transfers) {
    tests.test('a transfer is refused as invalid', () => {
      const cluster = tests.ready();
      const leader = cluster.elect();
      equal(refusal(cluster, leader.transfer(follower(cluster).id)), 'invalid', 'the reason');
      equal(cluster.leader?.id, leader.id, 'the leader');
    });
    return;
  }

  tests.test('a transfer goes to the node that was named, at once and without a gap', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      cluster.run(electionTimeoutMs / 2);
      const leader = cluster.elect();
      const target = follower(cluster, 1);
      const { epoch } = leader.engine.status;
      const asked = cluster.schedule.now;
      const ticket = leader.transfer(target.id);
      cluster.until(() => target.leads, 'the target leads', electionTimeoutMs);
      check(
        cluster.schedule.now - asked < electionTimeoutMs / 5,
        'nobody waits for a time-out meanwhile',
      );
      check(target.engine.status.epoch > epoch, 'in an epoch of its own');
      equal(answer(cluster, ticket).type, 'done', 'the end of the transfer');
      cluster.commit();
      cluster.converge();
    });
  });

  tests.test('a transfer goes to a follower that has everything where none is named', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const behind = follower(cluster, 0);
    const ahead = follower(cluster, 1);
    cluster.isolate(behind.id);
    cluster.commitMany(10);
    cluster.run(electionTimeoutMs / 10);
    leader.transfer();
    cluster.until(() => ahead.leads, 'the best follower leads');
  });

  tests.test('a target that is behind comes to lead, and everything decided survives', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const target = follower(cluster);
    cluster.isolate(target.id);
    cluster.commitMany(50);
    cluster.heal();
    leader.transfer(target.id);
    cluster.until(() => target.leads, 'the target leads', 3 * electionTimeoutMs);
    cluster.decide();
    cluster.converge();
  });

  tests.test('R29 no writes or changes are taken meanwhile', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      const target = follower(cluster);
      const member = { id: 'n1', address: 'elsewhere:1' };
      // The target does not answer for a while; the others keep the leader in office.
      cluster.network.tap = (from, to) =>
        from === target.id || to === target.id ? 'hold' : 'pass';
      cluster.commit('not yet at the target');
      const transfer = leader.transfer(target.id);
      cluster.run(10);
      const { lastIndex } = leader.engine.status;
      const refused = [leader.propose([]), leader.reconfigure([{ type: 'move', member }])];
      cluster.run(10);
      for (const ticket of refused) equal(refusal(cluster, ticket), 'transferring', 'the reason');
      equal(leader.engine.status.lastIndex, lastIndex, 'the end of the log');
      cluster.network.tap = () => 'pass';
      cluster.network.release();
      cluster.until(() => target.leads, 'the target leads', 2 * electionTimeoutMs);
      equal(answer(cluster, transfer).type, 'done', 'the end of the transfer');
    });
  });

  tests.test('a transfer to a node that is down is given up, and the leader goes on', () => {
    const cluster = tests.ready();
    const leader = cluster.elect();
    const target = follower(cluster);
    target.crash();
    cluster.commit('it will not get this');
    const { type } = answer(cluster, leader.transfer(target.id), 4 * electionTimeoutMs);
    check(type !== 'done', 'the transfer is not done');
    equal(cluster.leader?.id, leader.id, 'the leader');
    cluster.commit();
    target.start();
    cluster.converge();
  });

  tests.test(
    'a transfer to a stranger, or to somebody who does not vote, is refused as invalid',
    () => {
      const cluster = tests.ready({ joiners: ['n4'] });
      for (const to of ['n9', 'n4']) {
        equal(refusal(cluster, cluster.elect().transfer(to)), 'invalid', `the reason for ${to}`);
      }
      if (!capabilities.learners) return;
      change(cluster, learner('n4'));
      cluster.converge();
      equal(
        refusal(cluster, cluster.elect().transfer('n4')),
        'invalid',
        'the reason for a learner',
      );
    },
  );

  tests.test('a transfer that goes wrong in any way leaves a group that works', () => {
    forSeeds(20, (seed) => {
      const cluster = tests.ready({ seed });
      const leader = cluster.elect();
      const target = follower(cluster, seed % 2);
      const payload = marker('under way');
      const isPayload = carries(cluster, payload);
      for (let nth = 0; nth < 5; nth++) leader.propose([payload]);
      cluster.network.tap = (_from, to, message) =>
        to === target.id && isPayload(message) && seed % 3 === 0 ? 'drop' : 'pass';
      leader.transfer(target.id);
      cluster.run(cluster.random.between(0, 8));
      const victim = seed % 4 < 2 ? leader : target;
      if (seed % 4 === 0 || seed % 4 === 2) victim.crash();
      else cluster.isolate(victim.id);
      cluster.run(cluster.random.between(0, 3 * electionTimeoutMs));
      cluster.network.tap = () => 'pass';
      cluster.heal();
      victim.start();
      cluster.decide();
      cluster.converge();
    });
  });

  tests.test('leadership goes round and round under load', () => {
    const cluster = tests.ready();
    for (let nth = 0; nth < 12; nth++) {
      const leader = cluster.elect();
      for (let write = 0; write < 5; write++) leader.propose([]);
      leader.transfer();
      tests.otherLeader(cluster, leader);
      cluster.decide();
    }
    cluster.converge();
  });
}
