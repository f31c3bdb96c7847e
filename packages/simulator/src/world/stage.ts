/** What faults, operators and clients see of a world. */
import type { Membership, NodeId } from '@quorate/core';
import { isQuorum } from '@quorate/core';
import type { Entrance } from '../clients/entrance.ts';
import type { RemoteClient } from '../clients/remote.ts';
import type { Streams } from '../network/links.ts';
import type { SimulatedNode } from '../nodes/node.ts';
import type { Network } from '../network/network.ts';
import type { Journal } from './journal.ts';
import type { Schedule } from './schedule.ts';

/** A node of any machine. */
export type AnyNode = SimulatedNode<unknown, unknown, unknown, unknown>;

/** A world from outside. */
export interface Stage {
  readonly schedule: Schedule;
  readonly network: Network;
  readonly streams: Streams;
  readonly journal: Journal;
  readonly nodes: readonly AnyNode[];
  /** Hosts of clients far away. */
  readonly remotes: readonly RemoteClient[];
  /** The last membership that is decided. */
  membership(): Membership;
  /** Every membership that some node goes by. */
  memberships(): readonly Membership[];
  /** Undoes something after a while, or when the time of faults is over, whatever comes first. */
  undoAfter(ms: number, undo: () => void): void;
  /** Starts a node again after a while, unless somebody else has. */
  startAfter(ms: number, node: AnyNode): void;
  /** Many operations at once, by one way in; `undefined`: there is none now. */
  burst(operations: number, entrance: Entrance | undefined): void;
  /** Whether the time of faults is over. */
  readonly healing: boolean;
}

/** The node that leads in the highest epoch, among those that run. */
export function leaderOf({ nodes }: Stage): AnyNode | undefined {
  let leader: AnyNode | undefined;
  for (const node of nodes) {
    if (!node.leads || node.paused) continue;
    if (leader === undefined || node.engine.status.epoch > leader.engine.status.epoch)
      leader = node;
  }
  return leader;
}

/** Whether the intact nodes are enough to decide by every membership, also when these are lost. */
export function canLose(stage: Stage, lost: readonly NodeId[]): boolean {
  const intact = (id: NodeId): boolean => {
    const node = stage.nodes.find((each) => each.id === id);
    return node !== undefined && !node.broken && !node.damaged && !lost.includes(id);
  };
  return [stage.membership(), ...stage.memberships()].every(
    (membership) => membership.voters.length === 0 || isQuorum(membership, intact),
  );
}
