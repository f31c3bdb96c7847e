/**
 * A group of replicas in one process, on real time, composed of any parts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ErrorCode,
  type Member,
  type MemberChange,
  type NodeId,
  QuorateError,
  type StateMachine,
  type Transport,
  type Watchable,
} from '@quorate/core';
import { openReplica, type Replica } from '@quorate/replica';
import type { TestedAlgorithm } from '../algorithms.ts';
import type { Disk, TestedStorage } from './storages.ts';
import { cluster, type Network, type TestedTransport } from './transports.ts';

/** One of each kind. */
export interface Parts {
  readonly algorithm: TestedAlgorithm;
  readonly storage: TestedStorage;
  readonly transport: TestedTransport;
}

/** A machine of any kind. */
type AnyMachine<C, R, Q, A, W, E> = StateMachine<C, R, Q, A> & Partial<Watchable<W, E>>;

interface Life<C, R, Q, A, W, E> {
  readonly replica: Replica<C, R, Q, A, W, E>;
  readonly disk: Disk;
  readonly transport: Transport;
}

/** Longest time that anything may take here: only a group that hangs does. */
const patienceMs = 20_000;
const pollMs = 5;

/**
 * After these, the same call is made again: an election that comes at a bad moment is no failure.
 * Everything that is asked for here has the same effect twice as once.
 */
const passing: ReadonlySet<ErrorCode> = new Set([
  'CHANGE_IN_PROGRESS',
  'NOT_LEADER',
  'OUTCOME_UNKNOWN',
  'TIMEOUT',
  'UNAVAILABLE',
]);

export class Group<C, R, Q, A, W = never, E = never> {
  readonly #parts: Parts;
  readonly #folder: string;
  readonly #network: Network;
  readonly #disks = new Map<NodeId, Disk>();
  readonly #machine: () => AnyMachine<C, R, Q, A, W, E>;
  readonly #running = new Map<NodeId, Life<C, R, Q, A, W, E>>();

  private constructor(
    parts: Parts,
    machine: () => AnyMachine<C, R, Q, A, W, E>,
    folder: string,
    network: Network,
  ) {
    this.#parts = parts;
    this.#machine = machine;
    this.#folder = folder;
    this.#network = network;
  }

  /** A group of these nodes, with a leader. */
  static async open<C, R, Q, A, W = never, E = never>(
    parts: Parts,
    machine: () => AnyMachine<C, R, Q, A, W, E>,
    ids: readonly NodeId[],
  ): Promise<Group<C, R, Q, A, W, E>> {
    const folder = await mkdtemp(join(tmpdir(), 'quorate-composition-'));
    const group = new Group(parts, machine, folder, await parts.transport.network(ids));
    const members: Member[] = [];
    for (const id of ids) members.push(await group.member(id));
    await Promise.all(ids.map((id) => group.start(id, members)));
    await group.leader();
    return group;
  }

  /** Those that run. */
  get replicas(): readonly Replica<C, R, Q, A, W, E>[] {
    return [...this.#running.values()].map(({ replica }) => replica);
  }

  /** Where clients meet the nodes. */
  get network(): Network {
    return this.#network;
  }

  member(id: NodeId): Promise<Member> {
    return this.#network.member(id);
  }

  /** Starts a node, on the disk of its former life where it had one. */
  async start(id: NodeId, members: readonly Member[] = []): Promise<Replica<C, R, Q, A, W, E>> {
    const { algorithm, storage } = this.#parts;
    const disk = this.#disks.get(id) ?? storage.disk(this.#folder, id);
    this.#disks.set(id, disk);
    const transport = this.#network.transport(await this.member(id));
    const replica = await openReplica({
      node: id,
      cluster,
      members,
      machine: this.#machine(),
      algorithm: algorithm.algorithm({
        electionTimeoutMs: 250,
        heartbeatMs: 50,
        keepBytesBehindSnapshot: 500,
      }),
      storage: disk.storage(),
      transport,
      limits: { handOverMs: 200 },
    });
    this.#running.set(id, { replica, disk, transport });
    return replica;
  }

  /** As kill -9 does: from here on nothing leaves the node, and nothing reaches its disk. */
  async kill(id: NodeId): Promise<void> {
    const life = this.#running.get(id);
    if (life === undefined) throw new Error(`${id} does not run`);
    this.#running.delete(id);
    life.disk.crash();
    await Promise.all([life.transport.close(), life.replica.close()]);
  }

  /** Closes a node in good order. */
  async stop(id: NodeId): Promise<void> {
    const life = this.#running.get(id);
    this.#running.delete(id);
    await life?.replica.close();
  }

  /** The leader that a majority of those that run agrees on, once there is one. */
  async leader(): Promise<Replica<C, R, Q, A, W, E>> {
    let found: Replica<C, R, Q, A, W, E> | undefined;
    await this.until(() => {
      const { replicas } = this;
      found = replicas.find(
        ({ node, status }) =>
          status.role === 'leader' &&
          replicas.filter((other) => other.status.leader === node).length * 2 > replicas.length,
      );
      return found !== undefined;
    }, 'a leader');
    if (found === undefined) throw new Error('no leader');
    return found;
  }

  /** Changes the membership by one step. */
  async change(at: Replica<C, R, Q, A, W, E>, step: MemberChange): Promise<void> {
    let asked = 0;
    await insist(async () => {
      asked += 1;
      try {
        await at.changeMembership([step]);
      } catch (error) {
        // Whoever has to ask again may find it done.
        if (asked > 1 && codeOf(error) === 'INVALID_ARGUMENT') return;
        throw error;
      }
    });
  }

  /** Until all that run have applied the same; gives their different states: one, if all is well. */
  async states(): Promise<readonly (string | undefined)[]> {
    const all = (): Replica<C, R, Q, A, W, E>['status'][] =>
      this.replicas.map(({ status }) => status);
    await this.until(
      () =>
        new Set(all().map(({ appliedIndex }) => appliedIndex)).size === 1 &&
        all().every(({ appliedIndex, commitIndex }) => appliedIndex === commitIndex),
      'everybody to have applied the same',
    );
    return [...new Set(all().map(({ stateHash }) => stateHash))];
  }

  /** Waits for a condition, and fails if it does not come about. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const end = performance.now() + patienceMs;
    while (!holds()) {
      if (performance.now() > end) throw new Error(`waited in vain for ${what}\n${this.#seen()}`);
      await sleep(pollMs);
    }
  }

  #seen(): string {
    const lines = this.replicas.map(({ node, status }) => {
      const { role, leader = 'nobody', epoch, appliedIndex, commitIndex, lastIndex } = status;
      return `${node}: ${role} ${String(epoch)} of ${leader}, ${String(appliedIndex)}/${String(commitIndex)}/${String(lastIndex)}`;
    });
    return lines.join('\n');
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.stop(id)));
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Calls until it works, or fails in a way that does not pass. */
export async function insist<T>(call: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || !passing.has(code) || performance.now() > end) throw error;
    }
    await sleep(pollMs);
  }
}

function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof QuorateError ? error.code : undefined;
}
