/** The demo that tests share. Each leaves it as it found it: three nodes that serve. */
import { temporaryFolder } from '@quorate/harness';
import { beforeAll } from 'vitest';
import { DemoRun, freeDemoPort } from '../harness.ts';

/** A demo with its folder. */
export interface Group {
  readonly algorithm: string;
  readonly data: string;
  readonly port: number;
  readonly demo: DemoRun;
}

/** Hands the group to tests, which are defined before it runs. */
export type GroupOf = () => Group;

/** One group for all tests of the block that it is called in. */
export function sharedGroup(algorithm: string): GroupOf {
  let group: Group | undefined;
  beforeAll(async () => {
    group = await startGroup(algorithm);
  }, 60_000);
  return () => {
    if (group === undefined) throw new Error('the demo did not start');
    return group;
  };
}

/** Starts it, in a new folder. */
async function startGroup(algorithm: string): Promise<Group> {
  const data = await temporaryFolder();
  const port = await freeDemoPort();
  const demo = await DemoRun.start(data, port, ['--algorithm', algorithm]);
  return { algorithm, data, port, demo };
}
