/**
 * Members without a vote: they get everything and decide nothing.
 */
import { check, equal } from '../check.ts';
import {
  change,
  type EngineTests,
  follower,
  forSeeds,
  learner,
  refusal,
  voter,
  votersOf,
} from './scene.ts';

export function learnerTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  if (!tests.options.capabilities.learners) {
    tests.test('a change that asks for a learner is refused as invalid', () => {
      const cluster = tests.ready({ joiners: ['n4'] });
      const ticket = cluster.elect().reconfigure([learner('n4')]);
      equal(refusal(cluster, ticket), 'invalid', 'the reason');
      cluster.decide();
    });
    return;
  }

  tests.test('learners get everything, count for nothing, and never campaign', () => {
    const cluster = tests.ready({ joiners: ['n4', 'n5'] });
    change(cluster, learner('n4'), learner('n5'));
    cluster.commit();
    cluster.converge();
    for (const id of ['n4', 'n5']) equal(cluster.node(id).engine.status.role, 'learner', id);
    for (const id of ['n1', 'n2', 'n3']) {
      if (id !== cluster.elect().id) cluster.isolate(id);
    }
    const { commitIndex } = cluster.recorder;
    cluster.elect().propose([]);
    cluster.run(20 * electionTimeoutMs);
    equal(cluster.recorder.commitIndex, commitIndex, 'the commit index');
    equal(cluster.leader?.id, undefined, 'the leader');
  });

  tests.test('a learner that is cut off says that it knows no leader', () => {
    const cluster = tests.ready({ joiners: ['n4'] });
    change(cluster, learner('n4'));
    cluster.converge();
    const { status } = cluster.node('n4').engine;
    equal(status.leader, cluster.elect().id, 'the leader that it knows');
    const { epoch } = status;
    cluster.isolate('n4');
    cluster.run(3 * electionTimeoutMs);
    equal(status.leader, undefined, 'the leader that it knows when cut off');
    cluster.heal();
    cluster.run(2 * electionTimeoutMs);
    equal(status.leader, cluster.elect().id, 'the leader that it knows again');
    equal(status.epoch, epoch, 'its epoch');
  });

  tests.test('a learner becomes a voter', () => {
    const cluster = tests.ready({ joiners: ['n4'] });
    change(cluster, learner('n4'));
    cluster.commitMany(20);
    cluster.converge();
    change(cluster, voter('n4'));
    cluster.converge();
    equal(votersOf(cluster.elect()), ['n1', 'n2', 'n3', 'n4'], 'voters');
    check(cluster.node('n4').engine.status.role !== 'learner', 'n4 votes');
  });

  tests.test('a voter becomes a learner', () => {
    const cluster = tests.ready();
    const node = follower(cluster);
    change(cluster, learner(node.id));
    cluster.converge();
    equal(votersOf(cluster.elect()).length, 2, 'voters');
    equal(node.engine.status.role, 'learner', `the role of ${node.id}`);
    cluster.commit();
    cluster.converge();
  });

  tests.test('a leader becomes a learner, and another one leads', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      change(cluster, learner(old.id));
      tests.otherLeader(cluster, old);
      cluster.decide();
      cluster.converge();
      equal(old.engine.status.role, 'learner', 'the role of the old leader');
    });
  });

  tests.test('a learner that restarts is a learner, and gets what it missed', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed, joiners: ['n4'] });
      change(cluster, learner('n4'));
      cluster.converge();
      const node = cluster.node('n4');
      node.crash();
      cluster.commitMany(20);
      node.start();
      equal(node.engine.status.role, 'learner', 'its role');
      cluster.converge();
    });
  });
}
