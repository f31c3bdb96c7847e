/** Command lines run within the test. */
import { type Captured, captured } from '@quorate/harness';
import { run } from '../src/cli/program.ts';

/** Runs a command line that comes to an end by itself; one at a time. */
export function command(words: readonly string[]): Promise<Captured> {
  return captured(() => run(words));
}
