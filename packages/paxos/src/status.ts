/**
 * What a node says of itself: a live view, computed when somebody looks.
 */
import type { EngineStatus, LogIndex, Membership, NodeId, PeerStatus, Role } from '@quorate/core';
import type { PaxosNode } from './node.ts';
import { isActive } from './peer.ts';
import { contactOf } from './reads.ts';

/** A view on a node. */
export class PaxosStatus implements EngineStatus {
  readonly #node: PaxosNode;

  constructor(node: PaxosNode) {
    this.#node = node;
  }

  get role(): Role {
    const { role, isVoter } = this.#node;
    return role === 'follower' && !isVoter ? 'learner' : role;
  }

  get leader(): NodeId | undefined {
    return this.#node.leader;
  }

  get epoch(): number {
    return this.#node.promised.round;
  }

  get firstIndex(): LogIndex {
    return this.#node.firstIndex;
  }

  get lastIndex(): LogIndex {
    return this.#node.lastIndex;
  }

  get commitIndex(): LogIndex {
    return this.#node.chosen;
  }

  /** See `proposer.ts`: a record that is chosen says so. */
  get settledEpoch(): number {
    return this.#node.settledRound;
  }

  get membership(): Membership {
    return this.#node.configurations.current;
  }

  get contactAt(): number | undefined {
    const node = this.#node;
    const { leadership } = node;
    if (leadership === undefined) return node.contactAt;
    return Math.max(leadership.contactAt, contactOf(node, leadership));
  }

  get tailBytes(): number {
    return this.#node.tail.bytes;
  }

  get peers(): readonly PeerStatus[] {
    const node = this.#node;
    return [...(node.leadership?.peers.values() ?? [])]
      .filter((peer) => peer.leavingIndex === undefined)
      .map((peer) => ({
        id: peer.id,
        matchIndex: peer.match,
        state: stateOf(node, peer),
        active: isActive(node, peer),
      }));
  }
}

function stateOf(
  node: PaxosNode,
  { id, heardAt }: { readonly id: NodeId; readonly heardAt: number | undefined },
): PeerStatus['state'] {
  if (node.shipments.isUnderWay(id)) return 'snapshot';
  return heardAt === undefined ? 'probe' : 'replicate';
}
