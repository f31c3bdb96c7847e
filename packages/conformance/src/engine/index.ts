/**
 * The suite that every engine must pass, and the deterministic world that it happens in.
 *
 * The suite knows nothing but the `Engine` port. What correct algorithms do differently they declare as
 * {@link EngineCapabilities}, and are held to. The world, {@link Cluster} and what belongs to it, is
 * published too: for tests that only one algorithm can pass.
 */
import { beginningTests } from './beginnings.ts';
import { codecTests } from './codecs.ts';
import { determinismTests } from './determinism.ts';
import { disasterTests } from './disasters.ts';
import { electionTests } from './elections.ts';
import { faultTests } from './faults.ts';
import { flexibleTests } from './flexible.ts';
import { learnerTests } from './learners.ts';
import { leaseTests } from './leases.ts';
import { limitTests } from './limits.ts';
import { livenessTests } from './liveness.ts';
import { logTests } from './logs.ts';
import { membershipTests } from './memberships.ts';
import type { EngineSuiteOptions, EngineTestGroup } from './options.ts';
import { readTests } from './reads.ts';
import { replicationTests } from './replication.ts';
import { restartTests } from './restarts.ts';
import { EngineTests } from './scene.ts';
import { settlementTests } from './settlements.ts';
import { snapshotFaultTests } from './snapshot-faults.ts';
import { snapshotTests } from './snapshots.ts';
import { transferTests } from './transfers.ts';

export type { TestFramework } from '../framework.ts';
export type { EngineCapabilities, FlexibleQuorums } from './capabilities.ts';
export type { EngineLimit, EngineLimits, EngineSuiteOptions, EngineTestGroup } from './options.ts';
export { seedTests, type SeedTestsOptions } from './seed-tests.ts';
export * from './world/index.ts';

/** Registers the suite. */
export function engineSuite<Message>(options: EngineSuiteOptions<Message>): void {
  const { framework, flexible } = options;
  const all: Partial<Record<EngineTestGroup, (tests: EngineTests<Message>) => void>> = {
    elections: electionTests,
    liveness: livenessTests,
    replication: replicationTests,
    logs: logTests,
    restarts: restartTests,
    memberships: membershipTests,
    learners: learnerTests,
    transfers: transferTests,
    reads: readTests,
    leases: leaseTests,
    snapshots: snapshotTests,
    'faults around snapshots': snapshotFaultTests,
    settlements: settlementTests,
    'disaster recovery': disasterTests,
    'groups that begin from a saved state': beginningTests,
    limits: limitTests,
    ...(flexible === undefined
      ? {}
      : { 'flexible quorums': (tests) => flexibleTests(tests, flexible) }),
    codec: codecTests,
    determinism: determinismTests,
    'random faults': faultTests,
  };
  framework.describe(options.name, () => {
    for (const [name, register] of Object.entries(all)) {
      if (options.groups?.some((group) => group === name) === false) continue;
      framework.describe(name, () => {
        register(new EngineTests(options));
      });
    }
  });
}
