/**
 * Every algorithm that these tests run on, one line each. They keep little of the log behind a
 * snapshot, so that a node that was away for a moment needs one.
 */
import type { Algorithm } from '@quorate/core';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';

/** Options that mean the same to every algorithm. */
interface CommonOptions {
  readonly maxHeldLogBytes?: number;
  readonly maxUnappliedBytes?: number;
}

/** An algorithm to test with, in one of its ways. Nobody but the driver looks into its messages. */
export interface TestedAlgorithm {
  readonly name: string;
  readonly algorithm: () => Algorithm<unknown>;
  /** The same with other options. */
  readonly algorithmWith: (changes: CommonOptions) => Algorithm<unknown>;
}

const options = { keepBytesBehindSnapshot: 500 };

export const algorithms: readonly TestedAlgorithm[] = [
  tested('raft', (changes) => raft({ ...options, ...changes })),
  tested('paxos', (changes) => paxos({ ...options, ...changes })),
  tested('paxos, quorum reads', (changes) =>
    paxos({ ...options, window: 3, reads: 'quorum', ...changes }),
  ),
];

/** One of each that replicates in a way of its own: snapshots know nothing of how reads are confirmed. */
export const replicating: readonly TestedAlgorithm[] = algorithms.slice(0, 2);

function tested(
  name: string,
  algorithmWith: (changes: CommonOptions) => Algorithm<unknown>,
): TestedAlgorithm {
  return { name, algorithm: () => algorithmWith({}), algorithmWith };
}

/** Those whose data and messages are not those of this one. */
export function algorithmsBeside({ algorithm }: TestedAlgorithm): readonly TestedAlgorithm[] {
  const { name } = algorithm();
  return algorithms.filter((other) => other.algorithm().name !== name);
}
