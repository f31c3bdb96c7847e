/**
 * Three members that pages can reach: real connections between them, and TLS towards clients.
 */
import { type ClientServer, serveClients } from '@quorate/client/server';
import { type Algorithm, type Logger, type NodeId, silentLogger } from '@quorate/core';
import {
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  type KvQuery,
  kvMachine,
  type KvResult,
  type KvWatch,
} from '@quorate/machine-kv';
import { openReplica, type Replica } from '@quorate/replica';
import { memoryStorage } from '@quorate/storage-memory';
import { tcpTransport } from '@quorate/transport-tcp';
import { type TlsTrust, wsLinks } from '@quorate/transport-ws';

type KvReplica = Replica<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

interface Member {
  readonly replica: KvReplica;
  readonly server: ClientServer;
}

/** The token that clients have to show. */
export const token = 'a page may pass';

/** A group that serves pages. */
export class Members {
  /** Why connections of clients have ended, other than in order. */
  readonly refusals: Set<string> = new Set();
  readonly #byId = new Map<NodeId, Member>();
  readonly #origin: string;
  readonly #logger: Logger = {
    ...silentLogger,
    warn: (_message, fields) => this.refusals.add(String(fields?.['code'])),
  };

  private constructor(origin: string) {
    this.#origin = origin;
  }

  /**
   * @param certificates one for each member.
   * @param origin of the pages that are served.
   */
  static async open(
    algorithm: () => Algorithm<unknown>,
    certificates: readonly TlsTrust[],
    origin: string,
  ): Promise<Members> {
    const group = new Members(origin);
    const members = await Promise.all(
      ['a', 'b', 'c'].map(async (id) => ({ id, address: await reserve() })),
    );
    for (const [at, { id, address }] of members.entries()) {
      const replica = await openReplica({
        node: id,
        cluster: 'browser',
        members,
        machine: kvMachine(),
        algorithm: algorithm(),
        storage: memoryStorage(),
        transport: tcpTransport({ listen: address }),
      });
      const tls = certificates[at];
      if (tls === undefined) throw new Error(`no certificate for ${id}`);
      const server = await group.#serve(replica, tls);
      group.#byId.set(id, { replica, server });
    }
    return group;
  }

  /** Serves the clients of one member at one more place. */
  async serveBeside(id: NodeId, tls: TlsTrust): Promise<ClientServer> {
    const member = this.#byId.get(id);
    if (member === undefined) throw new Error(`${id} does not run`);
    return this.#serve(member.replica, tls);
  }

  /** Where pages reach the members. */
  get endpoints(): readonly string[] {
    return [...this.#byId.values()].map(({ server }) => server.address);
  }

  /** Who leads, as far as a member that runs knows. */
  get leader(): NodeId | undefined {
    const leaders = [...this.#byId.values()].map(({ replica }) => replica.status.leader);
    return leaders.find((leader) => leader !== undefined && this.#byId.has(leader));
  }

  /** Ends one member: its clients and its peers have to do without it. */
  async stop(id: NodeId): Promise<void> {
    const member = this.#byId.get(id);
    if (member === undefined) throw new Error(`${id} does not run`);
    this.#byId.delete(id);
    await Promise.all([member.server.close(), member.replica.close()]);
  }

  #serve(replica: KvReplica, tls: TlsTrust): Promise<ClientServer> {
    return serveClients({
      service: replica.service,
      links: wsLinks({ tls, clientCertificates: 'none', origins: [this.#origin] }),
      listen: '127.0.0.1:0',
      tokens: [token],
      logger: this.#logger,
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#byId.keys()].map((id) => this.stop(id)));
  }
}

/** An address that was free a moment ago. */
async function reserve(): Promise<string> {
  const transport = tcpTransport({ listen: '127.0.0.1:0' });
  await transport.start({ cluster: 'reserve', node: 'reserve', receive: () => undefined });
  const { address = '' } = transport;
  await transport.close();
  return address;
}
