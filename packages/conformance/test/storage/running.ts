/** Runs the suite of storages on storages that may be wrong, and says which of its tests fail. */
import { storageSuite, type StorageSuiteOptions } from '../../src/storage/index.ts';

/** A test of the suite. */
export interface Test {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** Longer than any of them takes, hangs apart. */
const patienceMs = 20_000;

/** The tests of the suite. */
export function testsOf(options: Omit<StorageSuiteOptions, 'framework' | 'name'>): readonly Test[] {
  const tests: Test[] = [];
  storageSuite({
    ...options,
    name: 'broken',
    framework: {
      describe: (_name, body) => body(),
      it: (name, body) => tests.push({ name, body }),
    },
  });
  return tests;
}

/** What each of those tests says that fail. */
export async function failuresOf(tests: readonly Test[]): Promise<ReadonlyMap<string, string>> {
  const failures = new Map<string, string>();
  for (const { name, body } of tests) {
    const stuck = new Promise<never>((_resolve, reject) => {
      setTimeout(() => reject(new Error('stuck')), patienceMs).unref();
    });
    await Promise.race([body(), stuck]).catch((error: unknown) => {
      failures.set(name, error instanceof Error ? error.message : String(error));
    });
  }
  return failures;
}
