/**
 * Snapshots: published here, installed from elsewhere, shipped to others.
 *
 * The engine never sees their content. Publishing one, trimming the log and noting both in the durable
 * state is one atomic write. A snapshot takes the place of chosen slots only: what was accepted behind it
 * stays.
 */
import {
  type Input,
  invariant,
  type LogIndex,
  MalformedError,
  type StagedSnapshot,
} from '@quorate/core';
import { isNearRound } from './ballot.ts';
import { invariants } from './invariants.ts';
import { advance, know } from './learner.ts';
import type { PaxosMessage } from './messages.ts';
import type { PaxosNode } from './node.ts';
import { decodeContext, encodeContext, type SnapshotContext } from './state.ts';

type Of<Type extends Input<PaxosMessage>['type']> = Extract<Input<PaxosMessage>, { type: Type }>;

/** Publishes a snapshot of what the consumer has applied, and trims the log. */
export function compact(node: PaxosNode, { ticket, snapshot }: Of<'compact'>): void {
  const { configurations, knownIn, settings, settledRound } = node;
  const { index } = snapshot;
  if (index <= node.snapshot || index > node.delivery.applied) {
    node.outbox.reject(ticket, 'stale');
    return;
  }
  const placed = configurations.at(index);
  invariant(placed.membership.voters.length > 0, invariants.snapshotNamesGroup);
  const { agreement } = settings;
  publish(node, snapshot, {
    agreement,
    index,
    knownIn,
    // What a later record settles is settled only for whoever has that record.
    settledRound: node.settledAt <= index ? settledRound : 0,
    placed,
  });
  node.publications.add(ticket, snapshot, false);
  node.trimTo = trimPoint(node, index);
  node.trimThrough(Math.min(node.trimTo, freeIndex(node)));
}

/** Trims what a compaction had to leave, once nobody needs it any more. Once a turn. */
export function releaseHeldLog(node: PaxosNode): void {
  if (node.trimTo <= node.base) return;
  if (freeIndex(node) >= node.trimTo) node.trimThrough(node.trimTo);
}

/** Puts a snapshot from elsewhere in the place of the log up to its index. */
export function install(node: PaxosNode, { ticket, snapshot, context }: Of<'install'>): void {
  const found = readContext(context);
  if (typeof found === 'string' || found.index !== snapshot.index) {
    const detail = typeof found === 'string' ? found : 'the snapshot is of another index';
    node.outbox.reject(ticket, 'invalid', detail);
    return;
  }
  if (found.agreement !== node.settings.agreement) {
    const detail = 'the snapshot is of a group with another window or other quorums';
    node.outbox.reject(ticket, 'invalid', detail);
    return;
  }
  if (!isNearRound(found.knownIn.round, node.barrier.round)) {
    node.outbox.reject(ticket, 'invalid', 'the snapshot is of a round that cannot be');
    return;
  }
  if (found.index <= node.chosen) {
    node.outbox.reject(ticket, 'stale');
    return;
  }
  // It was chosen without this leader.
  if (node.role === 'leader') node.follow(undefined);
  know(node, found.knownIn);
  invariant(found.index > node.chosen, invariants.chosenNeverFalls);
  node.chosen = found.index;
  if (found.settledRound > node.settledRound) {
    node.settledRound = found.settledRound;
    node.settledAt = found.index;
  }
  node.configurations.reset(found.placed);
  node.tail.reset(found.index + 1);
  node.slots.dropThrough(found.index);
  publish(node, snapshot, found);
  node.trimThrough(found.index);
  node.publications.add(ticket, snapshot, true);
  // What stands behind it may have been known to be chosen, and only waited for this.
  advance(node);
}

/**
 * How far the log may be trimmed at most. What is chosen may be applied before the own vote for it is
 * durable; to trim it then would be to say that it is.
 */
function freeIndex(node: PaxosNode): LogIndex {
  return Math.min(node.shipments.heldIndex(node), node.slots.floor);
}

function publish(node: PaxosNode, snapshot: StagedSnapshot, context: SnapshotContext): void {
  node.snapshot = context.index;
  node.journal.publish({
    type: 'snapshot',
    id: snapshot.id,
    index: context.index,
    context: encodeContext(context),
  });
}

/**
 * How far the log may be trimmed so that at most `keepBytesBehindSnapshot` of what memory holds stay
 * behind. Records that only the disk holds are not worth keeping.
 */
function trimPoint({ tail, settings }: PaxosNode, index: LogIndex): LogIndex {
  let point = index;
  for (let bytes = 0; point >= tail.firstIndex; point--) {
    bytes += tail.at(point).record.length;
    if (bytes > settings.keepBytesBehindSnapshot) break;
  }
  return point;
}

function readContext(bytes: Uint8Array): SnapshotContext | string {
  try {
    return decodeContext(bytes);
  } catch (error) {
    if (error instanceof MalformedError) return error.message;
    throw error;
  }
}
