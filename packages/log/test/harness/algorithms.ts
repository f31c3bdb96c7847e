/**
 * Every algorithm that these tests run on, one line each. They keep little of the log behind a
 * snapshot, so that a node that was away for a moment needs one.
 */
import type { Algorithm } from '@quorate/core';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';

/** An algorithm to test with, in one of its ways. Nobody but the driver looks into its messages. */
export interface TestedAlgorithm {
  readonly name: string;
  readonly algorithm: () => Algorithm<unknown>;
}

const options = { keepBytesBehindSnapshot: 500 };

export const algorithms: readonly TestedAlgorithm[] = [
  { name: 'raft', algorithm: () => raft(options) },
  { name: 'paxos', algorithm: () => paxos(options) },
  {
    name: 'paxos, quorum reads',
    algorithm: () => paxos({ ...options, window: 3, reads: 'quorum' }),
  },
];

/** Those whose data and messages are not those of this one. */
export function algorithmsBeside({ algorithm }: TestedAlgorithm): readonly TestedAlgorithm[] {
  const { name } = algorithm();
  return algorithms.filter((other) => other.algorithm().name !== name);
}
