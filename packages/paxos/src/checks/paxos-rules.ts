/**
 * What a recorder has to know of Multi-Paxos: each index is decided by a phase-2 quorum of the voters
 * that own it, and by nobody else (see `configurations.ts`).
 */
import type { NodeId } from '@quorate/core';
import type { Decision, EngineRules, PlacedMembership } from '@quorate/core/checks';
import { majority, type QuorumSystem } from '../quorums.ts';

/** The voters that own an index, out of the memberships that are decided; under a window of so many slots. */
export function ownersOf(
  index: number,
  decided: readonly PlacedMembership[],
  window: number,
): readonly NodeId[] {
  const placed = decided.findLast((each) => each.index < index) ?? decided[0];
  if (placed === undefined) return [];
  const { voters, outgoing } = placed.membership;
  const owners = outgoing.length === 0 || index >= placed.index + window ? voters : outgoing;
  return owners.map(({ id }) => id);
}

/**
 * The rules of a group with this window and these quorums.
 *
 * Two nodes may lead in one round, each in its own ballot. Where electors always meet and voters do not
 * change they do not: `{ ...paxosRules(), oneLeaderPerEpoch: true }` holds a group to that.
 *
 * @param window as in the engine's options. @default 64
 * @param quorums as in the engine's options. @default majority()
 */
export function paxosRules(window: number = 64, quorums: QuorumSystem = majority()): EngineRules {
  return {
    decides: ({ index, decided, holds }: Decision) =>
      quorums.phase2(ownersOf(index, decided, window), holds),
    // Voters change only by an entry that keeps the old ones as outgoing, or ends that.
    mayFollow: (before, after) => {
      const ids = (members: typeof before.voters): string => members.map(({ id }) => id).join();
      if (before.outgoing.length > 0) {
        return after.outgoing.length === 0 && ids(after.voters) === ids(before.voters);
      }
      return ids(after.outgoing.length > 0 ? after.outgoing : after.voters) === ids(before.voters);
    },
    oneLeaderPerEpoch: false,
    truncatesSuffix: false,
    contiguousLog: false,
  };
}
