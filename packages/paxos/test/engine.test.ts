/** Multi-Paxos passes the suite of all engines, with its own invariants checked along. */
import { type EngineLimits, engineSuite } from '@quorate/conformance/engine';
import { describe, it } from 'vitest';
import { flexible, majority, paxos, type PaxosOptions } from '../src/index.ts';
import { paxosChecks, paxosRules } from '../src/checks/index.ts';

function optionsOf({ maxMessageRecordBytes, ...limits }: EngineLimits): PaxosOptions {
  return {
    ...limits,
    ...(maxMessageRecordBytes === undefined ? {} : { maxAppendBytes: maxMessageRecordBytes }),
  };
}

const capabilities = {
  oneLeaderPerEpoch: false,
  outOfOrderDecisions: true,
  emptyLogMayLead: true,
  truncatesSuffix: false,
  undisturbedLeader: true,
  settlesEpochs: true,
  leaseReads: true,
  learners: true,
  transfers: true,
} as const;

const deciding = flexible({ phase2: 2 });
const twoDecide = paxos({ quorums: deciding });
/** Slots that are not durable yet, at most (4 α), of the largest records that the suite writes. */
const tailSlackBytes = 512 * 1024;

engineSuite({
  framework: { describe, it },
  // More of them run in cluster.test.ts, and whole clusters in the simulator.
  swarm: { seeds: 10 },
  name: 'paxos',
  algorithm: (limits) => paxos(optionsOf(limits)),
  capabilities: { ...capabilities, readsAnywhere: false },
  rules: paxosRules(),
  flexible: {
    algorithm: twoDecide,
    rules: paxosRules(64, deciding),
    voters: 5,
    deciders: 2,
    electors: 4,
  },
  checks: (cluster) => [
    paxosChecks(cluster, {
      window: 64,
      quorums: cluster.algorithm === twoDecide ? deciding : majority(),
    }),
  ],
  tailSlackBytes,
});

engineSuite({
  framework: { describe, it },
  // More of them run in cluster.test.ts, and whole clusters in the simulator: there reads are drawn, too.
  swarm: { seeds: 5 },
  name: 'paxos with quorum reads',
  // Nothing else depends on how reads are confirmed: leases are the leader's in both.
  groups: ['reads', 'learners', 'codec', 'determinism', 'random faults'],
  algorithm: (limits) => paxos({ ...optionsOf(limits), reads: 'quorum' }),
  capabilities: { ...capabilities, readsAnywhere: true },
  rules: paxosRules(),
  checks: (cluster) => [paxosChecks(cluster, { window: 64, quorums: majority() })],
  tailSlackBytes,
});
