/** Three nodes of the service on the loopback; the disk of one is its own, and can be full. */
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TightDisk, tmpfsDisk } from '../kernel/disks.ts';
import { whyNot } from '../kernel/means.ts';
import type { ScenarioContext } from '../scenarios/scenario.ts';
import { eventually } from './eventually.ts';
import { KvNode } from './kv-node.ts';

const names = ['n1', 'n2', 'n3'];
const host = '127.0.0.1';
const catchUpMs = 60_000;

/** A group. */
export interface Group {
  readonly nodes: readonly KvNode[];
  /** Of the last node; `undefined`: nothing can be mounted here. */
  readonly disk: TightDisk | undefined;
}

/** Starts it, and waits until it serves. */
export async function startGroup({ stage, storage }: ScenarioContext): Promise<Group> {
  const folder = await stage.folder();
  const ports = await freePorts(3 * names.length);
  const address = (at: number): string => `${host}:${String(ports[at])}`;
  const members = names.map((name, at) => `${name}=${address(at)}`).join(',');
  const mounted = (await whyNot('tmpfs', stage)) === undefined ? await mount(stage) : undefined;
  const nodes = names.map((name, at) => {
    const own = at === names.length - 1 ? mounted : undefined;
    const data = own?.disk.path ?? join(folder, name);
    const http = address(names.length + at);
    const client = address(2 * names.length + at);
    const enter = own?.enter ?? [];
    return new KvNode(stage, { name, data, http, client, members, storage, enter });
  });
  for (const node of nodes) node.start();
  for (const node of nodes) await node.serves();
  return { nodes, disk: mounted?.disk };
}

/** Waits until all have applied the same. @throws Error if they do not. */
export async function agree(nodes: readonly KvNode[]): Promise<void> {
  await eventually('all nodes have applied the same', catchUpMs, async () => {
    const all = await Promise.all(nodes.map((node) => node.status()));
    const states = new Set(all.map((now) => now && `${now.appliedIndex} ${now.stateHash}`));
    return states.size === 1 && !states.has(undefined);
  });
}

async function mount(
  stage: ScenarioContext['stage'],
): Promise<{ readonly disk: TightDisk; readonly enter: readonly string[] }> {
  const namespace = await stage.namespace();
  const disk = await tmpfsDisk(namespace, await stage.folder());
  return { disk, enter: namespace.enter };
}

/** Ports that nobody has now. All are held until all are found: so they differ. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  for (let at = 0; at < count; at++) {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, host, resolve);
    });
    servers.push(server);
  }
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
