/**
 * Runs a demo as a program: in a folder that is removed, with processes that are ended, whatever happens.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitForEnd } from '@quorate/program';
import { bankError } from '../errors.ts';
import { Demo } from './demo.ts';
import type { DemoOptions } from './plan.ts';
import { jsonPresenter, textPresenter } from './present.ts';

/** Flags of the command. */
export interface DemoFlags extends DemoOptions {
  readonly stay: boolean;
  readonly json: boolean;
}

/**
 * Runs to the end, or until the program is told to end.
 *
 * @throws BankError: USAGE, BUSY_PORT, DEMO_FAILED if something does not hold, ABORTED if
 * it was told to end before it knew.
 */
export async function runDemo(flags: DemoFlags): Promise<void> {
  const presenter = flags.json ? jsonPresenter : textPresenter;
  // From the first moment on: whatever there is by then has to be cleared away.
  const ended = waitForEnd();
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bank-'));
  try {
    const demo = new Demo(flags, folder, (event) => presenter.show(event));
    try {
      presenter.begin(flags);
      const run = demo.run();
      // Where it is told to end, what it was about fails, and nobody asks.
      run.catch(() => undefined);
      const holds = await Promise.race([run, ended.then(() => undefined)]);
      if (holds === undefined) throw bankError('ABORTED', 'ended before the audit; run it again');
      presenter.end(holds, flags.stay ? demo.endpoints : []);
      if (flags.stay) await ended;
      if (!holds) throw bankError('DEMO_FAILED', 'something does not hold; please report it');
    } finally {
      await demo.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
