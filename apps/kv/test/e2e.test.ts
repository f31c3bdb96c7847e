/**
 * The built program as real processes. One file, so that it is compiled once and the machine runs
 * one group of nodes at a time; each room of tests has a file of its own in e2e/. They share one demo
 * an algorithm, from its first request to its last start.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { algorithmNames } from '../src/node/parts.ts';
import { badInput } from './e2e/bad-input.ts';
import { documentation } from './e2e/documentation.ts';
import { failures } from './e2e/failures.ts';
import { type Group, startGroup } from './e2e/group.ts';
import { importAndExport } from './e2e/import-export.ts';
import { ending, memoryOnly } from './e2e/lifecycle.ts';
import { membership } from './e2e/membership.ts';
import { running } from './e2e/running.ts';
import { build, cleanUp } from './harness.ts';

beforeAll(build, 180_000);
afterAll(cleanUp, 30_000);

badInput();

describe.each(algorithmNames)('a demo on %s', (algorithm) => {
  let group: Group | undefined;
  const shared = (): Group => {
    if (group === undefined) throw new Error('the demo did not start');
    return group;
  };
  beforeAll(async () => {
    group = await startGroup(algorithm);
  }, 60_000);

  running(shared);
  documentation(shared);
  membership(shared);
  failures(shared);
  importAndExport(shared);
  ending(shared);
  memoryOnly(algorithm);
});
