/**
 * The suite that every storage must pass.
 *
 * It knows nothing but the port. What a test needs beyond it (losing power, failing a write,
 * damaging a record) comes from the harness; a harness that cannot do something
 * says so in `without`, and the tests that need it are not registered.
 */
import { crashTests } from './crashes.ts';
import { failureTests } from './failures.ts';
import {
  Place,
  type StorageFeature,
  type StorageSuiteOptions,
  type StorageTests,
} from './harness.ts';
import { lifecycleTests } from './lifecycle.ts';
import { modelTests } from './model.ts';
import { recordTests } from './records.ts';
import { snapshotTests } from './snapshots.ts';
import { writeTests } from './writes.ts';

export type { TestFramework } from '../framework.ts';
export type { StorageFeature, StorageHarness, StorageSuiteOptions } from './harness.ts';

/** Registers the suite. */
export function storageSuite(options: StorageSuiteOptions): void {
  const { framework, without = [] } = options;
  const has = (feature: StorageFeature): boolean => !without.includes(feature);
  const tests: StorageTests = {
    options,
    has,
    test: (name, body, needs = []) => {
      if (!needs.every(has)) return;
      framework.it(name, async () => {
        const place = new Place(await options.create());
        try {
          await body(place);
        } finally {
          await place.remove();
        }
      });
    },
  };
  const groups = {
    lifecycle: lifecycleTests,
    records: recordTests,
    writes: writeTests,
    snapshots: snapshotTests,
    failures: failureTests,
    'power loss': crashTests,
    model: modelTests,
  };
  framework.describe(options.name, () => {
    for (const [name, register] of Object.entries(groups)) {
      framework.describe(name, () => {
        register(tests);
      });
    }
  });
}
