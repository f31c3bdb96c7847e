/**
 * Membership changes: which voters decide which slot, two entries for a change of voters, and leaders
 * that die in the middle of it.
 */
import type { MemberChange, MembershipChange, NodeId } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { flexible, grid } from '../src/index.ts';
import { electionTimeoutMs, paxosCluster, type PaxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, groupOf, membershipVote, promise, Solo, votesFrom } from './solo.ts';

const voter = (id: NodeId): MemberChange => ({ type: 'add-voter', member: { id } });
const learner = (id: NodeId): MemberChange => ({ type: 'add-learner', member: { id } });
const remove = (id: NodeId): MemberChange => ({ type: 'remove', id });

/** Asks whoever leads until the change is in force. */
function change(cluster: PaxosCluster, steps: MembershipChange): void {
  const wanted = steps.map((step) => (step.type === 'remove' ? step.id : step.member.id));
  let ticket: number | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  cluster.until(
    () => {
      const ending = ticket === undefined ? undefined : cluster.requests.ending(ticket);
      if (ending?.type === 'done') return true;
      const { now } = cluster.schedule;
      const open = ticket !== undefined && ending === undefined;
      if (now < askedAt + (open ? 4 * electionTimeoutMs : 20)) return false;
      askedAt = now;
      ticket = cluster.leader?.reconfigure(steps);
      cluster.schedule.after(25, () => undefined);
      return false;
    },
    `a change of ${wanted.join()}`,
    60 * electionTimeoutMs,
  );
}

const ids = (members: readonly { readonly id: NodeId }[]): string =>
  members.map(({ id }) => id).join();

describe('a change of voters', () => {
  it('takes two entries, and is done with the second', () => {
    const cluster = paxosCluster({ joiners: ['n4'], paxos: { window: 4 } });
    cluster.commit();
    change(cluster, [learner('n4')]);
    const leader = cluster.elect();
    const before = cluster.recorder.commitIndex;
    const ticket = leader.reconfigure([voter('n4')]);
    cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end');
    const ending = cluster.requests.ending(ticket);
    expect(ending?.type).toBe('done');
    const joint = cluster.recorder.membershipAt(before + 1);
    expect([ids(joint.voters), ids(joint.outgoing)]).toEqual(['n1,n2,n3,n4', 'n1,n2,n3']);
    const after = cluster.recorder.membershipAt(cluster.recorder.commitIndex);
    expect([ids(after.voters), ids(after.outgoing)]).toEqual(['n1,n2,n3,n4', '']);
    // α slots pass before the new voters decide, and the second entry is the first that they do.
    expect(ending).toMatchObject({ index: before + 1 + 4 });
    cluster.converge();
  });

  it('P14 the old voters decide the α slots from the first entry on, and nobody else', () => {
    const solo = new Solo({ paxos: { window: 4 } }).reign();
    const first = solo.status.lastIndex + 1;
    const added = solo.reconfigure(learner('n4'), learner('n5'));
    solo.acknowledge('n2', first).acknowledge('n4', 0).acknowledge('n5', 0);
    expect(solo.ending(added)?.type).toBe('done');
    const at = solo.status.lastIndex + 1;
    const ticket = solo.reconfigure(voter('n4'), voter('n5'), remove('n2'), remove('n3'));
    // The new voters hold all of it, and it counts for nothing.
    solo.acknowledge('n4', at + 3).acknowledge('n5', at + 3);
    expect(solo.status.commitIndex).toBe(at - 1);
    solo.acknowledge('n2', at);
    expect(solo.status.commitIndex).toBe(at);
    expect(solo.status.membership.outgoing.map(({ id }) => id)).toEqual(['n1', 'n2', 'n3']);
    // No-ops hurry it on. They are still for the old voters to decide.
    expect(solo.status.lastIndex).toBe(at + 3);
    solo.acknowledge('n4', at + 3).acknowledge('n5', at + 3);
    expect(solo.status.commitIndex).toBe(at);
    solo.acknowledge('n2', at + 3);
    expect(solo.status.commitIndex).toBe(at + 3);
    // What the new ones decide needs their promises first, and the old ones count no more.
    solo.propose('new');
    expect(solo.status.lastIndex).toBe(at + 3);
    for (const id of ['n4', 'n5']) solo.receive(id, promise(solo.last('prepare', id)));
    expect(solo.status.lastIndex).toBe(at + 4);
    solo.acknowledge('n2', at + 4).acknowledge('n3', at + 4);
    expect(solo.status.commitIndex).toBe(at + 3);
    solo.acknowledge('n4', at + 4);
    expect(solo.status.commitIndex).toBe(at + 4);
    expect(solo.ending(ticket)).toBeUndefined();
    // The second entry waits for what a quorum of the new ones knows as chosen, durably.
    solo.acknowledge('n4', at + 4, { chosen: at + 4, known: at + 2 });
    solo.acknowledge('n5', at + 4, { chosen: at + 4, known: at + 2 });
    expect(solo.status.lastIndex).toBe(at + 4);
    solo.acknowledge('n4', at + 4, { chosen: at + 4, known: at + 3 });
    expect(solo.status.lastIndex).toBe(at + 5);
    solo.acknowledge('n5', at + 5);
    expect(solo.ending(ticket)).toMatchObject({ type: 'done', index: at + 5 });
    expect(solo.status.membership.outgoing).toEqual([]);
  });

  it('keeps the others from beginning another one until it is complete', () => {
    const cluster = paxosCluster({ joiners: ['n4'], paxos: { window: 8 } });
    cluster.commit();
    const leader = cluster.elect();
    change(cluster, [learner('n4')]);
    leader.reconfigure([voter('n4')]);
    const second = leader.reconfigure([remove('n3')]);
    cluster.until(() => cluster.requests.ending(second) !== undefined, 'an answer');
    expect(cluster.requests.ending(second)).toMatchObject({ reason: 'change-in-progress' });
  });

  it('is refused where it makes no sense', () => {
    const solo = new Solo().reign();
    const refused = (...steps: MembershipChange): unknown =>
      solo.ending(solo.reconfigure(...steps));
    expect(refused(remove('n9'))).toMatchObject({ reason: 'invalid' });
    expect(refused(remove('n1'), remove('n2'), remove('n3'))).toMatchObject({ reason: 'invalid' });
    expect(refused(voter('n2'))).toMatchObject({ reason: 'invalid' });
    // Nobody knows n4: it would have to decide at once.
    const [, detail] = [0, refused(voter('n4'), voter('n5'), voter('n6'))];
    expect(detail).toMatchObject({ reason: 'invalid' });
    const follower = new Solo();
    expect(follower.ending(follower.reconfigure(remove('n3')))).toMatchObject({
      reason: 'not-leader',
    });
  });

  it('R1 is not begun before the leader knows all that was chosen before it', () => {
    const solo = new Solo({ paxos: { window: 4 } });
    const { agreement } = solo;
    const joint = { ...groupOf(['n1', 'n2']), outgoing: groupOf(['n1', 'n2', 'n3']).voters };
    const proposals = [
      ...votesFrom(1, '3.n2', 'a'),
      { slot: 2, record: membershipVote('3.n2', joint) },
    ];
    solo.receive('n2', accept('3.n2', { agreement, proposals }));
    solo.lead();
    solo.acknowledge('n2', 1);
    const early = solo.reconfigure(remove('n2'));
    // It may ask again in a moment: what stands in its way may be another change.
    expect(solo.ending(early)).toMatchObject({ reason: 'not-leader', leader: 'n1' });
    solo.acknowledge('n2', 2);
    expect(ids(solo.status.membership.outgoing)).toBe('n1,n2,n3');
    const late = solo.reconfigure(remove('n2'));
    expect(solo.ending(late)).toMatchObject({ reason: 'change-in-progress' });
  });

  it('has the old and the new voters elect, while either decide what comes', () => {
    const solo = new Solo({ paxos: { window: 4 } });
    const { agreement } = solo;
    const joint = { ...groupOf(['n4', 'n5', 'n6']), outgoing: groupOf(['n1', 'n2', 'n3']).voters };
    const proposals = [{ slot: 1, record: membershipVote('1.n2', joint) }];
    solo.receive('n2', accept('1.n2', { agreement, proposals }));
    solo.receive('n2', accept('1.n2', { agreement, chosen: 1 }));
    solo.campaign();
    const asked = solo.all('prepare');
    expect(asked).toHaveLength(5);
    const [first] = asked;
    if (first === undefined) throw new Error('nobody is asked');
    for (const id of ['n4', 'n5', 'n6']) solo.receive(id, promise(first));
    expect(solo.leads).toBe(false);
    solo.receive('n2', promise(first, { chosen: 1 }));
    expect(solo.leads).toBe(true);
  });

  it('replaces all three, and the new ones survive a power cut of their own', () => {
    for (const seed of seeds(8)) {
      const cluster = paxosCluster({ seed, joiners: ['n4', 'n5', 'n6'], paxos: { window: 8 } });
      cluster.commit();
      change(cluster, [learner('n4'), learner('n5'), learner('n6')]);
      change(cluster, [...['n4', 'n5', 'n6'].map(voter), ...['n1', 'n2', 'n3'].map(remove)]);
      for (const id of ['n1', 'n2', 'n3']) cluster.node(id).crash();
      for (const id of ['n4', 'n5', 'n6']) cluster.node(id).crash(0);
      for (const id of ['n4', 'n5', 'n6']) cluster.node(id).start();
      cluster.decide('after', 40 * electionTimeoutMs);
      const { voters, outgoing } = cluster.elect().engine.status.membership;
      expect([ids(voters), ids(outgoing)]).toEqual(['n4,n5,n6', '']);
      cluster.converge(20 * electionTimeoutMs);
    }
  });

  it('is completed by whoever leads next, wherever its leader dies', () => {
    for (const seed of seeds(24)) {
      const cluster = paxosCluster({ seed, joiners: ['n4', 'n5'], paxos: { window: 3 } });
      cluster.commit();
      change(cluster, [learner('n4'), learner('n5')]);
      cluster.converge();
      const leader = cluster.elect();
      leader.reconfigure([voter('n4'), voter('n5'), remove(leader.id)]);
      cluster.run(seed * 0.7);
      leader.crash();
      cluster.elect(20 * electionTimeoutMs);
      cluster.decide('next', 20 * electionTimeoutMs);
      leader.start();
      cluster.converge(40 * electionTimeoutMs);
      const { voters, outgoing } = cluster.elect().engine.status.membership;
      expect(outgoing).toEqual([]);
      expect([3, 4]).toContain(voters.length);
    }
  });

  it('R25 a leader that is removed hands over, and leads no more', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({ seed, paxos: { window: 4 } });
      cluster.commit();
      const leader = cluster.elect();
      change(cluster, [remove(leader.id)]);
      cluster.until(() => !leader.leads, 'the end of its leadership');
      cluster.decide('without it');
      cluster.run(6 * electionTimeoutMs);
      expect(leader.leads).toBe(false);
      expect(ids(cluster.elect().engine.status.membership.voters)).not.toContain(leader.id);
      cluster.converge();
    }
  });

  it('R22 a voter that was removed and heard nothing of it disturbs nobody', () => {
    const cluster = paxosCluster({ voters: ['n1', 'n2', 'n3', 'n4'], paxos: { window: 4 } });
    cluster.commit();
    const leader = cluster.elect();
    const gone = cluster.followers()[0];
    cluster.isolate(gone?.id ?? '');
    change(cluster, [remove(gone?.id ?? '')]);
    cluster.run(3 * electionTimeoutMs);
    cluster.heal();
    const { epoch } = leader.engine.status;
    cluster.run(10 * electionTimeoutMs);
    expect(leader.leads).toBe(true);
    expect(leader.engine.status.epoch).toBe(epoch);
  });

  it('R24 a voter that does not know yet that it is one promises and accepts all the same', () => {
    const solo = new Solo({ node: 'n4' });
    expect(solo.status.role).toBe('learner');
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'a') }));
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 1 });
    const other = new Solo({ node: 'n4', voters: [] });
    other.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'a') }));
    expect(other.last('accepted', 'n2')).toMatchObject({ match: 1 });
  });

  it('R23 a node that is not a voter of what is to be decided does not campaign', () => {
    const cluster = paxosCluster({ joiners: ['n4'], paxos: { window: 4 } });
    cluster.commit();
    change(cluster, [learner('n4')]);
    cluster.converge();
    for (const node of cluster.nodes) if (node.id !== 'n4') node.crash();
    cluster.run(10 * electionTimeoutMs);
    expect(cluster.node('n4').engine.status.role).toBe('learner');
    expect(cluster.node('n4').engine.status.epoch).toBeLessThan(3);
  });

  it('is a change of one entry where only learners or addresses change', () => {
    const cluster = paxosCluster({ joiners: ['n4'], paxos: { window: 4 } });
    cluster.commit();
    const leader = cluster.elect();
    const before = leader.engine.status.lastIndex;
    const ticket = leader.reconfigure([
      learner('n4'),
      { type: 'move', member: { id: 'n2', address: 'there:1' } },
    ]);
    cluster.until(() => cluster.requests.ending(ticket)?.type === 'done', 'done');
    expect(cluster.requests.ending(ticket)).toMatchObject({ index: before + 1 });
    expect(cluster.recorder.membershipAt(before + 1).outgoing).toEqual([]);
    cluster.converge();
  });

  it('is refused at the limit of memberships in the log, until a snapshot is taken', () => {
    const solo = new Solo({ paxos: { maxMembershipsInLog: 3, keepBytesBehindSnapshot: 0 } });
    solo.reign();
    const move = (nth: number): unknown => {
      const address = `there:${String(nth)}`;
      const ticket = solo.reconfigure({ type: 'move', member: { id: 'n2', address } });
      solo.acknowledge('n2', solo.status.lastIndex);
      return solo.ending(ticket);
    };
    expect(move(1)).toMatchObject({ type: 'done' });
    expect(move(2)).toMatchObject({ reason: 'overloaded' });
    solo.compact(solo.status.commitIndex);
    expect(move(3)).toMatchObject({ type: 'done' });
  });

  it('is begun only where the new voters can form quorums', () => {
    for (const quorums of [grid(1, 3), flexible({ phase1: 2, phase2: 2 })]) {
      const cluster = paxosCluster({ paxos: { quorums }, joiners: ['n4'], electorsMeet: false });
      cluster.commit();
      change(cluster, [learner('n4')]);
      const leader = cluster.elect();
      const ticket = leader.reconfigure([voter('n4')]);
      cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an answer');
      expect(cluster.requests.ending(ticket)).toMatchObject({ reason: 'invalid' });
    }
  });
});

/**
 * A change to {A, D, E} that only A, D and E know to be chosen: its leader A has decided more with D and
 * E, and is cut off from B and C, who know of nothing.
 */
function halfChanged(seed: number): {
  readonly cluster: PaxosCluster;
  readonly a: NodeId;
  readonly others: readonly NodeId[];
  readonly precious: number;
} {
  const cluster = paxosCluster({
    seed,
    joiners: ['n4', 'n5'],
    paxos: { window: 4 },
    // Two sets of voters that do not meet may each elect somebody in one round.
    electorsMeet: false,
  });
  cluster.commit();
  change(cluster, [learner('n4'), learner('n5')]);
  cluster.converge();
  cluster.run(2 * electionTimeoutMs);
  const leader = cluster.elect();
  const a = leader.id;
  const others = cluster.nodes.map(({ id }) => id).filter((id) => id !== a && id < 'n4');
  const before = cluster.recorder.commitIndex;
  cluster.network.tap = (from, to, message) => {
    if (from !== a || !others.includes(to)) return 'pass';
    return message.type === 'accept' && message.proposals.length > 0 && message.chosen === before
      ? 'pass'
      : 'drop';
  };
  leader.reconfigure([voter('n4'), voter('n5'), ...others.map(remove)]);
  const precious = leader.propose([new Uint8Array([1, 2, 3])]);
  for (let nth = 0; nth < 4; nth++) leader.propose([new Uint8Array([nth])]);
  cluster.until(() => cluster.recorder.commitIndex > before + 5, 'decisions of the new voters');
  return { cluster, a, others, precious };
}

describe('a leader of the old voters, while the new ones have decided already', () => {
  it('P7 proposes nothing where a promise that comes late says "chosen"', () => {
    for (const seed of seeds(8)) {
      const { cluster, a, precious } = halfChanged(seed);
      cluster.run(60);
      cluster.node(a).crash();
      cluster.network.tap = () => 'pass';
      cluster.elect(20 * electionTimeoutMs);
      for (let count = 0; count < 3; count++) cluster.decide('later', 20 * electionTimeoutMs);
      expect(cluster.requests.placeOf(precious)).toBeGreaterThan(0);
      cluster.node(a).start();
      cluster.converge(40 * electionTimeoutMs);
    }
  });

  it('goes on without the only one who could teach it, where that one dies', () => {
    for (const seed of seeds(8)) {
      const { cluster, a } = halfChanged(seed);
      cluster.run(60);
      cluster.node(a).crash();
      cluster.network.tap = (_from, _to, { type }) => (type === 'learned' ? 'drop' : 'pass');
      cluster.elect(20 * electionTimeoutMs);
      cluster.run(2 * electionTimeoutMs);
      // It has heard from both what they know. One of them goes, and the other has to do.
      cluster.node('n4').crash();
      cluster.network.tap = () => 'pass';
      cluster.node(a).start();
      cluster.decide('later', 40 * electionTimeoutMs);
    }
  });

  it('R3 answers no read before the new voters have promised', () => {
    for (const guarantee of ['linearizable', 'lease'] as const) {
      for (const seed of seeds(5)) {
        const { cluster, a, others } = halfChanged(seed);
        const isCut = (from: NodeId, to: NodeId): boolean =>
          (from === a && others.includes(to)) || (to === a && others.includes(from));
        cluster.network.tap = (from, to, { type }) => {
          if (isCut(from, to) || type === 'learned') return 'drop';
          return type === 'promise' && !others.includes(from) ? 'drop' : 'pass';
        };
        const second = (): PaxosCluster['nodes'][number] | undefined =>
          cluster.nodes.find((node) => others.includes(node.id) && node.leads);
        cluster.until(() => second() !== undefined, 'a leader of the old voters');
        for (let step = 0; step < 40; step++) {
          second()?.read(guarantee);
          cluster.run(20);
        }
      }
    }
  });

  it('R5 does not take the new voters from a leader that holds a lease by their word', () => {
    for (const seed of seeds(8)) {
      const { cluster, a, others } = halfChanged(seed);
      const old = cluster.node(a);
      const isCut = (from: NodeId, to: NodeId): boolean =>
        (from === a && others.includes(to)) || (to === a && others.includes(from));
      cluster.network.tap = (from, to) => (isCut(from, to) ? 'drop' : 'pass');
      const second = (): PaxosCluster['nodes'][number] | undefined =>
        cluster.nodes.find((node) => others.includes(node.id) && node.leads);
      cluster.until(() => second() !== undefined, 'a leader of the old voters');
      cluster.network.tap = (from, to) => (isCut(from, to) || to === a ? 'drop' : 'pass');
      for (let step = 0; step < 400 && old.leads; step++) {
        if (step % 10 === 0) second()?.propose([]);
        old.read('lease');
        cluster.run(2);
      }
      expect(old.leads).toBe(false);
    }
  });
});

describe('a voter of a change', () => {
  it('P18 that joined with a log of its own is told by the first entry who the group is', () => {
    const cluster = paxosCluster({ joiners: ['n4'] });
    cluster.commit();
    change(cluster, [learner('n4')]);
    cluster.converge();
    expect(ids(cluster.node('n4').engine.status.membership.voters)).toBe('n1,n2,n3');
    expect(ballot('1.n1').round).toBe(1);
  });
});
