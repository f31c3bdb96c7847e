/**
 * The suite that every state machine must pass.
 *
 * It knows nothing but the port. It lives through random histories, drawn out of one seed, and
 * compares machines by everything that can be seen of them: results, answers, digests, snapshots.
 */
import { seededRandom, systemRuntime } from '@quorate/core';
import { failedIn } from '../check.ts';
import { Bench } from './bench.ts';
import { codecTests } from './codecs.ts';
import { determinismTests } from './determinism.ts';
import { digestTests } from './digests.ts';
import { expiryTests } from './expiry.ts';
import type { AnyOptions, MachineSuiteOptions, MachineTests } from './options.ts';
import { rejectionTests } from './rejections.ts';
import { restoreTests } from './restores.ts';
import { snapshotTests } from './snapshots.ts';

export type { TestFramework } from '../framework.ts';
export type { MachineFeature, MachineSuiteOptions } from './options.ts';

const groups: Readonly<Record<string, (tests: MachineTests) => void>> = {
  determinism: determinismTests,
  rejections: rejectionTests,
  codecs: codecTests,
  snapshots: snapshotTests,
  'snapshots that are not sound': restoreTests,
  digests: digestTests,
  expiry: expiryTests,
};

/** Registers the suite. */
export function machineSuite<Command, Result, Query, Answer>(
  given: MachineSuiteOptions<Command, Result, Query, Answer>,
): void {
  // The suite hands a machine nothing but what came from its own generators and codecs.
  const options = given as unknown as AnyOptions;
  const { framework, without = [], histories = 10 } = options;
  const firstSeed = options.seed ?? Math.floor(systemRuntime.random() * 2 ** 31);
  const tests: MachineTests = {
    options,
    has: (feature) => !without.includes(feature),
    test: (name, body, needs = []) => {
      if (needs.some((feature) => without.includes(feature))) return;
      framework.it(name, async () => {
        for (let seed = firstSeed; seed < firstSeed + histories; seed++) {
          try {
            await body(new Bench(options, seededRandom(seed)));
          } catch (error) {
            throw failedIn(`with seed ${String(seed)}`, error);
          }
        }
      });
    },
  };
  framework.describe(options.name, () => {
    for (const [name, register] of Object.entries(groups)) {
      framework.describe(name, () => register(tests));
    }
  });
}
