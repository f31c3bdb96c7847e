/** The scenarios there are, by name. Another one is one line here. */
import { full } from './scenarios/full.ts';
import { kill } from './scenarios/kill.ts';
import { node } from './scenarios/node.ts';
import { power } from './scenarios/power.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { syncError } from './scenarios/sync-error.ts';

/** In the order in which they are run. */
export const scenarios: ReadonlyMap<string, Scenario> = new Map([
  ['kill', kill],
  ['sync-error', syncError],
  ['full', full],
  ['power', power],
  ['node', node],
]);
