/**
 * Whole groups of replicas in one process: the real log, algorithm, storage and transport, on
 * virtual time. Disks outlive the replicas on them.
 */
import { VirtualRuntime } from '@quorate/conformance/virtual-time';
import {
  type Algorithm,
  type LogEvent,
  type Member,
  type NodeId,
  seededRandom,
} from '@quorate/core';
import type { LogLimits } from '@quorate/log';
import {
  type KvAnswer,
  type KvCommand,
  type KvEvent,
  type KvQuery,
  type KvResult,
  type KvWatch,
  kvMachine,
} from '@quorate/machine-kv';
import { openReplica, type Replica, type ReplicaLimits } from '@quorate/replica';
import { type MemoryDisk, memoryDisk } from '@quorate/storage-memory';
import { type MemoryNetwork, memoryNetwork } from '@quorate/transport-memory';
import { watch } from './world.ts';

export type KvReplica = Replica<KvCommand, KvResult, KvQuery, KvAnswer, KvWatch, KvEvent>;

export interface ClusterOptions {
  readonly algorithm: () => Algorithm<unknown>;
  readonly limits?: Partial<LogLimits & ReplicaLimits>;
  /** Decides everything that is drawn: jitter, faults. @default 7 */
  readonly seed?: number;
}

/** Longest virtual time that anything may take here. */
const patienceMs = 60_000;

export class Cluster {
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly replicas = new Map<NodeId, KvReplica>();
  /** What each node has reported. */
  readonly events = new Map<NodeId, LogEvent[]>();
  readonly #disks = new Map<NodeId, MemoryDisk>();
  readonly #options: ClusterOptions;

  private constructor(options: ClusterOptions) {
    const { seed = 7 } = options;
    this.#options = options;
    this.runtime = new VirtualRuntime(seededRandom(seed));
    this.network = memoryNetwork({ seed, runtime: this.runtime });
  }

  /** A group of these nodes, with a leader. */
  static async open(ids: readonly NodeId[], options: ClusterOptions): Promise<Cluster> {
    const cluster = new Cluster(options);
    const members = ids.map((id) => ({ id }));
    for (const id of ids) await cluster.start(id, members);
    await cluster.leader();
    return cluster;
  }

  /** Starts a node, on the disk of its former life where it had one. */
  async start(id: NodeId, members: readonly Member[] = []): Promise<KvReplica> {
    const { runtime } = this;
    const disk = this.#disks.get(id) ?? memoryDisk({ runtime });
    this.#disks.set(id, disk);
    const replica = await this.finish(
      openReplica({
        machine: kvMachine(),
        node: id,
        cluster: 'test',
        members,
        algorithm: this.#options.algorithm(),
        storage: disk.storage(),
        transport: this.network.transport(),
        runtime,
        limits: this.#options.limits ?? {},
      }),
    );
    const events: LogEvent[] = [];
    this.events.set(id, events);
    replica.on((event) => events.push(event));
    this.replicas.set(id, replica);
    return replica;
  }

  /** Closes a node; its disk stays. */
  async stop(id: NodeId): Promise<void> {
    const replica = this.at(id);
    this.replicas.delete(id);
    await this.finish(replica.close());
  }

  /** Takes a node off the network and its power away; its disk keeps what was durable. */
  async crash(id: NodeId): Promise<void> {
    const replica = this.at(id);
    this.replicas.delete(id);
    this.network.isolate(id);
    this.#disks.get(id)?.crash();
    await this.finish(replica.close().catch(() => undefined));
    this.network.heal();
  }

  at(id: NodeId): KvReplica {
    const replica = this.replicas.get(id);
    if (replica === undefined) throw new Error(`${id} does not run`);
    return replica;
  }

  /** All nodes but these. */
  others(...ids: readonly NodeId[]): readonly KvReplica[] {
    return [...this.replicas.values()].filter((replica) => !ids.includes(replica.node));
  }

  /** The leader that a majority of the running nodes agrees on, once there is one. */
  async leader(among: () => readonly KvReplica[] = () => this.others()): Promise<KvReplica> {
    const agreed = (): KvReplica | undefined => {
      const replicas = among();
      return replicas.find(
        ({ node, status }) =>
          status.role === 'leader' &&
          replicas.filter((other) => other.status.leader === node).length * 2 > replicas.length,
      );
    };
    await this.until(() => agreed() !== undefined, 'a leader');
    const leader = agreed();
    if (leader === undefined) throw new Error('the leader is gone again');
    return leader;
  }

  /** Lets virtual time pass until the promise has settled. */
  async finish<T>(promise: Promise<T>): Promise<T> {
    const watched = watch(promise);
    await this.until(() => watched.outcome !== 'waiting', 'a promise');
    return promise;
  }

  /** Lets virtual time pass until the condition holds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const end = this.runtime.now() + patienceMs;
    await this.runtime.settle();
    while (!condition()) {
      if (this.runtime.now() > end) throw new Error(`waited in vain for ${what}`);
      await this.runtime.run(5);
    }
  }

  /** Until all running nodes have applied the same, and then compares their states. */
  async converge(): Promise<readonly (string | undefined)[]> {
    const replicas = [...this.replicas.values()];
    await this.until(
      () =>
        new Set(replicas.map(({ status }) => status.appliedIndex)).size === 1 &&
        replicas.every(({ status }) => status.appliedIndex === status.commitIndex),
      'everybody to have applied the same',
    );
    return [...new Set(replicas.map(({ status }) => status.stateHash))];
  }

  async close(): Promise<void> {
    await Promise.all([...this.replicas.keys()].map((id) => this.stop(id)));
  }
}
