/**
 * Runs the built program as real processes: demos, single nodes, commands. Every process is kept in
 * a list and ended by its id after each test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const builder = join(root, 'tooling/launch/src/join.js');
/** The program, built. */
export const program: string = join(
  root,
  'node_modules/.cache/quorate/joined/apps/kv/dist/program.js',
);

/** What a command printed, and how it ended. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A line of JSON that a program printed. */
export type JsonLine = Readonly<Record<string, unknown>>;

const processes = new Set<ChildProcess>();
const strangers = new Set<number>();
const folders = new Set<string>();

/** Builds the program. Does nothing where it is up to date. */
export async function build(): Promise<void> {
  const { code, stderr } = await finish(spawn(process.execPath, [builder, 'apps/kv']));
  if (code !== 0) throw new Error(`the program cannot be built:\n${stderr}`);
}

/** Ends every process, by its id, and removes every folder. */
export async function cleanUp(): Promise<void> {
  for (const pid of strangers) kill(pid);
  strangers.clear();
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
  const folder = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
  folders.add(folder);
  return folder;
}

/** Runs a command to its end. */
export function quorate(
  words: readonly string[],
  options: { readonly endpoints?: readonly string[]; readonly input?: string | Uint8Array } = {},
): Promise<Finished> {
  return finish(start(words, options.endpoints), options.input);
}

/** Starts a command. @param endpoints of the nodes, over HTTP; it serves clients at {@link clientOf} each. */
export function start(words: readonly string[], endpoints: readonly string[] = []): ChildProcess {
  const env = {
    ...process.env,
    ...whereabouts(endpoints.length > 0 ? endpoints : ['http://127.0.0.1:7401']),
  };
  return track(spawn(process.execPath, [program, ...words], { env, stdio: 'pipe' }));
}

/**
 * Runs lines of documentation in a shell, where `quorate-kv` is the built program. Where there is no
 * curl, the one in fixtures/bin stands in.
 */
export async function shell(
  script: string,
  options: { readonly endpoints: readonly string[] },
): Promise<Finished> {
  const bin = await temporaryFolder();
  const command = `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`;
  await writeFile(join(bin, 'quorate-kv'), command, { mode: 0o755 });
  const env = {
    ...process.env,
    PATH: [bin, process.env['PATH'] ?? '', join(root, 'apps/kv/test/fixtures/bin')].join(':'),
    ...whereabouts(options.endpoints),
  };
  return finish(track(spawn('/bin/sh', ['-e', '-c', script], { env, stdio: 'pipe' })));
}

/** Where the node with this HTTP address serves clients: in all tests as far apart as in a demo. */
export function clientOf(http: string): string {
  const { hostname, port } = new URL(http.includes('://') ? http : `http://${http}`);
  return `${hostname}:${String(Number(port) + clientOffset)}`;
}

/** The environment that tells commands where the nodes are. */
function whereabouts(endpoints: readonly string[]): Readonly<Record<string, string>> {
  return {
    QUORATE_ENDPOINTS: endpoints.join(','),
    QUORATE_CLIENT: endpoints.map(clientOf).join(','),
  };
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
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** One node of a running demo. */
export interface DemoNode {
  readonly node: string;
  readonly pid: number;
  readonly http: string;
  readonly client: string;
  readonly restart: string;
}

/** A running demo. */
export class DemoRun {
  readonly child: ChildProcess;
  readonly lines: JsonLine[] = [];
  readonly ended: Promise<Finished>;

  private constructor(child: ChildProcess) {
    this.child = child;
    if (child.stdout === null) throw new Error('no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as JsonLine);
    });
    this.ended = finish(child);
  }

  /** Starts again what was killed, by the command that its line names, and waits until it is back. */
  async heal(): Promise<void> {
    for (const { node, pid, restart } of this.nodes) {
      if (alive(pid)) continue;
      const child = spawn('/bin/sh', ['-c', `exec ${restart} --json`], { stdio: 'ignore' });
      strangers.add(track(child).pid ?? 0);
      // The demo notices the node that was started by hand.
      await this.line((line) => line['node'] === node && line['pid'] === child.pid);
    }
  }

  /** Starts one and waits until it is ready. */
  static async start(data: string, port: number, more: readonly string[] = []): Promise<DemoRun> {
    const run = new DemoRun(
      start(['demo', '--json', '--data', data, '--port', String(port), ...more]),
    );
    const ended = run.ended.then(({ stderr }) => {
      throw new Error(`the demo ended: ${stderr}`);
    });
    await Promise.race([run.line((line) => line['ready'] === true), ended]);
    ended.catch(() => undefined);
    for (const { pid } of run.nodes) strangers.add(pid);
    return run;
  }

  /** The newest line of each node. */
  get nodes(): readonly DemoNode[] {
    const byName = new Map<string, DemoNode>();
    for (const line of this.lines) {
      if (typeof line['node'] !== 'string' || typeof line['http'] !== 'string') continue;
      byName.set(line['node'], line as unknown as DemoNode);
    }
    return [...byName.values()].sort((left, right) => left.node.localeCompare(right.node));
  }

  get endpoints(): readonly string[] {
    return this.nodes.map(({ http }) => http);
  }

  /** Waits for a line. */
  async line(wanted: (line: JsonLine) => boolean): Promise<JsonLine> {
    return eventually(() => this.lines.find(wanted));
  }

  /** The node that leads, in its own words. */
  async leader(): Promise<DemoNode> {
    return eventually(async () => {
      const all = await Promise.all(
        this.nodes.map(async (node) => ({ node, now: await statusOf(node.http) })),
      );
      return all.find(({ now }) => now?.['role'] === 'leader')?.node;
    });
  }

  /** Ends it as Ctrl-C does. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<Finished> {
    this.child.kill(signal);
    const finished = await this.ended;
    strangers.clear();
    return finished;
  }
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
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** What a node says of itself, or nothing. */
export async function statusOf(http: string): Promise<JsonLine | undefined> {
  try {
    const answer = await fetch(`${http}/v1/status`, { signal: AbortSignal.timeout(2_000) });
    return (await answer.json()) as JsonLine;
  } catch {
    return undefined;
  }
}

/** Waits until all nodes have applied the same, and gives their hashes: equal ones are one. */
export async function stateHashes(endpoints: readonly string[]): Promise<ReadonlySet<unknown>> {
  const states = await eventually(async () => {
    const all = await Promise.all(endpoints.map(statusOf));
    const indexes = new Set(all.map((status) => status?.['appliedIndex']));
    return indexes.size === 1 && !indexes.has(undefined) ? all : undefined;
  });
  return new Set(states.map((status) => status?.['stateHash']));
}

/** Waits until something is there. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number = 20_000,
): Promise<T> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(25);
  }
  throw new Error(`nothing within ${String(timeoutMs)} ms`);
}

/**
 * Test files run at the same time, each in a worker with a number: each has a range of ports of its
 * own, below those that systems hand out by themselves.
 */
const portsEach = 1_000;
const clientOffset = 100;
const firstPort = 18_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * portsEach;

/** A port whose demo neighbours (+1 to +3, +11 to +13, +101 to +103) are free too. */
export async function freeDemoPort(): Promise<number> {
  for (let tries = 0; tries < 50; tries++) {
    const port = firstPort + Math.floor(Math.random() * (portsEach - 103));
    const wanted = [1, 2, 3, 11, 12, 13, 101, 102, 103].map((offset) => port + offset);
    if ((await Promise.all(wanted.map(isFree))).every(Boolean)) return port;
  }
  throw new Error('no free ports');
}

/** Free addresses of this machine for one node. */
export async function freePlace(): Promise<{
  readonly http: string;
  readonly client: string;
  readonly peer: string;
}> {
  const port = await freeDemoPort();
  const http = `127.0.0.1:${String(port + 1)}`;
  return { http, client: clientOf(http), peer: `127.0.0.1:${String(port + 11)}` };
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}

function track(child: ChildProcess): ChildProcess {
  processes.add(child);
  return child;
}
