/**
 * Every transport that compositions run on, one line each.
 */
import { createServer } from 'node:net';
import type { Member, NodeId, Transport } from '@quorate/core';
import { memoryNetwork } from '@quorate/transport-memory';
import { tcpTransport } from '@quorate/transport-tcp';
import { wsTransport } from '@quorate/transport-ws';

/** What connects the nodes of one group. */
export interface Network {
  /** A node that can be reached; the same each time that it is asked for. */
  member(id: NodeId): Promise<Member>;
  /** A new transport for one life of a node. */
  transport(member: Member): Transport;
}

/** A transport to test with. */
export interface TestedTransport {
  readonly name: string;
  network(): Network;
}

export const transports: readonly TestedTransport[] = [
  { name: 'memory', network: inMemory },
  {
    name: 'tcp',
    network: () =>
      overLoopback((place) => ({
        address: place,
        transport: () => tcpTransport({ listen: place, reconnect }),
      })),
  },
  {
    name: 'ws',
    network: () =>
      overLoopback((place) => ({
        address: `ws://${place}/quorate`,
        transport: () => wsTransport({ listen: place, reconnect }),
      })),
  },
];

function inMemory(): Network {
  const network = memoryNetwork();
  return { member: (id) => Promise.resolve({ id }), transport: () => network.transport() };
}

/** A place on the loopback, as one kind of transport uses it. */
interface Place {
  readonly address: string;
  transport(): Transport;
}

function overLoopback(placeAt: (place: string) => Place): Network {
  const places = new Map<NodeId, Place>();
  return {
    member: async (id) => {
      const place = places.get(id) ?? placeAt(`${host}:${String(await freePort())}`);
      places.set(id, place);
      return { id, address: place.address };
    },
    transport: ({ id }) => {
      const place = places.get(id);
      if (place === undefined) throw new Error(`${id} has no place yet`);
      return place.transport();
    },
  };
}

const host = '127.0.0.1';
const reconnect = { minMs: 5, maxMs: 50 };

/**
 * A node comes back on the port that it had, so nobody else may get that meanwhile: the ports lie
 * below those that systems hand out by themselves, and each worker of the test runner has its own.
 */
const portsEach = 500;
const firstPort = 10_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 16) * portsEach;
let nextPort = Math.floor(Math.random() * portsEach);

async function freePort(): Promise<number> {
  for (let tries = 0; tries < portsEach; tries++) {
    const port = firstPort + (nextPort++ % portsEach);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, host, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
