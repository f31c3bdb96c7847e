/** Clusters of Paxos engines for the specification tests, with all checks on. */
import { Cluster, type ClusterOptions } from '@quorate/conformance/engine';
import { majority, paxos, type PaxosMessage, type PaxosOptions } from '../src/index.ts';
import { paxosChecks, paxosRules } from '../src/checks/index.ts';

export type PaxosCluster = Cluster<PaxosMessage>;

/** The default of `electionTimeoutMs`; scenarios count their time in it. */
export const electionTimeoutMs = 500;

/** A calm cluster of three, unless told otherwise. */
export function paxosCluster(
  options: Omit<ClusterOptions<PaxosMessage>, 'algorithm' | 'checks' | 'rules'> & {
    readonly paxos?: PaxosOptions;
    /** Whether two phase-1 quorums always meet. @default true */
    readonly electorsMeet?: boolean;
  } = {},
): PaxosCluster {
  const { window = 64, quorums = majority() } = options.paxos ?? {};
  return new Cluster({
    ...options,
    algorithm: paxos(options.paxos ?? {}),
    rules: {
      ...paxosRules(window, quorums),
      oneLeaderPerEpoch: options.electorsMeet ?? true,
    },
    checks: (cluster) => [paxosChecks(cluster, { window, quorums })],
  });
}

/** Seeds for scenarios that depend on how time-outs and delays fall. */
export function seeds(count: number): readonly number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
