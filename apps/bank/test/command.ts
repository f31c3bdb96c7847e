/** Command lines run within the test, which takes a hundredth of the time of a process. */
import { vi } from 'vitest';
import { run } from '../src/cli/program.ts';
import type { Finished } from './harness.ts';

/** Runs a command line that comes to an end by itself. */
export async function command(words: readonly string[]): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  const error = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
  try {
    return { code: await run(words), stdout, stderr };
  } finally {
    out.mockRestore();
    error.mockRestore();
  }
}
