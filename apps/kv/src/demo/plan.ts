/**
 * Which three nodes a demo consists of: names, addresses, and the folder that they share. A folder
 * that was used before decides, so that a second start goes on with its data.
 */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { InvalidArgumentError } from '@quorate/core';
import {
  addressOf,
  algorithmNamed,
  formatMembers,
  storageNamed,
  usageError,
} from '@quorate/program';
import { checkFree } from '@quorate/program/node';
import { defaultSettings } from '../node/config.ts';
import { DataFolder, type Memory } from '../node/data-folder.ts';
import type { Settings } from '../node/settings.ts';

/** What can be said about a demo. */
export interface DemoOptions {
  readonly data: string;
  readonly port?: number;
  readonly algorithm?: string;
  readonly storage?: string;
}

/** One node of a demo. */
export interface PlannedNode {
  readonly node: string;
  /** Base address of its HTTP side. */
  readonly http: string;
  /** Where it serves clients, `host:port`. */
  readonly client: string;
  readonly peer: string;
  /** Arguments that start it, the first time. */
  readonly args: readonly string[];
  /** Arguments that start it again. */
  readonly restartArgs: readonly string[];
}

/** A demo. */
export interface DemoPlan {
  /** Absolute. */
  readonly data: string;
  readonly cluster: string;
  readonly algorithm: string;
  readonly storage: string;
  /** Whether the folder has data of an earlier start. */
  readonly resumed: boolean;
  readonly nodes: readonly PlannedNode[];
}

const names = ['n1', 'n2', 'n3'] as const;
const defaultPort = 7400;
/** Peers are this far behind HTTP: 7401 and 7411. */
const peerOffset = 10;
/** Clients are this far behind HTTP: 7401 and 7501, the defaults of a single node. */
const clientOffset = 100;
const highestPort = 65_535 - clientOffset - names.length;
const host = '127.0.0.1';

/**
 * Plans a demo, and checks that nothing stands in its way.
 *
 * @throws ServiceError with the code USAGE or BUSY_PORT.
 * @throws InvalidArgumentError if the folder's group lives on other ports.
 * @throws CorruptError | ForeignDataError if the folder is not one of a demo.
 */
export async function planDemo(options: DemoOptions): Promise<DemoPlan> {
  const data = resolve(options.data);
  const memories = await recallAll(data);
  const secured = memories.find(
    (memory) => memory?.settings.tlsCa ?? memory?.settings.clientTokens,
  );
  if (secured !== undefined) {
    throw usageError(
      `the nodes in ${data} were told to speak TLS or to ask for tokens, which a demo does not; start each with quorate-kv serve`,
    );
  }
  const known = memories.find((memory) => memory !== undefined)?.settings;
  const algorithm = options.algorithm ?? known?.algorithm ?? defaultSettings.algorithm;
  const storage = options.storage ?? known?.storage ?? defaultSettings.storage;
  algorithmNamed(algorithm);
  const { durable } = storageNamed(storage);
  const port = choosePort(options.port, known, data);
  // A name of its own keeps two demos apart, should one ever find the other's ports.
  const cluster = known?.cluster ?? `demo-${randomBytes(4).toString('hex')}`;

  const members = names.map((id, at) => ({
    id,
    address: `${host}:${String(port + peerOffset + at + 1)}`,
  }));
  const nodes = members.map(({ id, address }, at): PlannedNode => {
    const http = `${host}:${String(port + at + 1)}`;
    const client = `${host}:${String(port + clientOffset + at + 1)}`;
    const restartArgs = ['serve', '--node', id, '--data', data];
    const args = [
      ...restartArgs,
      ...['--cluster', cluster, '--http', http, '--client', client],
      ...['--members', formatMembers(members), '--algorithm', algorithm, '--storage', storage],
    ];
    return { node: id, http: `http://${http}`, client, peer: address, args, restartArgs };
  });
  for (const { http, client, peer } of nodes) {
    for (const address of [http.slice('http://'.length), client, peer]) {
      await checkFree(addressOf(address, 'address'), '--port');
    }
  }
  const resumed = durable && memories.some((memory) => memory?.joined === true);
  // All ports were free, so no node of this folder runs: the whole group starts over, which is the
  // one case in which nodes may come back empty.
  if (!durable && known?.storage === storage) await forgetAll(data);
  return { data, cluster, algorithm, storage, resumed, nodes };
}

function recallAll(data: string): Promise<readonly (Memory | undefined)[]> {
  return Promise.all(names.map((node) => new DataFolder(data, node).recall()));
}

async function forgetAll(data: string): Promise<void> {
  for (const node of names) {
    await rm(new DataFolder(data, node).path, { recursive: true, force: true });
  }
}

/** The members' addresses are part of the group's data: it cannot come back on other ports. */
function choosePort(wanted: number | undefined, known: Settings | undefined, data: string): number {
  if (wanted !== undefined && (wanted < 1 || wanted > highestPort)) {
    throw usageError(`--port must be from 1 to ${String(highestPort)}`);
  }
  const first = known?.members?.find(({ id }) => id === names[0])?.address;
  if (first === undefined) return wanted ?? defaultPort;
  const had = addressOf(first, 'address').port - peerOffset - 1;
  if (wanted === undefined || wanted === had) return had;
  throw new InvalidArgumentError(
    `the nodes in ${data} live at --port ${String(had)}; leave --port away, or choose another folder with --data`,
  );
}
