/** The demo that tests share. Each leaves it as it found it: three nodes that serve. */
import { DemoRun, freeDemoPort, temporaryFolder } from '../harness.ts';

/** A demo with its folder. */
export interface Group {
  readonly algorithm: string;
  readonly data: string;
  readonly port: number;
  readonly demo: DemoRun;
}

/** Hands the group to tests, which are defined before it runs. */
export type GroupOf = () => Group;

/** Starts it, in a new folder. */
export async function startGroup(algorithm: string): Promise<Group> {
  const data = await temporaryFolder();
  const port = await freeDemoPort();
  const demo = await DemoRun.start(data, port, ['--algorithm', algorithm]);
  return { algorithm, data, port, demo };
}
