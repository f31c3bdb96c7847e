/**
 * The tests of the whole workspace. On sources, so that nothing has to be built before; with `QUORATE_TESTS=built`, as
 * all checks together run them, on what is built.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { builtFiles, builtSources } from './tooling/checks/src/built-sources.js';
import { quickImports } from './tooling/checks/src/quick-imports.js';

const tests = ['packages/*/test', 'apps/*/test', 'tooling/*/test'];
const endToEnd = tests.map((folder) => `${folder}/**/e2e.test.ts`);

/**
 * What takes longest, the longest first. Where nothing is known of earlier runs large files are
 * begun first; these are short, and would be what is left in the end, with nothing to run beside it.
 */
const long = [
  'tooling/simulation/test/seeds.paxos',
  'apps/kv/test/disasters',
  'apps/kv/test/demo.raft',
  'tooling/simulation/test/seeds.raft',
  'apps/kv/test/demo.paxos',
  'packages/paxos/test/engine',
  'packages/storage-file/test/conformance',
  'packages/replica/test/matrix',
  'packages/storage-level/test/conformance',
  'packages/storage-indexeddb/test/conformance',
  'packages/client/test/fire',
  'packages/paxos/test/synod/register',
  'packages/raft/test/engine',
  'tooling/mutations/test/planted',
  'packages/conformance/test/storage/journal',
  'packages/replica/test/composition',
  'packages/storage-file/test/failures',
  'packages/storage-level/test/corruption',
  'tooling/benchmark/test/runs',
  'tooling/benchmark/test/journals',
  'tooling/faults/test/rounds',
  'apps/kv/test/recovery',
  'apps/docs/test/examples',
];

/**
 * For thousands of short tests, and thousands of worlds that live a fraction of a second each: 4 to 8 % of the
 * processor time of a mixed third of the tests, in turns.
 */
const execArgv = [
  // What runs a few times is compiled at once, and not interpreted until it has run often.
  '--always-sparkplug',
  // Other cores have other tests to run.
  '--single-threaded-gc',
  // With more room than the usual 16 MiB, more is garbage before it would have to be copied.
  '--min-semi-space-size=32',
  '--max-semi-space-size=64',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = long.findIndex((start) => moduleId.includes(`/${start}.`));
      return at === -1 ? long.length : at;
    };
    // A stable order: among themselves the others stay as they were.
    return (await super.sort(files)).sort((left, right) => rank(left) - rank(right));
  }
}

// No mode of Vite: projects would not hear of it.
const built = process.env['QUORATE_TESTS'] === 'built';
const conditions = [...(built ? [] : ['source']), 'node', 'import', 'module', 'default'];

export default defineConfig({
  plugins: [...(built ? [builtSources()] : []), quickImports()],
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    server: { deps: { external: built ? [builtFiles] : [] } },
    pool: 'forks',
    // By itself it leaves one core idle: of two, half. Many tests wait for a disk or a timer: one more than cores.
    maxWorkers: availableParallelism() + 1,
    // A process and all imports anew for each file would cost as much as a tenth of all tests.
    isolate: false,
    execArgv,
    // For what hangs. No test states how long something takes by this: machines are busy with other things.
    testTimeout: 120_000,
    sequence: { sequencer: LongestFirst },
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
