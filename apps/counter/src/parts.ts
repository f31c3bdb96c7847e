/** The parts to choose from, by name: another one is one line here. */
import type { Links } from '@quorate/connections';
import { type Algorithm, InvalidArgumentError, type Storage, type Transport } from '@quorate/core';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';
import { fileStorage } from '@quorate/storage-file';
import { levelStorage } from '@quorate/storage-level';
import { memoryStorage } from '@quorate/storage-memory';
import { memoryLinks, memoryNetwork } from '@quorate/transport-memory';
import { tcpLinks, tcpTransport } from '@quorate/transport-tcp';
import { wsLinks, wsTransport } from '@quorate/transport-ws';

type Table<Part> = Readonly<Record<string, Part>>;
type TransportAt = (place: string) => Transport;
/** How one node finds another, what carries frames between them, and what carries clients. */
type Network = readonly [address: (place: string) => string, transport: TransportAt, links: Links];

export const algorithms: Table<() => Algorithm<unknown>> = { raft, paxos };
export const storages: Table<(directory: string) => Storage> = {
  memory: () => memoryStorage(),
  file: (directory) => fileStorage({ directory }),
  level: (directory) => levelStorage({ directory }),
};
const memory = memoryNetwork();
export const networks: Table<Network> = {
  memory: [(place) => place, () => memory.transport(), memoryLinks().host('127.0.0.1')],
  tcp: [(place) => place, (listen) => tcpTransport({ listen }), tcpLinks()],
  ws: [(place) => `ws://${place}/quorate`, (listen) => wsTransport({ listen }), wsLinks()],
};

export function choose<Part>(table: Table<Part>, name: string): Part {
  const part = Object.hasOwn(table, name) ? table[name] : undefined;
  if (part !== undefined) return part;
  throw new InvalidArgumentError(`no '${name}' here; choose ${Object.keys(table).join(', ')}`);
}
