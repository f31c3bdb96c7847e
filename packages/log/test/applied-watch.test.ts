/**
 * Waiting until every voter has applied an index: both halves, without a network between them.
 */
import { type LogIndex, type Membership, membershipOf, type NodeId } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { AppliedWatch } from '../src/applied-watch.ts';
import type { PeerMessage } from '../src/frames.ts';

const abc = membershipOf([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
const ab = membershipOf([{ id: 'a' }, { id: 'b' }]);

function subject(): {
  readonly watch: AppliedWatch;
  readonly world: { applied: LogIndex; membership: Membership };
  readonly sent: [NodeId, PeerMessage][];
} {
  const world = { applied: 0, membership: abc };
  const sent: [NodeId, PeerMessage][] = [];
  const watch = new AppliedWatch({
    node: 'a',
    send: (to, message) => sent.push([to, message]),
    membership: () => world.membership,
    applied: () => world.applied,
    armRetry: () => undefined,
  });
  return { watch, world, sent };
}

describe('whoever waits', () => {
  it('is let go when the last voter reports the index', () => {
    const { watch, world } = subject();
    let done = 0;
    watch.wait(5, () => done++);
    watch.report('b', 5);
    world.applied = 5;
    watch.check();
    expect(done).toBe(0);
    watch.report('c', 7);
    expect(done).toBe(1);
    expect(watch.waiting).toBe(false);
  });

  it('is not let go by a node that knows no voters yet', () => {
    const { watch, world } = subject();
    world.membership = { voters: [], outgoing: [], learners: [] };
    let done = 0;
    watch.wait(5, () => done++);
    watch.check();
    expect(done).toBe(0);
    world.membership = membershipOf([{ id: 'a' }]);
    world.applied = 5;
    watch.follow(world.membership);
    expect(done).toBe(1);
  });

  it('is not misled by what a voter said before it was removed and came back empty', () => {
    const { watch, world } = subject();
    world.applied = 9;
    watch.report('b', 9);
    watch.report('c', 9);
    world.membership = ab;
    watch.follow(ab);
    world.membership = abc;
    watch.follow(abc);
    let done = 0;
    watch.wait(9, () => done++);
    expect(done).toBe(0);
    watch.report('c', 9);
    expect(done).toBe(1);
  });
});

describe('questions that got lost', () => {
  it('are asked again, for the first and the last who waits', () => {
    const { watch, sent } = subject();
    for (const index of [7, 5, 9]) watch.wait(index, () => undefined);
    watch.report('c', 9);
    sent.length = 0;
    watch.retry();
    expect(sent).toEqual([
      ['b', { type: 'watch', index: 5 }],
      ['b', { type: 'watch', index: 9 }],
    ]);
  });
});

describe('whoever watches', () => {
  it('is told at once what is applied already', () => {
    const { watch, world, sent } = subject();
    world.applied = 5;
    watch.watch('b', 4);
    expect(sent).toEqual([['b', { type: 'applied', index: 5 }]]);
  });

  it('is told of each index that it asked for, also when it asks for later ones all the time', () => {
    const { watch, world, sent } = subject();
    watch.watch('b', 5);
    for (let index = 6; index <= 20; index++) {
      watch.watch('b', index);
      world.applied = index - 1;
      watch.tell();
    }
    expect(sent.map(([, message]) => message)).toEqual(
      Array.from({ length: 15 }, (_, at) => ({ type: 'applied', index: at + 5 })),
    );
  });

  it('hears nothing before its index is applied', () => {
    const { watch, world, sent } = subject();
    watch.watch('b', 5);
    world.applied = 4;
    watch.tell();
    expect(sent).toEqual([]);
  });

  it('is forgotten when it is no member any more', () => {
    const { watch, world, sent } = subject();
    watch.watch('c', 5);
    world.membership = ab;
    watch.follow(ab);
    world.applied = 5;
    watch.tell();
    expect(sent).toEqual([]);
  });
});
