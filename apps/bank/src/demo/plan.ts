/**
 * Which three nodes a demo consists of: names, addresses, and what starts each.
 */
import { join } from 'node:path';
import { algorithmNamed, storageNamed, usageError } from '@quorate/program';

/** What can be said about a demo. */
export interface DemoOptions {
  readonly algorithm: string;
  readonly storage: string;
  readonly payments: number;
  readonly concurrency: number;
  readonly port: number;
}

/** One node of a demo. */
export interface PlannedNode {
  readonly node: string;
  /** Where it serves clients. */
  readonly client: string;
  /** Where it listens for the others. */
  readonly peer: string;
  /** Arguments that start it, the first time and again. */
  readonly args: readonly string[];
}

const names = ['n1', 'n2', 'n3'] as const;
const host = '127.0.0.1';
/** Nodes listen for each other this far behind where they serve clients: 7601 and 7611. */
const peerOffset = 10;
const highestPort = 65_535 - peerOffset - names.length;

/**
 * Plans the nodes of a demo in a folder of its own.
 *
 * @throws BankError with the code USAGE.
 */
export function planNodes(options: DemoOptions, folder: string): readonly PlannedNode[] {
  const { algorithm, storage, port } = options;
  algorithmNamed(algorithm);
  if (!storageNamed(storage).durable) {
    throw usageError(
      `a demo starts a node again after it was killed, and --storage ${storage} would have forgotten all; choose a durable one`,
    );
  }
  if (port > highestPort) throw usageError(`--port must be from 1 to ${String(highestPort)}`);
  const at = (offset: number): string => `${host}:${String(port + offset)}`;
  const peerOf = (n: number): string => at(peerOffset + n + 1);
  const members = names.map((name, n) => `${name}=${peerOf(n)}`).join();
  return names.map((node, n) => {
    const client = at(n + 1);
    const args = [
      ...['serve', '--node', node, '--data', join(folder, 'nodes'), '--members', members],
      ...['--client', client, '--algorithm', algorithm, '--storage', storage],
      // That a node which was killed is not there is no news here.
      ...['--log-level', 'error'],
    ];
    return { node, client, peer: peerOf(n), args };
  });
}
