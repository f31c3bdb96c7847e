/**
 * The suite that every storage must pass.
 *
 * It knows nothing but the port. What a test needs beyond it (losing power, failing a write,
 * damaging a record) comes from the harness; a harness that cannot do something
 * says so in `without`, and the tests that need it are not registered.
 */
import { systemRuntime } from '@quorate/core';
import { failedIn } from '../check.ts';
import { crashPointTests } from './crash-points.ts';
import { crashTests } from './crashes.ts';
import { failedSyncTests } from './failed-syncs.ts';
import { failureTests } from './failures.ts';
import { flipTests } from './flips.ts';
import type { StorageFeature, StorageSuiteOptions, StorageTests } from './harness.ts';
import { historyTests } from './histories.ts';
import { lifecycleTests } from './lifecycle.ts';
import { Place } from './place.ts';
import { recordTests } from './records.ts';
import { retentionTests } from './retention.ts';
import { snapshotTests } from './snapshots.ts';
import { stagingTests } from './staging.ts';
import { writeTests } from './writes.ts';

export type { TestFramework } from '../framework.ts';
export type {
  Coverage,
  CrashCase,
  HarnessStorageOptions,
  Loss,
  StorageFeature,
  StorageHarness,
  StorageSuiteOptions,
} from './harness.ts';

/** Registers the suite. */
export function storageSuite(options: StorageSuiteOptions): void {
  const { framework, without = [] } = options;
  const seed = options.seed ?? Math.floor(systemRuntime.random() * 2 ** 31);
  const has = (feature: StorageFeature): boolean => !without.includes(feature);
  const run = async (body: (place: Place) => Promise<void>): Promise<void> => {
    const place = new Place(await options.create(seed));
    try {
      await body(place);
    } catch (error) {
      throw failedIn(`with seed ${String(seed)}`, error);
    } finally {
      await place.remove();
    }
  };
  const groups = {
    lifecycle: lifecycleTests,
    records: recordTests,
    writes: writeTests,
    snapshots: snapshotTests,
    'snapshots that are staged under a name': stagingTests,
    'snapshots that are retained': retentionTests,
    failures: failureTests,
    damage: flipTests,
    'power loss': crashTests,
    'power loss at every operation': crashPointTests,
    'power loss after a sync that failed': failedSyncTests,
    model: historyTests,
  };
  framework.describe(options.name, () => {
    for (const [name, collect] of Object.entries(groups)) {
      const registrations: (() => void)[] = [];
      const test: StorageTests['test'] = (title, body, needs = [], timeoutMs) => {
        if (!needs.every(has)) return;
        registrations.push(() => {
          const timeout = timeoutMs === undefined ? [] : ([timeoutMs] as const);
          framework.it(title, () => run(body), ...timeout);
        });
      };
      collect({ options, seed, has, test });
      // Some frameworks take a group without a test for a mistake.
      if (registrations.length === 0) continue;
      framework.describe(name, () => {
        for (const register of registrations) register();
      });
    }
  });
}
