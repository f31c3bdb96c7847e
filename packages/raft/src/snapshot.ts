/**
 * Snapshots (section 7 of the paper): published here, installed from elsewhere, shipped to others.
 *
 * The engine never sees their content. Publishing one, trimming the log and noting both in the
 * durable state is one atomic write.
 */
import {
  type Input,
  invariant,
  type LogIndex,
  MalformedError,
  type StagedSnapshot,
} from '@quorate/core';
import { invariants } from './invariants.ts';
import type { RaftMessage } from './messages.ts';
import type { RaftNode } from './node.ts';
import { decodeContext, encodeContext, type SnapshotContext } from './state.ts';

type Of<Type extends Input<RaftMessage>['type']> = Extract<Input<RaftMessage>, { type: Type }>;

/** Publishes a snapshot of what the consumer has applied, and trims the log. */
export function compact(node: RaftNode, { ticket, snapshot }: Of<'compact'>): void {
  const { log, settings } = node;
  const { index } = snapshot;
  if (index <= node.snapshot.index || index > node.delivery.applied) {
    node.outbox.reject(ticket, 'stale');
    return;
  }
  const term = log.terms.termAt(index);
  // The membership at this very index: a later one may still be taken back, and an earlier one would
  // bring back voters that are gone.
  const { membership } = log.memberships.at(index);
  invariant(membership.voters.length > 0, invariants.snapshotNamesGroup);
  publish(node, snapshot, { index, term, knownIn: node.term, membership });
  node.publications.add(ticket, snapshot, false);
  node.trimTo = log.trimPointBehind(index, settings.keepBytesBehindSnapshot);
  log.trimThrough(Math.min(node.trimTo, heldIndex(node)));
}

/** Trims what a compaction had to leave, once nobody needs it any more. */
export function releaseHeldLog(node: RaftNode): void {
  if (node.trimTo <= node.log.terms.base.index) return;
  if (heldIndex(node) === Number.POSITIVE_INFINITY) node.log.trimThrough(node.trimTo);
}

/** Puts a snapshot from elsewhere in the place of the log up to its index. */
export function install(node: RaftNode, { ticket, snapshot, context }: Of<'install'>): void {
  const point = readContext(context);
  if (typeof point === 'string' || point.index !== snapshot.index) {
    const detail = typeof point === 'string' ? point : 'the snapshot is of another index';
    node.outbox.reject(ticket, 'invalid', detail);
    return;
  }
  if (point.index <= node.commitIndex) {
    node.outbox.reject(ticket, 'stale');
    return;
  }
  // What a snapshot covers is committed, whoever sends it. A leader from before that was known may
  // lack it, and is not to be listened to any more.
  if (point.knownIn > node.term) node.follow(point.knownIn, undefined);
  const { log } = node;
  if (log.has(point.index, point.term)) {
    // Section 7: what follows is still of use, and is equal up to here.
    node.commitTo(point.index);
    publish(node, snapshot, point);
    log.trimThrough(point.index);
  } else {
    // The log is another one somewhere before this index, so nothing behind it may stay, nor any
    // membership that stood there; a candidacy that rested on it ends.
    if (node.role !== 'follower') node.follow(node.term, undefined);
    log.restartAt({ index: point.index, term: point.term }, point.membership, node.commitIndex);
    node.commitTo(point.index);
    node.following.truncateAfter(point.index);
    publish(node, snapshot, point);
  }
  node.publications.add(ticket, snapshot, true);
}

/** What became of a shipment to a follower. */
export function shipped(node: RaftNode, { to, index }: Of<'shipped'>): void {
  const peer = node.leadership?.peers.get(to);
  if (peer === undefined) return;
  peer.shipping = false;
  if (peer.state !== 'snapshot') return;
  if (index === undefined) {
    peer.heldIndex = undefined;
    peer.shipAgainAt = node.now + node.settings.electionTimeoutMs;
  } else {
    peer.probeFrom(Math.max(Math.min(index, node.log.lastIndex), peer.matchIndex) + 1);
  }
}

/**
 * How far the log may go at most: a follower that a snapshot travels to needs what stands behind it,
 * or it would need another snapshot by the time it has this one, and so on for ever.
 */
function heldIndex(node: RaftNode): LogIndex {
  let held = Number.POSITIVE_INFINITY;
  for (const peer of node.leadership?.peers.values() ?? []) {
    if (peer.heldIndex === undefined) continue;
    const grown = node.log.appendedBytes - peer.heldSinceBytes;
    if (grown > node.settings.maxHeldLogBytes) peer.heldIndex = undefined;
    else held = Math.min(held, Math.max(peer.heldIndex, peer.matchIndex));
  }
  return held;
}

function publish(node: RaftNode, snapshot: StagedSnapshot, context: SnapshotContext): void {
  node.snapshot = { index: context.index, term: context.term };
  node.log.publish({
    type: 'snapshot',
    id: snapshot.id,
    index: context.index,
    context: encodeContext(context),
  });
}

function readContext(bytes: Uint8Array): SnapshotContext | string {
  try {
    return decodeContext(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}
