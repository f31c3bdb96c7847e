/** Handing leadership over: what whoever asked for it is told, and when; and what is refused meanwhile. */
import { beforeEach, describe, expect, it } from 'vitest';
import { HandOver, type HandOverNode } from '../../src/engines/hand-over.ts';
import { Outbox } from '../../src/engines/outbox.ts';
import { leadershipFor, nextMembership } from '../../src/engines/refusals.ts';
import { membershipOf, type NodeId, type Outcome } from '../../src/index.ts';

const electionTimeoutMs = 500;
const group = membershipOf([{ id: 'a' }, { id: 'b' }]);

/** Node `a`; it leads in epoch 3 at first. */
class Leader implements HandOverNode {
  readonly id = 'a';
  readonly lastIndex = 9;
  readonly outbox: Outbox<never> = new Outbox();
  readonly handOver: HandOver = new HandOver(electionTimeoutMs);
  now = 0;
  leader: NodeId | undefined = 'a';
  leadership: object | undefined = {};
  epoch = 3;

  /** Stops leading. */
  follow(): void {
    this.leader = undefined;
    this.leadership = undefined;
    this.handOver.leave(this.outbox);
  }

  /** Hears who leads, in a later epoch. */
  hear(leader: NodeId): void {
    this.leader = leader;
    this.epoch += 1;
    this.handOver.settle(this);
  }

  /** Time passes, as it does for a leader; says whether it has to go. */
  tick(now: number): boolean {
    this.now = now;
    return this.handOver.tick(this);
  }

  outcomes(): readonly Outcome[] {
    return this.outbox.take(undefined, undefined, 0).outcomes;
  }
}

let node: Leader;
beforeEach(() => {
  node = new Leader();
});

describe('a hand-over that somebody asked for', () => {
  beforeEach(() => {
    node.handOver.request(node, 1, 'b', group);
  });

  it('is under way until two election time-outs are over', () => {
    expect(node.handOver.isUnderWay).toBe(true);
    expect(node.handOver.wakeAt).toBe(2 * electionTimeoutMs);
    expect([node.tick(999), node.handOver.isUnderWay]).toEqual([false, true]);
    expect([node.tick(1000), node.handOver.isUnderWay]).toEqual([false, false]);
    expect(node.handOver.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('did not happen where the successor was never told', () => {
    node.tick(1000);
    expect(node.outcomes()).toEqual([{ type: 'rejected', ticket: 1, reason: 'timed-out' }]);
  });

  it('may still happen where it was told', () => {
    expect(node.handOver.tell()).toBe(false);
    node.tick(500);
    node.tick(1000);
    expect(node.outcomes()).toEqual([{ type: 'unknown', ticket: 1 }]);
  });

  it('has its successor told once, and again after a tick', () => {
    expect(node.handOver.untold).toBe('b');
    node.handOver.tell();
    expect(node.handOver.untold).toBeUndefined();
    node.tick(100);
    expect(node.handOver.untold).toBe('b');
  });

  it('is done once another node leads', () => {
    node.handOver.tell();
    node.follow();
    expect(node.handOver.isUnderWay).toBe(false);
    node.handOver.settle(node);
    expect(node.outcomes()).toEqual([]);
    node.hear('b');
    expect(node.outcomes()).toEqual([{ type: 'done', ticket: 1, index: 9 }]);
    expect(node.handOver.wakeAt).toBe(Number.POSITIVE_INFINITY);
  });

  it('is not done by the leader of an epoch before, nor by this one', () => {
    node.follow();
    node.leader = 'b';
    node.handOver.settle(node);
    expect(node.outcomes()).toEqual([]);
  });

  it('did not happen where this node leads again', () => {
    node.follow();
    node.hear('a');
    expect(node.outcomes()).toEqual([{ type: 'rejected', ticket: 1, reason: 'timed-out' }]);
  });

  it('has an unknown end where nobody is heard to lead in time', () => {
    node.follow();
    node.now = node.handOver.wakeAt;
    node.handOver.settle(node);
    node.handOver.settle(node);
    expect(node.outcomes()).toEqual([{ type: 'unknown', ticket: 1 }]);
  });

  it('gives up the one before that nobody has heard the end of', () => {
    node.follow();
    node.handOver.request(node, 2, 'b', group);
    node.follow();
    expect(node.outcomes()).toEqual([{ type: 'unknown', ticket: 1 }]);
    node.hear('b');
    expect(node.outcomes()).toMatchObject([{ type: 'done', ticket: 2 }]);
  });
});

describe('a hand-over that the leader wants itself', () => {
  beforeEach(() => {
    node.handOver.begin(node, 'b');
  });

  it('ends its leadership as soon as the successor is told', () => {
    expect(node.handOver.tell()).toBe(true);
  });

  it('ends its leadership when the time is up, though nobody has taken over', () => {
    expect([node.tick(999), node.tick(1000)]).toEqual([false, true]);
  });

  it('tells nobody anything', () => {
    node.handOver.tell();
    node.follow();
    node.hear('b');
    expect(node.outcomes()).toEqual([]);
  });
});

describe('a leader', () => {
  it.each([
    ['to nobody', undefined, 'there is no other voter'],
    ['to itself', 'a', 'a leads already'],
    ['to who does not vote', 'c', 'c is not a voter'],
  ])('refuses to hand over %s', (_what, to, detail) => {
    node.handOver.request(node, 1, to, group);
    expect(node.handOver.isUnderWay).toBe(false);
    expect(node.outcomes()).toEqual([{ type: 'rejected', ticket: 1, reason: 'invalid', detail }]);
  });

  it('has nothing to tell and nothing to wait for where none is under way', () => {
    expect([node.handOver.tell(), node.tick(5000)]).toEqual([false, false]);
    expect([node.handOver.untold, node.handOver.wakeAt]).toEqual([
      undefined,
      Number.POSITIVE_INFINITY,
    ]);
  });

  it('begins something new', () => {
    expect(leadershipFor(node, 1)).toBe(node.leadership);
    expect(node.outcomes()).toEqual([]);
  });

  it('begins nothing new while it hands over', () => {
    node.handOver.begin(node, 'b');
    expect(leadershipFor(node, 1)).toBeUndefined();
    expect(node.outcomes()).toEqual([{ type: 'rejected', ticket: 1, reason: 'transferring' }]);
  });

  it('names its successor once it leads no more', () => {
    node.follow();
    node.hear('b');
    expect(leadershipFor(node, 1)).toBeUndefined();
    expect(node.outcomes()).toEqual([
      { type: 'rejected', ticket: 1, reason: 'not-leader', leader: 'b' },
    ]);
  });
});

describe('the next membership', () => {
  it('is the first one of a change', () => {
    const next = nextMembership(group, [{ type: 'add-learner', member: { id: 'c' } }]);
    expect(next).toEqual({ ...group, learners: [{ id: 'c' }] });
  });

  it('is a text where the change makes no sense', () => {
    expect(nextMembership(group, [{ type: 'remove', id: 'c' }])).toBe('c is not a member');
  });
});
