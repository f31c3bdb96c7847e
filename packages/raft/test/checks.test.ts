/** What the checks of Raft find: a group that did everything right is told that it did something else. */
import type { Effects, EngineStatus, NodeId, StorageOp } from '@quorate/core';
import { Image, type Observer, type Turn, Violation, type WatchedNode } from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';
import { raftChecks } from '../src/checks/index.ts';
import type { RaftMessage } from '../src/index.ts';
import { type RaftCluster, raftCluster } from './raft-cluster.ts';

const nothing: Effects<RaftMessage> = {
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

/** A turn in which a node writes this. */
function writing(node: WatchedNode, ...ops: readonly StorageOp[]): Turn<RaftMessage> {
  const effects = { ...nothing, writes: [{ id: 1, ops }] };
  return { inputs: [], effects, memberships: [node.engine.status.membership], now: 0 };
}

interface Scene {
  readonly cluster: RaftCluster;
  readonly checks: Observer<RaftMessage>;
  readonly leader: WatchedNode;
  readonly follower: WatchedNode;
  readonly say: (from: WatchedNode, to: NodeId, message: RaftMessage) => void;
}

/** A group with a leader and some entries, and checks that have seen all of it. */
function scene(): Scene {
  const cluster = raftCluster();
  const checks = raftChecks(cluster);
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
    follower,
    say: (from, to, message) => checks.left?.(from, to, message),
  };
}

/** The same node, but for some of what it shows. */
function but(node: WatchedNode, shown: Partial<EngineStatus>, disk = node.disk): WatchedNode {
  const { id, up, life, bootstrap, engine } = node;
  const { status: now } = engine;
  // A status is a view, whose fields cannot be spread.
  const status: EngineStatus = {
    role: now.role,
    leader: now.leader,
    epoch: now.epoch,
    firstIndex: now.firstIndex,
    lastIndex: now.lastIndex,
    commitIndex: now.commitIndex,
    settledEpoch: now.settledEpoch,
    membership: now.membership,
    contactAt: now.contactAt,
    tailBytes: now.tailBytes,
    peers: now.peers,
    ...shown,
  };
  return { id, up, life, bootstrap, disk, engine: { status } };
}

const yes = { type: 'vote-reply', term: 40, pre: false, granted: true } as const;

const faults: Readonly<Record<string, (scene: Scene) => void>> = {
  'votes for n1 and for n3': ({ cluster, say }) => {
    say(cluster.node('n2'), 'n1', yes);
    say(cluster.node('n2'), 'n3', yes);
  },
  'told of term 40 and woke up in': ({ checks, follower, say }) => {
    say(follower, 'n1', yes);
    checks.started?.(follower);
  },
  'acknowledges 99 and has only': ({ follower, say }) => {
    const term = follower.engine.status.epoch;
    const rest = { verified: 99, round: 0, sentAt: 0, rejected: undefined };
    say(follower, 'n1', { type: 'append-reply', term, match: 99, ...rest });
  },
  'log matching': ({ checks, follower }) => {
    const index = follower.disk.written.last;
    const record = follower.disk.written.record(index)?.slice() ?? new Uint8Array(0);
    record[record.length - 1] = 77;
    checks.took?.(follower, writing(follower, { type: 'put', index, record }));
  },
  'leader append-only': ({ checks, leader }) => {
    checks.took?.(leader, writing(leader, { type: 'dropAfter', index: 99 }));
  },
  'truncates committed entries': ({ checks, follower }) => {
    checks.took?.(follower, writing(follower, { type: 'dropAfter', index: 1 }));
  },
  'leader completeness': ({ checks, follower }) => {
    const empty = { durable: new Image(), written: new Image(), underWay: 0 };
    const elected = but(follower, { role: 'leader', epoch: 40 }, empty);
    checks.stepped?.(elected, { type: 'tick' });
  },
  'membership: in force on': ({ checks, follower }) => {
    const { membership } = follower.engine.status;
    const fewer = { ...membership, voters: membership.voters.slice(1) };
    const node = but(follower, { membership: fewer });
    checks.took?.(node, writing(node));
  },
};

describe('the checks of Raft', () => {
  it('find nothing where nothing is wrong', () => {
    const { checks, follower, leader } = scene();
    for (const node of [follower, leader]) {
      checks.stepped?.(node, { type: 'tick' });
      checks.took?.(node, writing(node));
      checks.started?.(node);
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
