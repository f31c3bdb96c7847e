/** Whose lease read it was: two nodes, and two lives of one node, give the same tickets to other reads. */
import {
  type Effects,
  type EngineStatus,
  membershipOf,
  type NodeId,
  type Role,
} from '@quorate/core';
import {
  Image,
  Recorder,
  type Turn,
  type WatchedGroup,
  type WatchedNode,
} from '@quorate/core/checks';
import { describe, expect, it } from 'vitest';
import { Ballots } from '../src/checks/ballots.ts';
import { paxosRules } from '../src/checks/index.ts';
import { LeaseReads } from '../src/checks/lease-reads.ts';
import { Slots } from '../src/checks/slots.ts';
import { majority, type PaxosMessage } from '../src/index.ts';
import { headerBytes } from '../src/record.ts';

const bootstrap = membershipOf(['n1', 'n2', 'n3'].map((id) => ({ id })));
const quorums = majority();

interface Place {
  role: Role;
  epoch: number;
  life: number;
}

/** Two nodes that both believe to lead; the second has the promises of a majority, in a higher ballot. */
function scene(): {
  readonly reads: LeaseReads;
  readonly node: (id: NodeId) => WatchedNode;
  readonly places: Readonly<Record<'n1' | 'n2' | 'n3', Place>>;
} {
  const places: Record<'n1' | 'n2' | 'n3', Place> = {
    n1: { role: 'leader', epoch: 1, life: 1 },
    n2: { role: 'leader', epoch: 2, life: 1 },
    n3: { role: 'follower', epoch: 2, life: 1 },
  };
  const nodes = Object.entries(places).map(([id, place]) => watched(id, place));
  const node = (id: NodeId): WatchedNode => {
    const found = nodes.find((each) => each.id === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  };
  const group: WatchedGroup<PaxosMessage> = {
    nodes,
    live: nodes,
    bootstrap,
    recorder: new Recorder({
      headerBytes,
      rules: paxosRules(),
      nodes: () => nodes,
      maxTailBytes: 0,
      maxDurableTailBytes: 0,
      bootstrap,
      onDecided: () => undefined,
    }),
  };
  const slots = new Slots({ window: 64, quorums }, bootstrap);
  const ballots = new Ballots();
  const ballot = { round: 2, node: 'n2' };
  ballots.ask(ballot, 1);
  ballots.receive(node('n2'), 'n3', {
    type: 'promise',
    ballot,
    chosen: 0,
    firstIndex: 1,
    from: 1,
    votes: [],
    next: 0,
  });
  return { reads: new LeaseReads(group, quorums, slots, ballots), node, places };
}

function watched(id: NodeId, place: Place): WatchedNode {
  const status = (): EngineStatus => ({
    role: place.role,
    leader: undefined,
    epoch: place.epoch,
    firstIndex: 1,
    lastIndex: 0,
    commitIndex: 0,
    settledEpoch: 0,
    membership: bootstrap,
    contactAt: undefined,
    tailBytes: 0,
    peers: [],
  });
  return {
    id,
    up: true,
    get life() {
      return place.life;
    },
    bootstrap,
    engine: {
      get status() {
        return status();
      },
    },
    disk: { durable: new Image(), written: new Image(), underWay: 0 },
  };
}

/** A turn in which a read comes and is answered. */
function answer(ticket: number): Turn<PaxosMessage> {
  const effects: Effects<PaxosMessage> = {
    writes: [],
    sends: [],
    committed: [],
    restored: undefined,
    reads: [{ ticket, index: 0 }],
    outcomes: [],
    loads: [],
    ships: [],
    wakeAt: Number.POSITIVE_INFINITY,
  };
  const inputs = [{ type: 'read', ticket, guarantee: 'lease' }] as const;
  return { inputs, effects, memberships: [bootstrap], now: 0 };
}

describe('a read under a lease', () => {
  it('is not answered while somebody else leads those who decide', () => {
    const { reads, node, places } = scene();
    reads.ask(node('n1'), 7);
    expect(() => {
      reads.check(node('n1'), answer(7));
    }).toThrow('n1 answers under its lease, and n2 leads');
    places.n2.role = 'follower';
    reads.ask(node('n1'), 8);
    expect(() => {
      reads.check(node('n1'), answer(8));
    }).not.toThrow();
  });

  it('is none because another node was asked for one under the same ticket', () => {
    const { reads, node, places } = scene();
    reads.ask(node('n3'), 7);
    expect(() => {
      reads.check(node('n1'), answer(7));
    }).not.toThrow();
    // And the answer to the one is not the answer to the other.
    Object.assign(places.n3, { role: 'leader', epoch: 1 });
    expect(() => {
      reads.check(node('n3'), answer(7));
    }).toThrow('n3 answers under its lease, and n2 leads');
  });

  it('is none because an earlier life of the node was asked for one under the same ticket', () => {
    const { reads, node, places } = scene();
    reads.ask(node('n1'), 7);
    places.n1.life = 3;
    expect(() => {
      reads.check(node('n1'), answer(7));
    }).not.toThrow();
    reads.ask(node('n1'), 7);
    expect(() => {
      reads.check(node('n1'), answer(7));
    }).toThrow('n1 answers under its lease, and n2 leads');
  });
});
