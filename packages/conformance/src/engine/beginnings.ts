/**
 * Groups that begin from a state that was saved elsewhere: all first members are given the same, and the
 * log goes on behind it.
 */
import { InvalidArgumentError, isVoter, membershipOf } from '@quorate/core';
import { check, equal } from '../check.ts';
import { change, type EngineTests, forSeeds, voter, votersOf } from './scene.ts';
import { beginFrom } from './world/index.ts';

export function beginningTests<Message>(tests: EngineTests<Message>): void {
  tests.test('a group begins from a state that was saved, and its log goes on behind it', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed, joiners: ['n4', 'n5', 'n6'] });
      cluster.commitMany(20);
      cluster.converge();
      const { consumer } = cluster.random.pick(cluster.nodes.slice(0, 3));
      const saved = { index: consumer.applied, content: consumer.snapshot() };
      cluster.commitMany(5);
      const voters = [['n4', 'n5', 'n6'], ['n1', 'n2', 'n4'], ['n5']][seed % 3] ?? [];
      beginFrom(cluster, saved, membershipOf(voters.map((id) => ({ id }))));
      for (const id of voters) cluster.node(id).start();
      for (const id of voters) {
        const node = cluster.node(id);
        equal(node.consumer.applied, saved.index, `what ${id} begins with`);
        equal(votersOf(node), voters, `voters, on ${id}`);
      }
      check(cluster.decide() > saved.index, 'the log goes on');
      cluster.converge();
      for (let round = 0; round < 3; round++) {
        const node = cluster.random.pick(voters.map((id) => cluster.node(id)));
        node.crash();
        if (voters.length > 1) cluster.decide();
        node.start();
        cluster.decide();
        cluster.converge();
      }
      // Whoever joins can only get the snapshot.
      const joiner = cluster.nodes.find(({ id }) => !voters.includes(id))?.id ?? '';
      cluster.node(joiner).start();
      tests.teach(cluster, joiner);
      change(cluster, voter(joiner));
      cluster.decide();
      cluster.converge();
      check(isVoter(cluster.elect().engine.status.membership, joiner), `${joiner} votes`);
    });
  });

  tests.test('a group cannot begin from nothing, nor with nobody', () => {
    const { algorithm } = tests.cluster();
    const membership = membershipOf([{ id: 'n1' }]);
    const senseless = [
      { snapshot: { id: 'x', index: 0 }, membership },
      { snapshot: { id: 'x', index: 7 }, membership: { ...membership, voters: [] } },
      { snapshot: { id: 'x', index: 7 }, membership: { ...membership, outgoing: [{ id: 'n2' }] } },
    ];
    for (const beginning of senseless) {
      let refused: unknown;
      try {
        algorithm.beginFrom(beginning);
      } catch (error) {
        refused = error;
      }
      check(refused instanceof InvalidArgumentError, `it is refused: ${String(refused)}`);
    }
  });
}
