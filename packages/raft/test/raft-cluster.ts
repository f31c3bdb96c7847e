/** Clusters of Raft engines for the specification tests, with all checks on. */
import { Cluster, type ClusterOptions } from '@quorate/conformance/engine';
import { raft, type RaftMessage, type RaftOptions } from '../src/index.ts';
import { raftChecks } from '../src/checks/index.ts';

export type RaftCluster = Cluster<RaftMessage>;

/** The default of `electionTimeoutMs`; scenarios count their time in it. */
export const electionTimeoutMs = 500;

/** A calm cluster of three, unless told otherwise. */
export function raftCluster(
  options: Omit<ClusterOptions<RaftMessage>, 'algorithm' | 'checks'> & {
    readonly raft?: RaftOptions;
  } = {},
): RaftCluster {
  return new Cluster({
    ...options,
    algorithm: raft(options.raft ?? {}),
    checks: (cluster) => [raftChecks(cluster)],
  });
}

/** Seeds for scenarios that depend on how time-outs and delays fall. */
export function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
