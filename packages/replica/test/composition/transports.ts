/**
 * Every transport that compositions run on, one line each.
 */
import { createServer } from 'node:net';
import { type Authority, makeAuthority } from '@quorate/certificates';
import type { Links } from '@quorate/connections';
import type { Member, NodeId, Transport } from '@quorate/core';
import { memoryLinks, memoryNetwork } from '@quorate/transport-memory';
import { tcpLinks, tcpTransport, type TlsOptions } from '@quorate/transport-tcp';
import { wsLinks, wsTransport } from '@quorate/transport-ws';

/** What connects the nodes of one group, and their clients with them. */
export interface Network {
  /** A node that can be reached; the same each time that it is asked for. */
  member(id: NodeId): Promise<Member>;
  /** A new transport for one life of a node. */
  transport(member: Member): Transport;
  /** What a node serves its clients on. */
  serverLinks(id: NodeId): Links;
  /** Where it listens for them: any place that is free. */
  listen(id: NodeId): string;
  /** What a client dials by. */
  clientLinks(): Links;
}

/** A transport to test with. */
export interface TestedTransport {
  readonly name: string;
  /** @param ids nodes that will be there, where that has to be known. */
  network(ids: readonly NodeId[]): Promise<Network>;
}

/** Those without certificates, and without a library beneath. */
export const plainTransports: readonly TestedTransport[] = [
  { name: 'memory', network: () => Promise.resolve(inMemory()) },
  { name: 'tcp', network: () => Promise.resolve(overTcp(() => ({}), {})) },
];

/** All of them. */
export const transports: readonly TestedTransport[] = [
  ...plainTransports,
  {
    name: 'tcp, TLS',
    network: async (ids) => {
      const { ofMember, ofClient } = await certificates(ids);
      return overTcp((id) => ({ tls: ofMember(id) }), { tls: ofClient });
    },
  },
  { name: 'ws', network: () => Promise.resolve(overWebSockets(() => ({}), {})) },
  {
    name: 'ws, TLS',
    network: async (ids) => {
      const { ofMember, ofClient } = await certificates(ids);
      return overWebSockets((id) => ({ tls: ofMember(id) }), { tls: ofClient });
    },
  },
];

interface Secured {
  readonly tls?: TlsOptions;
}

/** The cluster of all compositions. */
export const cluster = 'composition';

let authority: Promise<Authority> | undefined;

async function certificates(ids: readonly NodeId[]): Promise<{
  readonly ofMember: (id: NodeId) => TlsOptions;
  readonly ofClient: TlsOptions;
}> {
  authority ??= makeAuthority();
  const trusted = await authority;
  const { ca } = trusted;
  const members = new Map(
    await Promise.all(
      ids.map(async (id) => {
        const uris = [`quorate://${cluster}/member/${id}`];
        return [id, { ca, ...(await trusted.issue({ uris, addresses: [host] })) }] as const;
      }),
    ),
  );
  return {
    ofMember: (id) => {
      const tls = members.get(id);
      if (tls === undefined) throw new Error(`${id} has no certificate`);
      return tls;
    },
    ofClient: { ca, ...(await trusted.issue({ uris: [`quorate://${cluster}/client/test`] })) },
  };
}

function inMemory(): Network {
  const network = memoryNetwork();
  const links = memoryLinks();
  let ports = 0;
  return {
    member: (id) => Promise.resolve({ id }),
    transport: () => network.transport(),
    serverLinks: (id) => links.host(id),
    listen: (id) => {
      ports += 1;
      return `${id}:${String(ports)}`;
    },
    clientLinks: () => links.host('client'),
  };
}

function overTcp(ofMember: (id: NodeId) => Secured, ofClient: Secured): Network {
  return {
    ...overLoopback((place, id) => ({
      address: place,
      transport: () => tcpTransport({ listen: place, reconnect, ...ofMember(id) }),
    })),
    serverLinks: (id) => tcpLinks(ofMember(id)),
    clientLinks: () => tcpLinks(ofClient),
  };
}

function overWebSockets(ofMember: (id: NodeId) => Secured, ofClient: Secured): Network {
  return {
    ...overLoopback((place, id) => {
      const secured = ofMember(id);
      return {
        address: `${secured.tls === undefined ? 'ws' : 'wss'}://${place}/quorate`,
        transport: () => wsTransport({ listen: place, reconnect, ...secured }),
      };
    }),
    serverLinks: (id) => wsLinks(ofMember(id)),
    clientLinks: () => wsLinks(ofClient),
  };
}

/** A place on the loopback, as one kind of transport uses it. */
interface Place {
  readonly address: string;
  transport(): Transport;
}

function overLoopback(
  placeAt: (place: string, id: NodeId) => Place,
): Pick<Network, 'member' | 'transport' | 'listen'> {
  const places = new Map<NodeId, Place>();
  return {
    listen: () => `${host}:0`,
    member: async (id) => {
      const place = places.get(id) ?? placeAt(`${host}:${String(await freePort())}`, id);
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
