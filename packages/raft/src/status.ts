/**
 * What a node says of itself: a live view, computed when somebody looks.
 */
import type { EngineStatus, LogIndex, Membership, NodeId, PeerStatus, Role } from '@quorate/core';
import type { RaftNode } from './node.ts';
import { contactOf } from './reads.ts';

/** A view on a node. */
export class RaftStatus implements EngineStatus {
  readonly #node: RaftNode;

  constructor(node: RaftNode) {
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
    return this.#node.term;
  }

  get firstIndex(): LogIndex {
    return this.#node.log.firstIndex;
  }

  get lastIndex(): LogIndex {
    return this.#node.log.lastIndex;
  }

  get commitIndex(): LogIndex {
    return this.#node.commitIndex;
  }

  /**
   * The entry at the commit index is in the log of every later leader (figure 3), and terms never fall
   * along a log; so an entry of an earlier term than its own stands in front of it, or nowhere.
   */
  get settledEpoch(): number {
    const { commitIndex, log } = this.#node;
    return log.terms.termAt(commitIndex);
  }

  get membership(): Membership {
    return this.#node.log.memberships.current;
  }

  get contactAt(): number | undefined {
    const node = this.#node;
    const { leadership } = node;
    if (leadership === undefined) return node.contactAt;
    return Math.max(leadership.contactAt, contactOf(node, leadership));
  }

  get tailBytes(): number {
    return this.#node.log.tail.bytes;
  }

  get peers(): readonly PeerStatus[] {
    return [...(this.#node.leadership?.peers.values() ?? [])]
      .filter((peer) => peer.leavingIndex === undefined)
      .map(({ id, matchIndex, state, active }) => ({ id, matchIndex, state, active }));
  }
}
