/** What people do in the middle of all this: change the members, move the leadership, take snapshots. */
import {
  isMember,
  type Membership,
  type MembershipChange,
  type NodeId,
  type Random,
} from '@quorate/core';
import { type AnyNode, canLose, leaderOf, type Stage } from '../world/stage.ts';
import type { Fault } from './fault.ts';
import { targetOf } from './target.ts';

type OperatorFault = Extract<Fault, { readonly type: 'change' | 'transfer' | 'snapshot' }>;

/** Lets one happen. */
export function operate(stage: Stage, fault: OperatorFault, random: Random): void {
  switch (fault.type) {
    case 'change':
      change(stage, fault.kind, random);
      return;
    case 'transfer': {
      const target = fault.target === 'anybody' ? undefined : targetOf(stage, fault.target);
      const asked = someone(stage, random);
      if (asked === undefined) return;
      stage.journal.fault('transfer', asked.id, { to: target?.id });
      attempt(stage, 'leadership handed over', asked.replica?.transferLeadership(target?.id));
      return;
    }
    case 'snapshot': {
      const node = targetOf(stage, fault.target);
      if (node?.replica === undefined) return;
      stage.journal.fault('snapshot', node.id);
      attempt(stage, 'snapshot on demand', node.replica.snapshot());
    }
  }
}

function change(
  stage: Stage,
  kind: Extract<Fault, { readonly type: 'change' }>['kind'],
  random: Random,
): void {
  const asked = random.chance(0.7) ? leaderOf(stage) : someone(stage, random);
  if (asked?.replica === undefined) return;
  const steps = stepsOf(stage, asked.engine.status.membership, kind, random);
  if (steps.length === 0) return;
  stage.journal.fault(`change: ${kind}`, asked.id, { steps });
  attempt(stage, 'membership changed', asked.replica.changeMembership(steps));
}

/** Drawn by what one node goes by, which may be long out of date. */
function stepsOf(
  stage: Stage,
  membership: Membership,
  kind: Extract<Fault, { readonly type: 'change' }>['kind'],
  random: Random,
): MembershipChange {
  const voters = membership.voters.map(({ id }) => id);
  const intact = (id: NodeId): boolean =>
    stage.nodes.some((node) => node.id === id && !node.broken && !node.damaged);
  // Who rots does not get a vote.
  const learners = membership.learners.map(({ id }) => id).filter(intact);
  const broken = stage.nodes.filter((node) => node.broken && voters.includes(node.id));
  const fresh = stage.nodes
    .map(({ id }) => id)
    .filter((id) => !isMember(membership, id) && intact(id));
  // Who is lost goes first. Otherwise one whose going leaves enough that are intact.
  const leaving =
    broken[0]?.id ??
    (voters.length > 1
      ? random.pick(
          voters.filter((id) => canLose(stage, [id])).concat(learners, voters.slice(0, 1)),
        )
      : undefined);
  const added = fresh.length === 0 ? undefined : random.pick(fresh);
  const voter = (id: NodeId): MembershipChange[number] => ({ type: 'add-voter', member: { id } });
  const learner = (id: NodeId): MembershipChange[number] => ({
    type: 'add-learner',
    member: { id },
  });
  switch (kind) {
    case 'add':
      if (learners.length > 0 && random.chance(0.6)) return [voter(random.pick(learners))];
      if (added === undefined) return [];
      return [random.chance(0.5) ? voter(added) : learner(added)];
    case 'remove':
      if (leaving === undefined || !canLose(stage, [leaving])) return [];
      return [random.chance(0.8) ? { type: 'remove', id: leaving } : learner(leaving)];
    case 'replace':
      if (leaving === undefined || added === undefined || !canLose(stage, [leaving])) return [];
      return [{ type: 'remove', id: leaving }, voter(added)];
    case 'several':
      if (leaving === undefined || !canLose(stage, [leaving])) return [];
      return [
        ...fresh.slice(0, 2).map((id) => (random.chance(0.5) ? voter(id) : learner(id))),
        learner(leaving),
      ];
  }
}

function someone(stage: Stage, random: Random): AnyNode | undefined {
  const ready = stage.nodes.filter((node) => node.replica !== undefined);
  return ready.length === 0 ? undefined : random.pick(ready);
}

/** Whether it succeeds is not the point; that it ends is the affair of whoever was asked. */
function attempt(stage: Stage, path: string, work: Promise<unknown> | undefined): void {
  work?.then(
    () => {
      stage.journal.reached(path);
    },
    () => undefined,
  );
}
