/** Processes and folders of tests. All are kept in a list, and processes are ended by their ids. */
import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a process printed, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What stands in `stdout`, where it is no text. */
  readonly bytes: Buffer;
}

const children = new Set<ChildProcess>();
const others = new Set<number>();
const folders = new Set<string>();

/** Starts a process; its streams are pipes. */
export function startProcess(
  file: string,
  words: readonly string[],
  options: SpawnOptions = {},
): ChildProcess {
  const child = spawn(file, words, { stdio: 'pipe', ...options });
  children.add(child);
  child.once('exit', () => children.delete(child));
  child.once('error', () => children.delete(child));
  return child;
}

/** Has a process ended in the end that somebody else has started. */
export function track(pid: number): void {
  others.add(pid);
}

/** It has ended: its number may be that of another process soon. */
export function untrack(pid: number): void {
  others.delete(pid);
}

/** Waits for the end of a process, and gives what it printed. */
export async function finish(child: ChildProcess, input?: string | Uint8Array): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const bytes = Buffer.concat(stdout);
  return { code, stdout: bytes.toString(), stderr: Buffer.concat(stderr).toString(), bytes };
}

/** Ends every process, by its id, and removes every folder. */
export async function cleanUp(): Promise<void> {
  for (const pid of others) kill(pid);
  others.clear();
  await Promise.all(
    [...children].map(async (child) => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }),
  );
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.clear();
}

/** A folder that is removed in the end. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-test-'));
  folders.add(folder);
  return folder;
}

/** Kills a process, if it is still there. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

/** Whether there is such a process. */
export function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
