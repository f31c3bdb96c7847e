/**
 * The bank under test as a built program: processes, each ended by its id, folders and ports.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const builder = join(root, 'tooling/launch/src/join.js');
const program = join(root, 'node_modules/.cache/quorate/joined/apps/bank/dist/program.js');

/** What a command printed, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of JSON that a program printed. */
export type JsonLine = Readonly<Record<string, unknown>>;

const processes = new Set<ChildProcess>();
const folders = new Set<string>();

/** Builds the program. Does nothing where it is up to date. */
export async function build(): Promise<void> {
  const { code, stderr } = await finish(spawn(process.execPath, [builder, 'apps/bank']));
  if (code !== 0) throw new Error(`the program cannot be built:\n${stderr}`);
}

/** Ends every process, by its id, and removes every folder. */
export async function cleanUp(): Promise<void> {
  await Promise.all(
    [...processes].map(async (child) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }),
  );
  processes.clear();
  for (const folder of folders) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  folders.clear();
}

/** A folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-bank-test-'));
  folders.add(folder);
  return folder;
}

/** Starts the program. @param temporary where it makes folders for itself. */
export function start(words: readonly string[], temporary: string = tmpdir()): ChildProcess {
  const env = { ...process.env, TMPDIR: temporary };
  const child = spawn(process.execPath, [program, ...words], { env, stdio: 'pipe' });
  processes.add(child);
  return child;
}

/** Waits for the end of a process, and gives what it printed. */
export async function finish(child: ChildProcess): Promise<Finished> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** A demo that has reported, and whose nodes stay. */
export class DemoRun {
  readonly port: number;
  /** Where it makes folders for itself. */
  readonly temporary: string;
  /** Where its nodes serve clients. */
  readonly endpoints: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<Finished>;
  readonly #lines: JsonLine[] = [];

  private constructor(port: number, temporary: string, words: readonly string[]) {
    this.port = port;
    this.temporary = temporary;
    this.endpoints = [1, 2, 3].map((node) => `127.0.0.1:${String(port + node)}`).join();
    this.#child = start(['demo', '--json', '--port', String(port), ...words], temporary);
    this.#ended = finish(this.#child);
  }

  /** Starts one, and waits for its report. */
  static async start(words: readonly string[]): Promise<DemoRun> {
    const demo = new DemoRun(await freePort(), await temporaryFolder(), ['--stay', ...words]);
    const failed = demo.#ended.then(({ stderr }) => {
      throw new Error(`the demo ended: ${stderr}`);
    });
    await Promise.race([demo.#reported(), failed]);
    failed.catch(() => undefined);
    return demo;
  }

  /** Lines with this event. */
  all(event: string): readonly JsonLine[] {
    return this.#lines.filter((line) => line['event'] === event);
  }

  /** Ends it: SIGINT as Ctrl-C does. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<Finished> {
    this.#child.kill(signal);
    return this.#ended;
  }

  #reported(): Promise<void> {
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('no stdout');
    return new Promise((resolve) => {
      createInterface({ input: stdout }).on('line', (line) => {
        const event = JSON.parse(line) as JsonLine;
        this.#lines.push(event);
        if (event['event'] === 'report') resolve();
      });
    });
  }
}

/** Whether there is such a process. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until something is so. */
export async function until(holds: () => boolean, timeoutMs: number = 20_000): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; !holds(); ) {
    if (performance.now() > deadline) throw new Error(`not so within ${String(timeoutMs)} ms`);
    await sleep(25);
  }
}

/**
 * Ports below those that systems hand out by themselves; each worker of the test runner has its own.
 */
let nextPort = 5_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * 400;

/** A port whose neighbours in a demo (+1 to +3, +11 to +13) are free. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = nextPort;
    nextPort += 14;
    const wanted = [1, 2, 3, 11, 12, 13].map((offset) => port + offset);
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port;
  }
  throw new Error('no free ports');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
