/** Raft passes the suite of all engines, with its own invariants checked along. */
import { engineSuite } from '@quorate/conformance/engine';
import { describe, it } from 'vitest';
import { raft } from '../src/index.ts';
import { raftChecks } from '../src/checks/index.ts';

engineSuite({
  framework: { describe, it },
  // More of them run in cluster.test.ts, and whole clusters in the simulator.
  swarm: { seeds: 15 },
  name: 'raft',
  algorithm: ({ maxMessageRecordBytes, ...limits }) =>
    raft({
      ...limits,
      ...(maxMessageRecordBytes === undefined ? {} : { maxAppendBytes: maxMessageRecordBytes }),
    }),
  capabilities: {
    oneLeaderPerEpoch: true,
    outOfOrderDecisions: false,
    emptyLogMayLead: false,
    truncatesSuffix: true,
    undisturbedLeader: true,
    settlesEpochs: true,
    readsAnywhere: false,
    leaseReads: true,
    learners: true,
    transfers: true,
  },
  checks: (cluster) => [raftChecks(cluster)],
});
