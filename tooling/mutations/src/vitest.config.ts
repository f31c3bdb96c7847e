/** The tests of the repository on its sources, with one bug in them. */
import { editsOfEnvironment, plantingPlugin } from './planting.ts';
import { root } from './root.ts';

const conditions = ['source', 'node', 'import', 'module', 'default'];

const config: Readonly<Record<string, unknown>> = {
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  plugins: [plantingPlugin(editsOfEnvironment(process.env))],
  test: {
    include: ['{packages,apps,tooling}/*/test/**/*.test.ts'],
    pool: 'forks',
    fileParallelism: false,
    // On a busy machine a slow test is no sign of a bug: one that never ends is ended with all the others.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    teardownTimeout: 5_000,
  },
};

export default config;
