/** Single nodes as real processes, for tests in which whole groups come and go. */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { finish, type Finished, type JsonLine } from '@quorate/harness';
import { clientOf, freeDemoPort, start } from '../harness.ts';

/** A node that serves. */
export interface RunningProcess {
  readonly http: string;
  readonly child: ChildProcess;
  /** What it has logged so far. */
  readonly logged: () => string;
  readonly ended: Promise<Finished>;
}

/** Starts a node, and waits until it serves. @throws Error with what it said if it ends instead. */
export async function serveNode(words: readonly string[]): Promise<RunningProcess> {
  const child = start(['serve', '--json', ...words]);
  let logged = '';
  child.stderr?.on('data', (chunk: Buffer) => (logged += chunk.toString()));
  const ended = finish(child);
  const first = new Promise<JsonLine>((resolve) => {
    if (child.stdout === null) throw new Error('no stdout');
    createInterface({ input: child.stdout }).once('line', (line) => {
      resolve(JSON.parse(line) as JsonLine);
    });
  });
  const failed = ended.then(({ stderr }) => {
    throw new Error(`the node ended: ${stderr}`);
  });
  const line = await Promise.race([first, failed]);
  failed.catch(() => undefined);
  return { http: String(line['http']), child, logged: () => logged, ended };
}

/** Ends a node without a word. */
export async function killNode({ child, ended }: RunningProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

/** Addresses of six nodes: HTTP of the nth one is at port + n, its peers look for it at port + 10 + n, its clients at port + 100 + n. */
export interface Addresses {
  readonly http: (node: number) => string;
  readonly client: (node: number) => string;
  readonly peer: (node: number) => string;
  /** `n1=host:port,…` of the first three. */
  readonly members: string;
}

/** Free ones. */
export async function freeAddresses(): Promise<Addresses> {
  const port = await freeDemoPort();
  const http = (node: number): string => `127.0.0.1:${String(port + node)}`;
  const peer = (node: number): string => `127.0.0.1:${String(port + 10 + node)}`;
  const members = [1, 2, 3].map((node) => `n${String(node)}=${peer(node)}`).join();
  return { http, client: (node) => clientOf(http(node)), peer, members };
}
