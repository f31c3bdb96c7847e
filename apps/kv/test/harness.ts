/**
 * Runs the built program as real processes: demos, single nodes, commands.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  alive,
  builtProgram,
  eventually,
  finish,
  type Finished,
  freePort,
  JsonLines,
  type JsonLine,
  startProcess,
  temporaryFolder,
  track,
  untrack,
} from '@quorate/harness';

const kv = builtProgram('apps/kv');
/** The program, once it is built. */
export const program: string = kv.path;
/** Builds it. */
export const build = (): Promise<void> => kv.build();

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
  return startProcess(process.execPath, [program, ...words], { env });
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
    PATH: [
      bin,
      process.env['PATH'] ?? '',
      fileURLToPath(new URL('fixtures/bin', import.meta.url)),
    ].join(':'),
    ...whereabouts(options.endpoints),
  };
  return finish(startProcess('/bin/sh', ['-e', '-c', script], { env }));
}

/** Where the node with this HTTP address serves clients: in all tests as far apart as in a demo. */
export function clientOf(http: string): string {
  const { hostname, port } = new URL(http.includes('://') ? http : `http://${http}`);
  return `${hostname}:${String(Number(port) + clientOffset)}`;
}

/** The environment that tells commands where the nodes are. */
export function whereabouts(endpoints: readonly string[]): Readonly<Record<string, string>> {
  return {
    QUORATE_ENDPOINTS: endpoints.join(','),
    QUORATE_CLIENT: endpoints.map(clientOf).join(','),
  };
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
  readonly #lines: JsonLines;
  readonly ended: Promise<Finished>;

  private constructor(child: ChildProcess) {
    this.child = child;
    this.#lines = new JsonLines(child.stdout);
    this.ended = finish(child);
  }

  /** Starts again what was killed, by the command that its line names, and waits until it is back. */
  async heal(): Promise<void> {
    for (const { node, pid, restart } of this.nodes) {
      if (alive(pid)) continue;
      const child = startProcess('/bin/sh', ['-c', `exec ${restart} --json`], { stdio: 'ignore' });
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
    for (const { pid } of run.nodes) track(pid);
    return run;
  }

  /** The newest line of each node. */
  get nodes(): readonly DemoNode[] {
    const byName = new Map<string, DemoNode>();
    for (const line of this.#lines.all) {
      if (typeof line['node'] !== 'string' || typeof line['http'] !== 'string') continue;
      byName.set(line['node'], line as unknown as DemoNode);
    }
    return [...byName.values()].sort((left, right) => left.node.localeCompare(right.node));
  }

  get endpoints(): readonly string[] {
    return this.nodes.map(({ http }) => http);
  }

  /** Waits for a line. */
  line(wanted: (line: JsonLine) => boolean): Promise<JsonLine> {
    return this.#lines.first(wanted);
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
    for (const { pid } of this.nodes) untrack(pid);
    return finished;
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

const clientOffset = 100;

/** A port whose demo neighbours (+1 to +3, +11 to +13, +101 to +103) are free too. */
export function freeDemoPort(): Promise<number> {
  return freePort([1, 2, 3, 11, 12, 13, 101, 102, 103]);
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
