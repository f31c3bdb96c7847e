/**
 * When an entry is committed (sections 5.3 and 5.4.2 of the paper).
 */
import { invariant, quorumValue } from '@quorate/core';
import { invariants } from './invariants.ts';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';

/**
 * Moves the leader's commit index to what is durable on a quorum.
 *
 * The leader's own log counts only as far as its own disk has confirmed it (thesis, section
 * 10.2.1), so a group of one waits for its own sync; and it does not count at all where the leader
 * is not a voter (section 6). Entries of earlier terms are never committed by counting (figure 8):
 * they are committed along with the first entry of this term, the no-op.
 */
export function advanceCommit(node: RaftNode, leadership: Leadership): void {
  if (!leadership.progressed) return;
  leadership.progressed = false;
  const { log, id } = node;
  const { peers } = leadership;
  const index = quorumValue(log.memberships.current, (voter) =>
    voter === id ? log.writes.durableIndex : peers.get(voter)?.matchIndex,
  );
  if (index > node.commitIndex && index >= leadership.firstIndex) {
    invariant(log.terms.termAt(index) === node.term, invariants.commitOwnTerm);
    // With the first commit of the term the reads that waited for it may be answered.
    if (node.commitIndex < leadership.firstIndex) leadership.answered = true;
    node.commitTo(index);
  }
  // The followers alone may commit: what a slow disk of the leader's own has not taken yet occupies
  // memory all the same.
  leadership.settled(Math.min(node.commitIndex, log.writes.durableIndex));
}
