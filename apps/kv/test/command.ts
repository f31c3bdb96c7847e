/** Command lines run within the test, which takes a hundredth of the time of a process. */
import { vi } from 'vitest';
import { run } from '../src/cli/program.ts';

/** What a command printed, and its exit code. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line that comes to an end by itself; one at a time. */
export async function command(words: readonly string[]): Promise<CommandResult> {
  let stdout = '';
  let stderr = '';
  const out = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += Buffer.from(text).toString();
    return true;
  });
  const error = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    stderr += Buffer.from(text).toString();
    return true;
  });
  try {
    return { code: await run(words), stdout, stderr };
  } finally {
    out.mockRestore();
    error.mockRestore();
  }
}
