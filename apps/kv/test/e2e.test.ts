/** How long clients wait when the leader of a demo is killed. Runs alone, since it states a time. */
import { cleanUp } from '@quorate/harness';
import { algorithmNames } from '@quorate/program';
import { afterAll, beforeAll, describe } from 'vitest';
import { build } from './harness.ts';
import { failures } from './processes/failures.ts';
import { sharedGroup } from './processes/group.ts';

beforeAll(build, 180_000);
afterAll(cleanUp, 30_000);

describe.each(algorithmNames)('a demo on %s', (algorithm) => {
  failures(sharedGroup(algorithm));
});
