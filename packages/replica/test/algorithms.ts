/**
 * Every algorithm that these tests run on, one line each.
 */
import type { Algorithm } from '@quorate/core';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';

/** Options that mean the same to every algorithm. */
export interface AlgorithmOptions {
  readonly electionTimeoutMs?: number;
  readonly heartbeatMs?: number;
  readonly keepBytesBehindSnapshot?: number;
}

/** An algorithm to test with, in one of its ways. Nobody but the driver looks into its messages. */
export interface TestedAlgorithm {
  readonly name: string;
  readonly algorithm: (options?: AlgorithmOptions) => Algorithm<unknown>;
}

export const algorithms: readonly TestedAlgorithm[] = [
  { name: 'raft', algorithm: raft },
  { name: 'paxos', algorithm: paxos },
  {
    name: 'paxos, quorum reads',
    algorithm: (options) => paxos({ ...options, window: 3, reads: 'quorum' }),
  },
];
