/**
 * The end of a group, and what can be made of it: one node that goes on alone with what it holds, or
 * new nodes that are given a saved state. What the operator does with `quorate-kv`, on simulated disks.
 */
import {
  entryKind,
  type LogIndex,
  type Membership,
  membershipOf,
  type NodeId,
  type StagedSnapshot,
} from '@quorate/core';
import type { Image } from '@quorate/core/checks';
import type { Cluster } from './cluster.ts';
import type { SimNode } from './node.ts';

/** A state that was saved. */
export interface SavedState {
  readonly index: LogIndex;
  /** The consumer's bytes. */
  readonly content: Uint8Array;
}

/** How much of the disk is read at once: little, so that it takes several pages. */
const pageBytes = 1000;

/**
 * All nodes end, and all disks are lost but one: its node becomes the only voter. It is not started.
 * The others may start as new nodes, under the names of the lost ones.
 */
export function forceSoleVoter<Message>(cluster: Cluster<Message>, id: NodeId): void {
  const survivor = cluster.node(id);
  survivor.crash();
  const before = survivor.disk.durable.copy();
  rewrite(cluster, survivor);
  // Only now: where there is nothing to go on from, nothing has happened.
  for (const node of cluster.nodes) if (node !== survivor) node.wipe();
  const base = survivor.disk.durable.snapshot?.index ?? 0;
  cluster.regroup({
    nodes: [survivor],
    survivor,
    membership: membershipOf([{ id }]),
    base,
    held: heldBehind(base, before, cluster.algorithm.headerBytes),
  });
}

/** All nodes end, and all disks are lost. These nodes are given a saved state; they are not started. */
export function beginFrom<Message>(
  cluster: Cluster<Message>,
  { index, content }: SavedState,
  membership: Membership,
): void {
  for (const node of cluster.nodes) node.wipe();
  const nodes = membership.voters.map(({ id }) => cluster.node(id));
  for (const { disk } of nodes) {
    const snapshot = { id: disk.stage(content), index };
    disk.rewrite(cluster.algorithm.beginFrom({ snapshot, membership }));
  }
  cluster.regroup({ nodes, survivor: undefined, membership, base: index, held: new Map() });
}

function rewrite<Message>({ algorithm }: Cluster<Message>, { id, disk }: SimNode<Message>): void {
  const recovered = disk.recovered();
  const stored = disk.snapshot;
  const snapshot: StagedSnapshot | undefined = stored && {
    id: disk.stage(stored.content),
    index: stored.index,
  };
  const sole = algorithm.forceSoleVoter({ recovered, member: { id }, snapshot });
  for (let span = sole.unseen; span !== undefined; span = sole.unseen) {
    sole.see(disk.read(span.first, span.last, pageBytes));
  }
  disk.rewrite(sole.steps());
}

/** Who the group is may change; whatever else a node held has to stay. */
function heldBehind(
  base: LogIndex,
  image: Image,
  headerBytes: number,
): ReadonlyMap<LogIndex, Uint8Array> {
  const held = new Map<LogIndex, Uint8Array>();
  for (let index = Math.max(base + 1, image.first); index <= image.last; index++) {
    const record = image.record(index);
    if (record === undefined || entryKind(record, headerBytes) === 'membership') continue;
    held.set(index, record);
  }
  return held;
}
