/** What the checks of Paxos find: a group that did everything right is told that it did something else. */
import type { Effects, EngineStatus, NodeId, StorageOp } from '@quorate/core';
import { Image, type Observer, type Turn, Violation, type WatchedNode } from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';
import { paxosChecks } from '../src/checks/index.ts';
import { majority, type PaxosMessage } from '../src/index.ts';
import { decodeState, encodeState } from '../src/state.ts';
import { type PaxosCluster, paxosCluster } from './paxos-cluster.ts';
import {
  accept,
  ballot,
  chosenRecord,
  learned,
  prepare,
  promise,
  vote,
  votesFrom,
} from './solo.ts';

const nothing: Effects<PaxosMessage> = {
  writes: [],
  sends: [],
  committed: [],
  restored: undefined,
  reads: [],
  outcomes: [],
  loads: [],
  ships: [],
  wakeAt: Number.POSITIVE_INFINITY,
};

interface Scene {
  readonly cluster: PaxosCluster;
  readonly checks: Observer<PaxosMessage>;
  /** Leads in `reign`, which no other ballot comes near. */
  readonly leader: WatchedNode;
  readonly reign: string;
  readonly follower: WatchedNode;
  readonly say: (from: WatchedNode, message: PaxosMessage) => void;
  /** A turn in which a node writes this, durable at once. */
  readonly write: (node: WatchedNode, ...ops: readonly StorageOp[]) => void;
}

/** A group with a leader and some commands, and checks that have seen all of it. */
function scene(): Scene {
  const cluster = paxosCluster();
  const checks = paxosChecks(cluster, { window: 64, quorums: majority() });
  for (const node of cluster.nodes) checks.started?.(node);
  cluster.observers.push(checks);
  cluster.elect();
  cluster.commitMany(3);
  cluster.converge();
  const { leader } = cluster;
  const [follower] = cluster.followers();
  if (leader === undefined || follower === undefined) throw new Error('no leader or no follower');
  return {
    cluster,
    checks,
    leader,
    reign: `${String(leader.engine.status.epoch)}.${leader.id}`,
    follower,
    say: (from, message) => checks.left?.(from, 'n1', message),
    write: (node, ...ops) => {
      const effects = { ...nothing, writes: [{ id: 1, ops }] };
      const memberships = [node.engine.status.membership];
      const turn: Turn<PaxosMessage> = { inputs: [], effects, memberships, now: 0 };
      checks.took?.(node, turn);
      checks.stepped?.(node, { type: 'tick' });
    },
  };
}

function promising(node: WatchedNode, text: string): StorageOp {
  const state = decodeState(node.disk.durable.state ?? new Uint8Array(0));
  return { type: 'state', bytes: encodeState({ ...state, promised: ballot(text) }) };
}

/** The fields of a status; as a view it has none of its own. */
function statusOf(view: EngineStatus): EngineStatus {
  return {
    role: view.role,
    leader: view.leader,
    epoch: view.epoch,
    firstIndex: view.firstIndex,
    lastIndex: view.lastIndex,
    commitIndex: view.commitIndex,
    settledEpoch: view.settledEpoch,
    membership: view.membership,
    contactAt: view.contactAt,
    tailBytes: view.tailBytes,
    peers: view.peers,
  };
}

const slots = (node: WatchedNode): number => node.engine.status.lastIndex;

const accepted = (text: string, match: number): PaxosMessage => ({
  type: 'accepted',
  ballot: ballot(text),
  match,
  beyond: [],
  seen: match,
  chosen: 0,
  known: 0,
  last: match,
  round: 0,
  sentAt: 0,
});

const high = (id: NodeId): string => `900.${id}`;

const faults: Readonly<Record<string, (scene: Scene) => void>> = {
  'P1a: the promise of': ({ follower, write }) => {
    write(follower, promising(follower, '1.n0'));
  },
  'forgot its promise': ({ checks, follower }) => {
    const { id, up, life, bootstrap, engine } = follower;
    const disk = { durable: new Image(), written: new Image(), underWay: 0 };
    checks.started?.({ id, up, life, bootstrap, engine, disk });
  },
  'P1: ': ({ follower, say }) => {
    say(follower, promise({ ballot: ballot('900.n1'), from: 1 }));
  },
  'P2b: a value is chosen': ({ follower, say }) => {
    const text = high(follower.id);
    say(follower, accept(text, { proposals: votesFrom(2, text, 'another') }));
  },
  'two values in slot': ({ leader, reign, say }) => {
    say(leader, accept(reign, { proposals: votesFrom(2, reign, 'another') }));
  },
  'P2: ': ({ follower, write }) => {
    write(follower, { type: 'put', index: slots(follower) + 1, record: vote('1.n0') });
  },
  'P4: ': ({ follower, say }) => {
    say(follower, accepted('900.n1', 0));
  },
  'P7: ': ({ follower, say, write }) => {
    const index = slots(follower) + 1;
    write(follower, promising(follower, '700.n0'), {
      type: 'put',
      index,
      record: vote('700.n0', 'new'),
    });
    follower.disk.durable.apply([{ type: 'put', index, record: vote('700.n0', 'new') }]);
    write(follower, promising(follower, '900.n1'));
    say(follower, promise({ ballot: ballot('900.n1'), from: 1 }));
  },
  'P14: ': ({ leader, reign, write }) => {
    write(leader, { type: 'put', index: slots(leader) + 65, record: vote(reign) });
  },
  'P23: ': ({ checks, leader, reign, say }) => {
    const { id, up, life, bootstrap, engine, disk } = leader;
    checks.crashed?.(leader);
    const reborn = { id, up, life: life + 2, bootstrap, engine, disk };
    checks.started?.(reborn);
    say(reborn, prepare(reign));
  },
  'uses ballot 900.n0': ({ leader, say }) => {
    say(leader, prepare('900.n0'));
  },
  'asks for promises to': ({ leader, say }) => {
    say(leader, prepare(high(leader.id)));
  },
  'without a quorum of n1,n2,n3': ({ follower, write }) => {
    const text = high(follower.id);
    write(follower, { type: 'put', index: slots(follower) + 1, record: vote(text) });
  },
  'which is not on its disk': ({ follower, reign, say }) => {
    say(follower, accepted(reign, slots(follower) + 1));
  },
  'that is not on its disk': ({ follower, reign, say }) => {
    const votes = votesFrom(slots(follower) + 1, reign, 'never');
    say(follower, promise({ ballot: ballot(reign), from: 1 }, { votes }));
  },
  'teaches what is not chosen': ({ leader, reign, say }) => {
    say(leader, learned(2, reign, ['another']));
  },
  'marks as chosen what is not chosen': ({ follower, reign, write }) => {
    write(follower, { type: 'put', index: slots(follower) + 1, record: chosenRecord(reign) });
  },
  'more than are chosen': ({ leader, reign, say }) => {
    say(leader, learned(1, reign, [], { chosen: slots(leader) + 1 }));
  },
  'one was only in': ({ leader, say }) => {
    say(leader, learned(1, '1.n0', [], { chosen: slots(leader), knownIn: ballot('0.n0') }));
  },
  'and quorums have accepted only': ({ checks, follower }) => {
    const { id, up, life, bootstrap, engine, disk } = follower;
    const status = { ...statusOf(engine.status), commitIndex: slots(follower) + 1 };
    checks.stepped?.({ id, up, life, bootstrap, engine: { status }, disk }, { type: 'tick' });
  },
};

describe('the checks of Paxos', () => {
  it('find nothing where nothing is wrong', () => {
    const { checks, follower, leader, write } = scene();
    for (const node of [follower, leader]) {
      write(node);
      checks.crashed?.(node);
      checks.started?.(node);
    }
  });

  it('take it that a crash may leave more on a disk than was durable, or just that', () => {
    for (const kept of [true, false]) {
      const { checks, follower } = scene();
      const { id, up, life, bootstrap, engine } = follower;
      const durable = follower.disk.durable.copy();
      const disk = { durable, written: durable.copy(), underWay: 1 };
      const node = { id, up, life, bootstrap, engine, disk };
      const ops = [promising(follower, '900.n1')];
      disk.written.apply(ops);
      const memberships = [engine.status.membership];
      const effects = { ...nothing, writes: [{ id: 1, ops }] };
      checks.took?.(node, { inputs: [], effects, memberships, now: 0 });
      checks.crashed?.(node);
      const found = kept ? disk.written : durable;
      const reborn = {
        ...node,
        life: life + 2,
        disk: { durable: found, written: found, underWay: 0 },
      };
      expect(() => checks.started?.(reborn)).not.toThrow();
      const say = (): void => checks.left?.(reborn, 'n1', accepted('900.n1', 0));
      if (kept) expect(say).not.toThrow();
      else expect(say).toThrow('P4: ');
    }
  });

  it.each(Object.entries(faults))('find: %s', (rule, fault) => {
    expect(() => {
      fault(scene());
    }).toThrow(Violation);
    expect(() => {
      fault(scene());
    }).toThrow(rule);
  });
});
