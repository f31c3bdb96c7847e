/**
 * What `settledEpoch` says: that an entry of an earlier epoch has been decided by now, or never will be.
 * Whoever proposed it does so again then, so that a false word decides a command twice. That it is true
 * is checked in every test; here it is checked that it comes.
 */
import { check, equal } from '../check.ts';
import { answer, type EngineTests, forSeeds, marker } from './scene.ts';

export function settlementTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  if (!tests.options.capabilities.settlesEpochs) {
    tests.test('nothing is ever called settled', () => {
      const cluster = tests.ready();
      cluster.observers.push({
        took: ({ engine }) => equal(engine.status.settledEpoch, 0, 'settledEpoch'),
      });
      for (let round = 0; round < 3; round++) {
        const old = cluster.elect();
        old.crash();
        cluster.decide();
        old.start();
        cluster.converge();
      }
    });
    return;
  }

  tests.test('whoever proposed alone learns that nothing will come of it', () => {
    forSeeds(10, (seed) => {
      const cluster = tests.ready({ seed });
      const old = cluster.elect();
      cluster.isolate(old.id);
      const tickets = Array.from({ length: 1 + (seed % 5) }, () => old.propose([marker('alone')]));
      cluster.run(1);
      const { epoch } = old.engine.status;
      tests.otherLeader(cluster, old);
      cluster.decide();
      cluster.heal();
      cluster.converge();
      const { status } = old.engine;
      cluster.until(
        () => status.settledEpoch > epoch,
        'its epoch is settled',
        2 * electionTimeoutMs,
      );
      for (const ticket of tickets) {
        equal(answer(cluster, ticket).type, 'accepted', 'what became of it');
        equal(cluster.requests.placeOf(ticket), undefined, 'where it is decided');
      }
    });
  });

  tests.test('what is settled is said on all nodes, and again after a restart', () => {
    forSeeds(5, (seed) => {
      const cluster = tests.ready({ seed });
      for (let round = 0; round < 3; round++) {
        const old = cluster.elect();
        const { epoch } = old.engine.status;
        old.crash();
        cluster.decide();
        old.start();
        cluster.decide();
        cluster.converge();
        cluster.until(
          () => cluster.nodes.every((node) => node.engine.status.settledEpoch > epoch),
          'the epoch is settled everywhere',
          2 * electionTimeoutMs,
        );
      }
      check(cluster.elect().engine.status.settledEpoch > 0, 'something is settled');
    });
  });
}
