/**
 * A group in the middle of a change of voters, as its two halves see it. Random faults almost never divide
 * a group along this line, and most of what can go wrong in a change goes wrong along it.
 *
 * A, B and C decide that A, D and E come next. B and C accept that, and everything that is still theirs
 * to decide, and do not hear that it is chosen. From then on A says nothing to them: it goes on with D and
 * E, and B and C may elect somebody who knows of no change.
 */
import type { MemberChange, NodeId } from '@quorate/core';
import { electionTimeoutMs, paxosCluster, type PaxosCluster } from './paxos-cluster.ts';
import { accept, groupOf, membershipVote, Solo, votesFrom } from './solo.ts';

export type PaxosSimNode = PaxosCluster['nodes'][number];

/** α of a divided group. */
export const window = 4;

/** Both halves, and who leads between them. */
export interface Divided {
  readonly cluster: PaxosCluster;
  /** A: leads, a voter before and after. */
  readonly leader: PaxosSimNode;
  /** B and C. */
  readonly before: readonly PaxosSimNode[];
  /** D and E. */
  readonly after: readonly PaxosSimNode[];
  /** The slot of the change: D and E decide from the one α slots behind. */
  readonly changedAt: number;
}

export const voter = (id: NodeId): MemberChange => ({ type: 'add-voter', member: { id } });
export const learner = (id: NodeId): MemberChange => ({ type: 'add-learner', member: { id } });
export const remove = (id: NodeId): MemberChange => ({ type: 'remove', id });

/** Divides a group. A's messages to B and C are dropped by the network's tap. */
export function divide(seed: number): Divided {
  const cluster = paxosCluster({
    seed,
    joiners: ['n4', 'n5'],
    paxos: { window },
    // Two sets of voters that do not meet may each elect somebody in one round.
    electorsMeet: false,
  });
  cluster.commit();
  const joined = cluster.elect().reconfigure([learner('n4'), learner('n5')]);
  cluster.until(() => cluster.requests.ending(joined)?.type === 'done', 'learners');
  cluster.converge();
  cluster.run(2 * electionTimeoutMs);
  const leader = cluster.elect();
  const after = [cluster.node('n4'), cluster.node('n5')];
  const before = cluster.followers().filter((node) => !after.includes(node));
  const { commitIndex } = leader.engine.status;
  const ids = before.map(({ id }) => id);
  cluster.network.tap = (from, to, message) => {
    if (from !== leader.id || !ids.includes(to)) return 'pass';
    const isFirst =
      message.type === 'accept' && message.proposals.length > 0 && message.chosen === commitIndex;
    return isFirst ? 'pass' : 'drop';
  };
  leader.reconfigure([voter('n4'), voter('n5'), ...ids.map(remove)]);
  const changedAt = commitIndex + 1;
  cluster.until(
    () => leader.engine.status.commitIndex >= changedAt + window - 1,
    'the last decision of the old voters',
  );
  return { cluster, leader, before, after, changedAt };
}

/** A decides something more, which D and E hear of. */
export function decideWithTheNew({ cluster, leader, after }: Divided): number {
  const ticket = leader.propose([new Uint8Array([1, 2, 3])]);
  cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'a decision');
  const place = cluster.requests.placeOf(ticket) ?? 0;
  cluster.until(
    () => after.every((node) => node.engine.status.commitIndex >= place),
    'the new voters to hear of it',
  );
  return place;
}

/** Cuts all links between A on the one side and B and C on the other. */
export function cutInHalves({ cluster, leader, before }: Divided): void {
  for (const { id } of before) {
    cluster.network.cut(leader.id, id);
    cluster.network.cut(id, leader.id);
  }
  cluster.network.tap = () => 'pass';
}

/** Runs until B or C leads. */
export function electOfTheOld({ cluster, before }: Divided): PaxosSimNode {
  const find = (): PaxosSimNode | undefined => before.find((node) => node.leads);
  cluster.until(() => find() !== undefined, 'a leader of the old voters', 20 * electionTimeoutMs);
  return find() ?? cluster.elect();
}

/**
 * The same as one leader sees it: n1 was elected by n2 and n3. Among what it has chosen again stands a
 * change to n1, n4 and n5 in slot 2, so they decide from slot 6 on. They follow it, and have not promised.
 */
export function leaderOfTheOld(): Solo {
  const solo = new Solo({ paxos: { window } });
  const { agreement } = solo;
  const change = { ...groupOf(['n1', 'n4', 'n5']), outgoing: groupOf(['n1', 'n2', 'n3']).voters };
  const proposals = [
    ...votesFrom(1, '3.n2', 'a'),
    { slot: 2, record: membershipVote('3.n2', change) },
    ...votesFrom(3, '3.n2', 'b', 'c', 'd'),
  ];
  solo.receive('n2', accept('3.n2', { agreement, proposals }));
  solo.lead();
  acceptAll(solo, 'n2');
  for (const id of ['n4', 'n5']) solo.acknowledge(id, 5, { chosen: 5, known: 5 });
  return solo;
}

/** Some acceptors accept, learn and keep everything, until nothing more is proposed. */
export function acceptAll(solo: Solo, ...ids: readonly NodeId[]): void {
  for (let turns = 0; turns < 100; turns++) {
    const { commitIndex, lastIndex } = solo.status;
    for (const id of ids) {
      solo.acknowledge(id, lastIndex, { chosen: commitIndex, known: commitIndex });
    }
    const { status } = solo;
    if (commitIndex === status.commitIndex && lastIndex === status.lastIndex) return;
  }
  throw new Error('there is always something more');
}
