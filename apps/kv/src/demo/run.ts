/**
 * Runs a demo as a program: from flags to the first output, until it is told to end.
 */
import { exitCodes, waitForEnd } from '@quorate/program';
import { Demo, type DemoEvent } from './demo.ts';
import { planDemo } from './plan.ts';
import { type DemoPresenter, HumanPresenter, JsonPresenter } from './present.ts';

/** Flags of the command. */
export interface DemoFlags {
  readonly data: string;
  readonly port?: number;
  readonly algorithm?: string;
  readonly storage?: string;
  readonly logLevel: string;
  readonly json: boolean;
}

/**
 * Runs until the program is told to end.
 *
 * @throws ServiceError when a port is busy or a node cannot start; nothing runs then.
 */
export async function runDemo(flags: DemoFlags): Promise<void> {
  const plan = await planDemo(flags);
  const presenter: DemoPresenter = flags.json ? new JsonPresenter() : new HumanPresenter(plan);
  const demo = new Demo(plan, (event: DemoEvent) => {
    presenter.show(event);
  });
  const ended = waitForEnd({
    immediately: () => {
      demo.kill();
      process.exit(exitCodes.interrupted);
    },
  });
  const started = demo.start(['--log-level', flags.logLevel, ...(flags.json ? ['--json'] : [])]);
  // A start that fails ends the command, unless it fails because it is being stopped.
  await Promise.race([started, ended]);
  await ended;
  presenter.stopping();
  await demo.stop();
}
