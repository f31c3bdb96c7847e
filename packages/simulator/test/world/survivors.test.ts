/** Who lives on once faults are over. */
import { type Membership, seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { AnyNode, Stage } from '../../src/world/stage.ts';
import { Survivors } from '../../src/world/survivors.ts';

const members = ['n1', 'n2', 'n3'].map((id) => ({ id }));
const decided: Membership = { voters: members, outgoing: [], learners: [] };
/** A change to n2 and n3 that was asked for, and takes both of them. */
const joint: Membership = {
  voters: members.filter(({ id }) => id !== 'n1'),
  outgoing: members,
  learners: [],
};

/** A group, of which the change comes into force once it is asked for. */
function group({ damaged }: { readonly damaged?: string }): {
  readonly stage: Stage;
  readonly inForce: Membership[];
} {
  const inForce: Membership[] = [decided];
  const nodes = members.map(
    ({ id }) => ({ id, broken: false, damaged: id === damaged }) as unknown as AnyNode,
  );
  const stage = { nodes, membership: () => decided, memberships: () => inForce };
  return { stage: stage as unknown as Stage, inForce };
}

describe('survivors', () => {
  it.each([1, 2, 3, 4, 5])('are a quorum, more once a change needs more, seed %i', (seed) => {
    const { stage, inForce } = group({});
    const survivors = new Survivors(stage, seededRandom(seed), true);
    expect(survivors.choose()).toBe(true);
    expect(stage.nodes.filter((node) => survivors.has(node))).toHaveLength(2);
    inForce.push(joint);
    const called = survivors.extend().map(({ id }) => id);
    expect(called).toHaveLength(survivors.has(stage.nodes[0] as AnyNode) ? 1 : 0);
    expect(survivors.areEnough).toBe(true);
  });

  // Paxos, seed 3882: the new leader found the vote for a change that needs the node which rots.
  it('are not enough once a change needs a node that rots, though they were before', () => {
    const { stage, inForce } = group({ damaged: 'n3' });
    const survivors = new Survivors(stage, seededRandom(1), true);
    expect(survivors.choose()).toBe(true);
    expect(survivors.areEnough).toBe(true);
    inForce.push(joint);
    expect(survivors.extend()).toEqual([]);
    expect(survivors.areEnough).toBe(false);
  });

  it('cannot be chosen where what is intact is too little', () => {
    const { stage, inForce } = group({ damaged: 'n3' });
    inForce.push(joint);
    expect(new Survivors(stage, seededRandom(1), true).choose()).toBe(false);
  });
});
