/** Changes of the membership by joint consensus: section 6 of the paper; thesis, chapter 4. */
import type { SimNode } from '@quorate/conformance/engine';
import {
  isJoint,
  isMember,
  type Membership,
  membershipOf,
  type MembershipChange,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../src/index.ts';
import { electionTimeoutMs, raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { append, membershipEntry, record, Solo } from './solo.ts';

const voter = (id: string): MembershipChange[number] => ({ type: 'add-voter', member: { id } });
const learner = (id: string): MembershipChange[number] => ({ type: 'add-learner', member: { id } });
const remove = (id: string): MembershipChange[number] => ({ type: 'remove', id });

/** Changes the membership and waits until that is done. */
function change(cluster: RaftCluster, ...steps: MembershipChange): void {
  const ticket = cluster.elect().reconfigure(steps);
  cluster.until(() => cluster.requests.ending(ticket) !== undefined, 'an end of the change');
  expect(cluster.requests.ending(ticket)).toMatchObject({ type: 'done' });
}

/** Lets nodes catch up as learners, so that they answer when they come to vote. */
function teach(cluster: RaftCluster, ...ids: readonly string[]): void {
  change(cluster, ...ids.map(learner));
  cluster.converge();
}

function votersOf(node: SimNode<RaftMessage> | undefined): readonly string[] {
  return node?.engine.status.membership.voters.map((member) => member.id) ?? [];
}

/** A cluster that has committed something everywhere. */
function ready(options: Parameters<typeof raftCluster>[0] = {}): RaftCluster {
  const cluster = raftCluster(options);
  cluster.commit();
  cluster.converge();
  return cluster;
}

const has = (membership: Membership, id: string): boolean =>
  membership.voters.some((member) => member.id === id);

describe('a change of voters', () => {
  it('goes through a joint membership, and is done when the final one is in force', () => {
    const cluster = ready({ joiners: ['n4', 'n5'] });
    teach(cluster, 'n4', 'n5');
    const leader = cluster.elect();
    const joint: Membership[] = [];
    cluster.observers.push({
      stepped: (node) => {
        if (node === leader && isJoint(node.engine.status.membership)) {
          joint.push(node.engine.status.membership);
        }
      },
    });
    change(cluster, voter('n4'), voter('n5'), remove('n1'), remove('n2'));
    expect(joint[0]?.outgoing.map((member) => member.id)).toEqual(['n1', 'n2', 'n3']);
    expect(joint[0]?.voters.map((member) => member.id)).toEqual(['n3', 'n4', 'n5']);
    cluster.run(10 * electionTimeoutMs);
    cluster.commit();
    cluster.converge();
    expect(votersOf(cluster.leader)).toEqual(['n3', 'n4', 'n5']);
  });

  it.each(['new', 'old'])('needs a majority of the %s voters, too', (which) => {
    // {n1, n2, n3} turns into its leader with n4 and n5; either those or the others do not answer.
    const cluster = ready({ joiners: ['n4', 'n5'] });
    teach(cluster, 'n4', 'n5');
    const leader = cluster.elect();
    const others = ['n1', 'n2', 'n3'].filter((id) => id !== leader.id);
    for (const id of which === 'new' ? ['n4', 'n5'] : others) cluster.isolate(id);
    leader.reconfigure([voter('n4'), voter('n5'), ...others.map(remove)]);
    cluster.run(50);
    const { commitIndex } = leader.engine.status;
    leader.propose([]);
    cluster.run(electionTimeoutMs / 2);
    expect(isJoint(leader.engine.status.membership)).toBe(true);
    expect(cluster.recorder.commitIndex).toBe(commitIndex);
    cluster.heal();
    cluster.commit('again', 20 * electionTimeoutMs);
    cluster.converge(20 * electionTimeoutMs);
  });

  it('to voters of whom no quorum answers is refused, before it can stop the group', () => {
    const cluster = ready({ voters: ['n1'], joiners: ['n2'] });
    cluster.isolate('n2');
    const ticket = cluster.elect().reconfigure([voter('n2')]);
    cluster.run(10);
    expect(cluster.requests.ending(ticket)).toMatchObject({ type: 'rejected', reason: 'invalid' });
    cluster.commit();
  });
});

describe('R1 the first change of a term', () => {
  it('waits until the leader has committed in its term', () => {
    const solo = new Solo();
    const before = solo.status.membership;
    const records = [membershipEntry(1, before), record(1)];
    // No change is under way: the last membership is known to be committed.
    solo.receive('n2', append({ term: 1, records, commit: 1 })).lead();
    // They answer, so that nothing but the rule keeps the change from beginning.
    solo.acknowledge('n2', 1).acknowledge('n3', 1);
    expect(solo.status.commitIndex).toBe(1);
    solo.step({ type: 'reconfigure', ticket: 50, change: [remove('n3')] });
    expect(solo.status.membership).toEqual(before);
    solo.acknowledge('n2', solo.status.lastIndex);
    if (solo.outcomes.some((outcome) => outcome.ticket === 50)) {
      // Refused rather than kept waiting: it works now.
      solo.step({ type: 'reconfigure', ticket: 51, change: [remove('n3')] });
    }
    expect(has(solo.status.membership, 'n3')).toBe(false);
  });

  it('two leaders that remove different nodes never decide apart (erratum of 2015)', () => {
    for (const seed of seeds(40)) {
      // n1 appends a removal that nobody gets; n2 leads and removes another node; n1 comes back.
      const cluster = ready({ seed, voters: ['n1', 'n2', 'n3', 'n4'] });
      const first = cluster.elect();
      const rest = cluster.followers();
      cluster.network.tap = (from, _to, message) =>
        from === first.id && message.type === 'append' ? 'drop' : 'pass';
      first.reconfigure([remove(rest[0]?.id ?? '')]);
      cluster.run(20);
      cluster.isolate(first.id);
      cluster.network.tap = () => 'pass';
      cluster.until(
        () => rest.some((node) => node.leads),
        'a second leader',
        10 * electionTimeoutMs,
      );
      const second = rest.find((node) => node.leads);
      // At once, before its own term has committed anything.
      second?.reconfigure([remove(first.id)]);
      cluster.run(seed);
      cluster.partition([second?.id ?? '', rest.find((node) => node !== second)?.id ?? '']);
      for (const node of rest) cluster.network.mend(first.id, node.id);
      cluster.run(6 * electionTimeoutMs);
      cluster.heal();
      cluster.commit('one group', 20 * electionTimeoutMs);
      cluster.converge(20 * electionTimeoutMs);
    }
  });
});

describe('R12 truncation', () => {
  it('brings back the membership before', () => {
    const solo = new Solo();
    const two = membershipOf([{ id: 'n1' }, { id: 'n2' }]);
    const joint = { ...two, outgoing: solo.status.membership.voters };
    solo.receive('n2', append({ term: 1, records: [record(1), membershipEntry(1, joint)] }));
    expect(isJoint(solo.status.membership)).toBe(true);
    solo.receive(
      'n2',
      append({ term: 1, previousIndex: 2, previousTerm: 1, records: [membershipEntry(1, two)] }),
    );
    expect(solo.status.membership).toEqual(two);
    solo.receive(
      'n3',
      append({ term: 2, previousIndex: 2, previousTerm: 1, records: [record(2)] }),
    );
    expect(solo.status.membership).toEqual(joint);
    solo.receive(
      'n3',
      append({ term: 3, previousIndex: 1, previousTerm: 1, records: [record(3)] }),
    );
    expect(solo.status.membership.voters).toHaveLength(3);
    expect(isJoint(solo.status.membership)).toBe(false);
    // After a restart, too.
    expect(new Solo({ image: solo.image }).status.membership).toEqual(solo.status.membership);
  });

  it('of a change that nobody else got leaves a leader that was deposed with the old one', () => {
    const cluster = ready({ joiners: ['n4'] });
    const old = cluster.elect();
    cluster.isolate(old.id);
    const ticket = old.reconfigure([voter('n4'), remove(cluster.followers()[0]?.id ?? '')]);
    cluster.until(
      () => isJoint(old.engine.status.membership),
      'the change in force at the old leader',
    );
    cluster.until(() => cluster.leader !== old && cluster.leader !== undefined, 'another', 5000);
    cluster.commit();
    cluster.heal();
    cluster.converge();
    expect(votersOf(old)).toEqual(['n1', 'n2', 'n3']);
    expect(cluster.requests.ending(ticket)?.type).not.toBe('done');
  });
});

describe('learners', () => {
  it('R24 a learner that does not know yet that it was promoted gives the vote that is needed', () => {
    for (const seed of seeds(10)) {
      const cluster = ready({ seed, voters: ['n1', 'n2'], joiners: ['n3'] });
      change(cluster, learner('n3'));
      cluster.converge();
      const leader = cluster.elect();
      const [other] = cluster.followers().filter((node) => node.id !== 'n3');
      // n3 hears that the leader lives, and gets no entry any more.
      cluster.network.tap = (_from, to, message) =>
        to === 'n3' && message.type === 'append' && message.records.length > 0 ? 'drop' : 'pass';
      change(cluster, voter('n3'));
      cluster.until(
        () => votersOf(other).length === 3 && other?.engine.status.membership.outgoing.length === 0,
        'the other voter knows',
      );
      leader.crash();
      expect(cluster.node('n3').engine.status.role).toBe('learner');
      cluster.network.tap = () => 'pass';
      cluster.until(() => other?.leads === true, 'the other voter leads', 10 * electionTimeoutMs);
      cluster.commit();
    }
  });
});

describe('a removed leader', () => {
  it('R25 does not count itself for the quorum of the membership that it is not part of', () => {
    // {n1, n2, n3} without n1: an entry behind the final membership needs n2 and n3.
    const solo = new Solo().lead();
    const acknowledge = (id: string): Solo => solo.acknowledge(id, solo.status.lastIndex);
    acknowledge('n2').acknowledge('n3', solo.status.lastIndex);
    solo.step({ type: 'reconfigure', ticket: 60, change: [remove('n1')] });
    expect(isJoint(solo.status.membership)).toBe(true);
    acknowledge('n2');
    // The joint entry is on n1 and n2 of the old ones, and on n2 alone of the new ones.
    expect(solo.status.commitIndex).toBeLessThan(solo.status.lastIndex);
    acknowledge('n3');
    // Now the final membership is in the log, and n1 is not in it.
    expect(has(solo.status.membership, 'n1')).toBe(false);
    const final = solo.status.lastIndex;
    acknowledge('n2');
    expect(solo.status.commitIndex).toBeLessThan(final);
    acknowledge('n3');
    expect(solo.status.commitIndex).toBe(final);
    expect(solo.status.role).not.toBe('leader');
  });
});

describe('R23 a membership that is in the log and not applied', () => {
  it('does not keep a node from campaigning that is needed', () => {
    const solo = new Solo();
    const two = membershipOf([{ id: 'n1' }, { id: 'n2' }]);
    const joint = { ...two, outgoing: solo.status.membership.voters };
    solo.receive('n2', append({ term: 1, records: [membershipEntry(1, joint)], commit: 1 }));
    solo.receive(
      'n2',
      append({
        term: 1,
        previousIndex: 1,
        previousTerm: 1,
        records: [membershipEntry(1, two)],
        commit: 2,
      }),
    );
    // Committed, handed out, and never applied.
    solo.lead();
    expect(solo.status.role).toBe('leader');
    expect(solo.sentTo('n3').filter((message) => message.type === 'append')).toEqual([]);
  });

  it('a leader whose own removal is in its log and not decided campaigns again', () => {
    // Thesis, section 4.2.2: nobody else can win, since the other one lacks the entry.
    for (const seed of seeds(10)) {
      const cluster = ready({ seed, voters: ['n1', 'n2'] });
      const leader = cluster.elect();
      const [other] = cluster.followers();
      const isFinal = (): boolean => !isMember(leader.engine.status.membership, leader.id);
      cluster.network.tap = (from, _to, message) =>
        from === leader.id && message.type === 'append' && message.records.length > 0 && isFinal()
          ? 'drop'
          : 'pass';
      leader.reconfigure([remove(leader.id)]);
      cluster.until(isFinal, 'the final membership in the log of the leader');
      cluster.until(() => leader.disk.underWay === 0, 'and on its disk');
      for (const node of cluster.nodes) {
        node.crash();
        node.start();
      }
      cluster.network.tap = () => 'pass';
      cluster.until(
        () => other?.leads === true && votersOf(other).join() === other.id,
        'the other one leads alone',
        40 * electionTimeoutMs,
      );
      cluster.commit();
      expect(leader.leads).toBe(false);
    }
  });

  it('a candidate needs the votes of its own latest membership, not of the last applied one', () => {
    const solo = new Solo({ node: 'n1', voters: ['n1'] });
    const joint = {
      voters: ['n1', 'n2', 'n3'].map((id) => ({ id })),
      outgoing: [{ id: 'n1' }],
      learners: [],
    };
    solo.receive('n2', append({ term: 1, records: [membershipEntry(1, joint)] }));
    for (let rounds = 0; rounds < 4; rounds++) solo.tick();
    expect(solo.status.role).not.toBe('leader');
    expect(solo.sentTo('n2').some((message) => message.type === 'vote-request')).toBe(true);
  });
});
