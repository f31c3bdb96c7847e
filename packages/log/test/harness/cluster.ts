/**
 * A group of whole logs (driver, engine, storage, transport) on virtual time, out of one seed.
 */
import {
  type Algorithm,
  emptyMembership,
  type Member,
  type Membership,
  type NodeId,
  type Random,
  type ReplicatedLog,
  seededRandom,
  type Transport,
  utf8,
} from '@quorate/core';
import { createLog, type LogLimits } from '@quorate/log';
import { type MemoryDisk, memoryDisk } from '@quorate/storage-memory';
import { type MemoryNetwork, memoryNetwork } from '@quorate/transport-memory';
import { ListConsumer, Submission } from './recorder.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

/** One node, through all its lives. */
export interface TestNode {
  readonly id: NodeId;
  readonly disk: MemoryDisk;
  log: ReplicatedLog<Submission>;
  consumer: ListConsumer;
  /** The last one that its log has told of. */
  membership: Membership;
  up: boolean;
}

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly algorithm: (node: NodeId) => Algorithm<unknown>;
  readonly seed?: number;
  readonly nodes?: readonly NodeId[];
  /** Nodes that start without knowing anybody. */
  readonly joiners?: readonly NodeId[];
  readonly limits?: Partial<LogLimits>;
  readonly diskLatencyMs?: readonly [number, number];
  /** Sees each frame before its node does, and hands it on or not. */
  readonly intercept?: (to: NodeId, from: NodeId, frame: Uint8Array, handOn: () => void) => void;
}

/** A group of logs. */
export class TestCluster {
  readonly random: Random;
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly nodes: readonly TestNode[];
  readonly submissions: Submission[] = [];
  /** What made logs fail although nobody took their disk away. */
  readonly failures: string[] = [];
  readonly #options: ClusterOptions;
  readonly #receivers = new Map<NodeId, (from: NodeId, frame: Uint8Array) => void>();
  readonly #members: readonly Member[];

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.random = seededRandom(options.seed ?? 1);
    this.runtime = new VirtualRuntime(this.random.fork());
    this.network = memoryNetwork({
      runtime: this.runtime,
      seed: this.random.below(2 ** 30),
      faults: { minDelayMs: 0.2, maxDelayMs: 2 },
    });
    const founders = options.nodes ?? ['n1', 'n2', 'n3'];
    this.#members = founders.map((id) => ({ id }));
    this.nodes = [...founders, ...(options.joiners ?? [])].map((id) => {
      const disk = memoryDisk({
        runtime: this.runtime,
        latencyMs: options.diskLatencyMs ?? [0.3, 3],
        random: this.random.fork(),
      });
      const consumer = new ListConsumer();
      const log = this.#make(id, disk);
      return { id, disk, consumer, log, membership: emptyMembership, up: false };
    });
  }

  /** Starts all nodes. */
  async start(): Promise<void> {
    for (const node of this.nodes) await this.#start(node);
  }

  node(id: NodeId): TestNode {
    const found = this.nodes.find((node) => node.id === id);
    if (found === undefined) throw new Error(`no node ${id}`);
    return found;
  }

  /** The node that leads in the highest epoch, if there is one among those that are up. */
  leader(): TestNode | undefined {
    return this.nodes
      .filter((node) => node.up && node.log.status.role === 'leader')
      .sort((left, right) => right.log.status.epoch - left.log.status.epoch)[0];
  }

  /** Runs until somebody leads. */
  async elected(): Promise<TestNode> {
    await this.until(() => this.leader() !== undefined, 20_000, 'a leader');
    const leader = this.leader();
    if (leader === undefined) throw new Error('no leader');
    return leader;
  }

  /** Runs until the condition holds, and fails if it does not in so many virtual ms. */
  async until(condition: () => boolean, ms: number, what: string): Promise<void> {
    const done = (): boolean => this.failures.length > 0 || condition();
    const reached = await this.runtime.runUntil(done, ms);
    if (this.failures.length > 0) throw new Error(this.failures.join('\n'));
    if (reached) return;
    const states = this.nodes.map(({ id, up, log }) => {
      const { role, epoch, leader, commitIndex, appliedIndex, lastIndex } = log.status;
      return `${id}: ${up ? 'up' : 'down'} ${role} ${String(epoch)} of ${leader ?? '?'}, ${String(appliedIndex)}/${String(commitIndex)}/${String(lastIndex)}`;
    });
    throw new Error(`${what} did not come about in ${String(ms)} virtual ms\n${states.join('\n')}`);
  }

  /** Runs until the promise settles. */
  async settle<T>(promise: Promise<T>, ms: number = 20_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    watched.catch(() => undefined);
    await this.until(() => settled, ms, 'the end of a call');
    return watched;
  }

  /** Hands a command in at a node. */
  submit(node: TestNode): Submission {
    const submission = new Submission(`c${String(this.submissions.length)}`);
    this.submissions.push(submission);
    node.log.submit(utf8(submission.command), submission);
    return submission;
  }

  /** A frame that was held back by `intercept` arrives after all, in whatever life the node is. */
  deliver(to: TestNode, from: NodeId, frame: Uint8Array): void {
    this.#receivers.get(to.id)?.(from, frame);
  }

  /** Power loss: what was not durable is gone, and the node with it. */
  async crash(node: TestNode): Promise<void> {
    node.up = false;
    node.disk.crash();
    await this.settle(node.log.close());
  }

  /** Starts a node again on what its disk holds. */
  async restart(node: TestNode): Promise<void> {
    node.log = this.#make(node.id, node.disk);
    node.consumer = new ListConsumer();
    await this.#start(node);
  }

  /** Closes everything. */
  async close(): Promise<void> {
    const closing = this.nodes.map((node) => node.log.close());
    await this.settle(Promise.all(closing));
  }

  #make(id: NodeId, disk: MemoryDisk): ReplicatedLog<Submission> {
    return createLog<unknown, Submission>({
      node: id,
      cluster: 'test',
      members: this.#members.some((member) => member.id === id) ? this.#members : [],
      algorithm: this.#options.algorithm(id),
      storage: disk.storage(),
      transport: this.#transport(id),
      runtime: this.runtime,
      ...(this.#options.limits === undefined ? {} : { limits: this.#options.limits }),
    });
  }

  #transport(id: NodeId): Transport {
    const base = this.network.transport();
    const { intercept } = this.#options;
    if (intercept === undefined) return base;
    return {
      maxFrameBytes: base.maxFrameBytes,
      address: base.address,
      setPeers: (peers) => {
        base.setPeers(peers);
      },
      send: (to, parts) => {
        base.send(to, parts);
      },
      close: () => base.close(),
      // Every frame comes whole, and through here: no parts are taken.
      start: (setup) =>
        base.start({
          cluster: setup.cluster,
          node: setup.node,
          receive: (from, frame) => {
            this.#receivers.set(id, setup.receive);
            intercept(id, from, frame, () => {
              setup.receive(from, frame);
            });
          },
        }),
    };
  }

  async #start(node: TestNode): Promise<void> {
    node.membership = emptyMembership;
    node.log.on((event) => {
      if (event.type === 'membership') node.membership = event.membership;
      if (event.type === 'failed' && node.up) {
        this.failures.push(`${node.id} failed: ${event.error.stack ?? event.error.message}`);
      }
    });
    await this.settle(node.log.start(node.consumer));
    node.up = true;
  }
}
