/**
 * A group and its clients in one process, on virtual time: real replicas, real servers, real clients,
 * links in memory that are cut and reset at will.
 */
import { type Client, type ClientOptions, connect } from '@quorate/client';
import { type ClientServer, serveClients, type ServerOptions } from '@quorate/client/server';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import {
  type Algorithm,
  type NodeId,
  seededRandom,
  type StateMachine,
  type Watchable,
} from '@quorate/core';
import type { LogLimits } from '@quorate/log';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';
import { openReplica, type Replica, type ReplicaLimits } from '@quorate/replica';
import { type MemoryDisk, memoryDisk } from '@quorate/storage-memory';
import {
  type MemoryLinks,
  memoryLinks,
  type MemoryNetwork,
  memoryNetwork,
} from '@quorate/transport-memory';

/** A machine of any kind, watchable or not. */
export type AnyMachine<C, R, Q, A, W, E> = StateMachine<C, R, Q, A> & Partial<Watchable<W, E>>;

interface Node<C, R, Q, A, W, E> {
  readonly replica: Replica<C, R, Q, A, W, E>;
  readonly server: ClientServer;
}

export interface WorldOptions {
  /** @default raft */
  readonly algorithm?: () => Algorithm<unknown>;
  /** Decides everything that is drawn. @default 1 */
  readonly seed?: number;
  readonly server?: Partial<ServerOptions>;
  /** Nodes show certificates to their clients, and ask for theirs. @default false */
  readonly certificates?: boolean;
  readonly limits?: Partial<LogLimits & ReplicaLimits>;
}

export const algorithms: Readonly<Record<'raft' | 'paxos', () => Algorithm<unknown>>> = {
  raft: () => raft(),
  paxos: () => paxos(),
};

/** Longest virtual time that anything may take here. */
const patienceMs = 120_000;

export const members: readonly NodeId[] = ['a', 'b', 'c'];

export class World<C, R, Q, A, W = never, E = never> {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly links: MemoryLinks;
  readonly nodes = new Map<NodeId, Node<C, R, Q, A, W, E>>();
  readonly #disks = new Map<NodeId, MemoryDisk>();
  readonly #machine: () => AnyMachine<C, R, Q, A, W, E>;
  readonly #options: WorldOptions;
  #clients = 0;

  private constructor(machine: () => AnyMachine<C, R, Q, A, W, E>, options: WorldOptions) {
    const { seed = 1 } = options;
    this.#machine = machine;
    this.#options = options;
    this.runtime = new VirtualRuntime(seededRandom(seed));
    this.network = memoryNetwork({ seed, runtime: this.runtime });
    this.links = memoryLinks({ seed, runtime: this.runtime, minDelayMs: 0.1, maxDelayMs: 2 });
  }

  /** A group of three with a leader. */
  static async open<C, R, Q, A, W = never, E = never>(
    machine: () => AnyMachine<C, R, Q, A, W, E>,
    options: WorldOptions = {},
  ): Promise<World<C, R, Q, A, W, E>> {
    const world = new World(machine, options);
    for (const id of members) await world.start(id);
    await world.leader();
    return world;
  }

  /** Starts a node, on the disk of its former life where it had one. */
  async start(id: NodeId): Promise<void> {
    const { runtime } = this;
    const disk = this.#disks.get(id) ?? memoryDisk({ runtime });
    this.#disks.set(id, disk);
    const replica = await this.finish(
      openReplica({
        machine: this.#machine(),
        node: id,
        cluster: 'test',
        members: members.map((member) => ({ id: member })),
        algorithm: (this.#options.algorithm ?? algorithms.raft)(),
        storage: disk.storage(),
        transport: this.network.transport(),
        runtime,
        limits: this.#options.limits ?? {},
      }),
    );
    const identity = { role: 'member', cluster: 'test', name: id } as const;
    const server = await this.finish(
      serveClients({
        service: replica.service,
        links:
          this.#options.certificates === true ? this.links.host(id, identity) : this.links.host(id),
        listen: `${id}:1`,
        runtime,
        ...this.#options.server,
      }),
    );
    this.nodes.set(id, { replica, server });
  }

  /** Ends a node without a word: its clients see their connections break, its peers nothing. */
  async crash(id: NodeId): Promise<void> {
    const { replica, server } = this.at(id);
    this.nodes.delete(id);
    this.network.isolate(id);
    this.links.reset(id);
    this.#disks.get(id)?.crash();
    await this.finish(Promise.all([server.close(), replica.close().catch(() => undefined)]));
    this.network.heal();
  }

  /** Ends a node in order. */
  async stop(id: NodeId): Promise<void> {
    const { replica, server } = this.at(id);
    this.nodes.delete(id);
    await this.finish(Promise.all([server.close(), replica.close()]));
  }

  at(id: NodeId): Node<C, R, Q, A, W, E> {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`${id} does not run`);
    return node;
  }

  /** The leader that all running nodes agree on, once there is one. */
  async leader(): Promise<NodeId> {
    const agreed = (): NodeId | undefined => {
      const [first, ...rest] = [...this.nodes.values()].map(({ replica }) => replica.status.leader);
      return first !== undefined && this.nodes.has(first) && rest.every((each) => each === first)
        ? first
        : undefined;
    };
    if (!(await this.runtime.runUntil(() => agreed() !== undefined, patienceMs))) {
      throw new Error('no leader');
    }
    return agreed() ?? '';
  }

  /** A client at a host of its own. */
  client(options: Partial<ClientOptions<C, R, Q, A, W, E>> = {}): Client<C, R, Q, A, W, E> {
    this.#clients += 1;
    return connect({
      machine: this.#machine(),
      links: this.links.host(`client-${String(this.#clients)}`),
      endpoints: members.map((id) => `${id}:1`),
      runtime: this.runtime,
      ...options,
    });
  }

  /** Lets time pass until the promise settles. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    promise.then(end, end);
    if (!(await this.runtime.runUntil(() => settled, patienceMs)))
      throw new Error('no end in sight');
    return promise;
  }

  async close(): Promise<void> {
    for (const id of [...this.nodes.keys()]) await this.stop(id);
  }
}
