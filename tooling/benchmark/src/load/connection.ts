/** A connection to a service, whichever it is: what load is put on. */
import type { Consistency } from '@quorate/core';
import { keyOf } from './work.ts';

/** A service of so many nodes. */
export interface Service {
  readonly kind: 'quorate' | 'etcd';
  /** Where its nodes serve clients, `host:port`. */
  readonly endpoints: readonly string[];
  /**
   * Each connection to one node alone, in turn. Otherwise it knows them all and chooses by itself.
   *
   * @default false
   */
  readonly spread?: boolean;
}

/** A connection. Whatever it is asked settles, within a deadline of its own. */
export interface Connection {
  put(key: string, value: Uint8Array): Promise<unknown>;
  /** All of them in one transaction, at most {@link mostPutsOfTransaction}. */
  putAll(keys: readonly string[], value: Uint8Array): Promise<unknown>;
  /** `undefined`: there is no such key. */
  read(key: string, consistency: Consistency): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** What both services take. */
export const mostPutsOfTransaction = 128;

/** Far longer than anything that is measured takes. */
export const deadlineMs = 30_000;

/** Opens so many connections, and waits until each of them is answered. */
export async function openConnections(
  service: Service,
  count: number,
): Promise<readonly Connection[]> {
  const open = await openerOf(service);
  const connections = Array.from({ length: count }, (_, at) => open(endpointsOf(service, at)));
  try {
    await Promise.all(connections.map((connection) => connection.read(keyOf(0), 'linearizable')));
    return connections;
  } catch (error) {
    await closeAll(connections);
    throw error;
  }
}

/** Closes them; what is under way is given up. */
export async function closeAll(connections: readonly Connection[]): Promise<void> {
  await Promise.all(connections.map((connection) => connection.close()));
}

/** Those of one connection, beginning with its own. */
export function endpointsOf({ endpoints, spread }: Service, at: number): readonly string[] {
  const first = at % endpoints.length;
  if (spread === true) return endpoints.slice(first, first + 1);
  return [...endpoints.slice(first), ...endpoints.slice(0, first)];
}

/** Only what is used is loaded: a process for one of them starts faster without the other. */
async function openerOf({ kind }: Service): Promise<(endpoints: readonly string[]) => Connection> {
  switch (kind) {
    case 'quorate':
      return (await import('./quorate-connection.ts')).openQuorate;
    case 'etcd':
      return (await import('../etcd/etcd-connection.ts')).openEtcd;
  }
}
