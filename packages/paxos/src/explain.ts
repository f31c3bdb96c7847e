/** What Multi-Paxos leaves in a storage, as plain values for people and tools. */
import type { Explain } from '@quorate/core';
import { explainEntry, explainMembership } from '@quorate/core/engines';
import type { Ballot } from './ballot.ts';
import type { PlacedMembership } from './configurations.ts';
import { ballotOf, headerBytes, isMarkedChosen } from './record.ts';
import { decodeContext, decodeState } from './state.ts';

export const explain: Explain = {
  state: (bytes) => {
    const { agreement, base, chosen, knownIn, memberships, promised, settledRound } =
      decodeState(bytes);
    return {
      promised: ballotText(promised),
      chosen,
      base,
      knownIn: ballotText(knownIn),
      settledRound,
      agreement,
      memberships: memberships.map(placed),
    };
  },
  record: (record) => ({
    ballot: ballotText(ballotOf(record)),
    chosen: isMarkedChosen(record),
    ...explainEntry(record, headerBytes),
  }),
  context: (bytes) => {
    const { agreement, index, knownIn, placed: membership, settledRound } = decodeContext(bytes);
    return { index, knownIn: ballotText(knownIn), settledRound, agreement, ...placed(membership) };
  },
};

function ballotText({ node, round }: Ballot): string {
  return `${String(round)}.${node}`;
}

function placed({ index, membership }: PlacedMembership) {
  return { placedAt: index, ...explainMembership(membership) };
}
