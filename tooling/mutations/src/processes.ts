/** Processes with a deadline, each in a group of its own, so that what they start ends with them. */
import { type ChildProcess, spawn } from 'node:child_process';

/** What is to be run. */
export interface Command {
  /** Arguments of Node. */
  readonly words: readonly string[];
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** What came of it. */
export interface Finished {
  /** `undefined`: it was killed. */
  readonly code: number | undefined;
  readonly timedOut: boolean;
  /** The last of what it said. */
  readonly output: string;
}

const maxOutputChars = 64 * 1024;

/** Runs Node. @throws the reason of the signal, once nothing of it is left. */
export async function run(command: Command): Promise<Finished> {
  const { words, directory, environment, timeoutMs, signal } = command;
  signal.throwIfAborted();
  const child = spawn(process.execPath, words, {
    cwd: directory,
    env: environment,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const hear = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-maxOutputChars);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    killGroup(child);
  }, timeoutMs);
  const abort = (): void => {
    killGroup(child);
  };
  signal.addEventListener('abort', abort);
  try {
    const code = await new Promise<number | undefined>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => {
        resolve(exitCode ?? undefined);
      });
    });
    signal.throwIfAborted();
    return { code, timedOut, output };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    // Whoever it started and left behind.
    killGroup(child);
  }
}

function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // All of them have ended.
  }
}

/** The environment for a process that is none of the tests it may be started from. */
export function cleanEnvironment(
  environment: NodeJS.ProcessEnv,
  added: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^(?:VITEST|TEST$|NODE_ENV$|NODE_OPTIONS$|QUORATE_|FORCE_COLOR$)/.test(name),
  );
  return { ...Object.fromEntries(kept), NO_COLOR: '1', ...added };
}
