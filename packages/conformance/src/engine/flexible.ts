/**
 * Quorums of different sizes (Howard, Malkhi and Spiegelman, "Flexible Paxos", 2016): few decide, so
 * that many must elect.
 */
import { equal } from '../check.ts';
import type { FlexibleQuorums } from './capabilities.ts';
import { type EngineTests, forSeeds } from './scene.ts';
import { Cluster } from './world/index.ts';

export function flexibleTests<Message>(
  tests: EngineTests<Message>,
  { algorithm, rules, checks, voters, deciders, electors }: FlexibleQuorums<Message>,
): void {
  const { electionTimeoutMs } = tests;

  const ready = (seed: number): Cluster<Message> => {
    const cluster = new Cluster({
      ...tests.clusterOptions({}),
      algorithm,
      ...(checks === undefined ? {} : { checks }),
      // A leader that few follow does not know of another one that many elected.
      rules: { ...tests.rules, ...rules, oneLeaderPerEpoch: false },
      seed,
      voters: Array.from({ length: voters }, (_, at) => `n${at + 1}`),
    });
    cluster.decide();
    cluster.converge();
    return cluster;
  };

  tests.test(`${deciders} of ${voters} nodes decide, their leader among them`, () => {
    forSeeds(5, (seed) => {
      const cluster = ready(seed);
      const leader = cluster.elect();
      for (const node of cluster.followers().slice(deciders - 1)) node.crash();
      for (let nth = 0; nth < 10; nth++) cluster.commit();
      cluster.run(10 * electionTimeoutMs);
      cluster.commit();
      equal(cluster.leader?.id, leader.id, 'the leader');
      for (const node of cluster.nodes) node.start();
      cluster.converge();
    });
  });

  tests.test(`${electors} of ${voters} nodes elect a leader, and fewer do not`, () => {
    forSeeds(5, (seed) => {
      const cluster = ready(seed);
      const leader = cluster.elect();
      const others = cluster.followers();
      const down = others.slice(electors - 1);
      // What is decided now, those who stay up need not have heard of.
      for (const node of others.slice(0, voters - deciders)) cluster.isolate(node.id);
      const index = cluster.commit();
      leader.crash();
      for (const node of down) node.crash();
      cluster.heal();
      cluster.run(20 * electionTimeoutMs);
      equal(cluster.leader?.id, undefined, `the leader of ${electors - 1}`);
      const [first] = [...down, leader];
      first.start();
      const next = cluster.decide();
      equal(next > index, true, 'what was decided stays');
      for (const node of cluster.nodes) node.start();
      cluster.converge();
    });
  });
}
