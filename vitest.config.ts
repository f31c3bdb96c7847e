/** The tests of the whole workspace, on sources: nothing has to be built before. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const conditions = ['source', 'node', 'import', 'module', 'default'];
const tests = ['packages/*/test', 'apps/*/test', 'tooling/*/test'];
const endToEnd = tests.map((folder) => `${folder}/**/e2e.test.ts`);

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    pool: 'forks',
    // By itself it leaves one core idle: of two, half. Many tests wait for a disk or a timer: one more than cores.
    maxWorkers: availableParallelism() + 1,
    // A process and all imports anew for each file would cost as much as a tenth of all tests.
    isolate: false,
    // For what hangs. No test states how long something takes by this: machines are busy with other things.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: tests.map((folder) => `${folder}/**/*.test.ts`),
          exclude: endToEnd,
        },
      },
      // Statements about how long something takes: no other test runs beside them.
      {
        extends: true,
        test: {
          name: 'e2e',
          include: endToEnd,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
