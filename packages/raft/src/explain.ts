/** What Raft leaves in a storage, as plain values for people and tools. */
import type { Explain } from '@quorate/core';
import { explainEntry, explainMembership } from '@quorate/core/engines';
import { headerBytes, recordTerm } from './record.ts';
import { decodeContext, decodeState } from './state.ts';

export const explain: Explain = {
  state: (bytes) => {
    const { base, memberships, runs, term, votedFor } = decodeState(bytes);
    return {
      term,
      votedFor: votedFor ?? null,
      base: { ...base },
      terms: runs.map((run) => ({ ...run })),
      memberships: memberships.map(({ index, membership }) => ({
        index,
        ...explainMembership(membership),
      })),
    };
  },
  record: (record) => ({ term: recordTerm(record), ...explainEntry(record, headerBytes) }),
  context: (bytes) => {
    const { index, knownIn, membership, term } = decodeContext(bytes);
    return { index, term, knownIn, ...explainMembership(membership) };
  },
};
