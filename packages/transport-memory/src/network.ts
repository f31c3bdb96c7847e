/**
 * The network itself: who is there, who can hear whom, and what happens to frames on their way.
 */
import {
  type Counters,
  InvalidArgumentError,
  type NodeId,
  type Random,
  type Runtime,
  seededRandom,
  systemRuntime,
  type Transport,
  TransportFailedError,
  type TransportSetup,
} from '@quorate/core';
import { checkFaults, type Faults, noFaults } from './faults.ts';
import { type Frame, Route, type RouteNetwork } from './route.ts';
import { type EndNetwork, MemoryTransport } from './transport.ts';

/** Options of {@link memoryNetwork}. */
export interface MemoryNetworkOptions {
  /** Clock, timers and turns. Hand in a virtual one to simulate. @default systemRuntime */
  readonly runtime?: Runtime;
  /** Decides every fault: the same seed, runtime and sends give the same run. @default 1 */
  readonly seed?: number;
  /** @default 8 MiB */
  readonly maxFrameBytes?: number;
  /**
   * Bound of what is under way from one node to one other, in bytes; what does not fit any more is
   * dropped. Each frame counts 64 bytes more than it has. @default 64 MiB
   */
  readonly maxQueuedBytes?: number;
  /** Faults from the start on. @default none */
  readonly faults?: Partial<Faults>;
}

/** A network inside one process. Nodes of different clusters share it without hearing each other. */
export interface MemoryNetwork {
  /** An end for one node; the node's name comes with `start`. */
  transport(): Transport;
  /** The faults in force. */
  readonly faults: Faults;
  /**
   * Changes the faults that it names, and leaves the others. Frames under way keep their fate.
   *
   * @throws InvalidArgumentError for a probability outside 0 to 1 or a negative time.
   */
  setFaults(faults: Partial<Faults>): void;
  /**
   * Splits the network: nodes hear each other only inside a group. All nodes that are not named
   * form one more group. Replaces an earlier partition.
   */
  partition(...groups: readonly (readonly NodeId[])[]): void;
  /** Cuts a node off from everybody, besides any partition. */
  isolate(node: NodeId): void;
  /** Cuts one direction only: `to` does not hear `from` any more. */
  block(from: NodeId, to: NodeId): void;
  /** Takes back every partition, isolation and block. Faults stay. */
  heal(): void;
  /**
   * `frames_sent`, `bytes_sent`, `frames_received`, `bytes_received`, `frames_duplicated`,
   * `frames_held_back`, and of dropped frames `frames_lost` (by chance), `frames_cut` (by a
   * partition), `frames_overflowed` (queue full) and `frames_undeliverable` (nobody there).
   */
  readonly counters: Counters;
}

/**
 * Makes a network.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function memoryNetwork(options: MemoryNetworkOptions = {}): MemoryNetwork {
  return new Network(options);
}

class Network implements MemoryNetwork, RouteNetwork, EndNetwork {
  readonly runtime: Runtime;
  readonly random: Random;
  readonly maxFrameBytes: number;
  readonly maxQueuedBytes: number;
  readonly #ends = new Map<string, MemoryTransport>();
  readonly #routes = new Map<string, Route>();
  readonly #counters = {
    frames_sent: 0,
    bytes_sent: 0,
    frames_received: 0,
    bytes_received: 0,
    frames_duplicated: 0,
    frames_held_back: 0,
    frames_lost: 0,
    frames_cut: 0,
    frames_overflowed: 0,
    frames_undeliverable: 0,
  };
  #faults: Faults;
  #groups: ReadonlyMap<NodeId, number> | undefined;
  readonly #isolated = new Set<NodeId>();
  readonly #blocked = new Set<string>();
  #dueNextTurn: Route[] = [];

  constructor(options: MemoryNetworkOptions) {
    this.runtime = options.runtime ?? systemRuntime;
    this.random = seededRandom(options.seed ?? 1);
    this.maxFrameBytes = options.maxFrameBytes ?? 8 * 1024 * 1024;
    this.maxQueuedBytes = options.maxQueuedBytes ?? 64 * 1024 * 1024;
    for (const name of ['maxFrameBytes', 'maxQueuedBytes'] as const) {
      if (!(Number.isSafeInteger(this[name]) && this[name] > 0)) {
        throw new InvalidArgumentError(`${name} must be a positive integer, got ${this[name]}`);
      }
    }
    this.#faults = checkFaults({ ...noFaults, ...options.faults });
  }

  transport(): Transport {
    return new MemoryTransport(this);
  }

  get faults(): Faults {
    return this.#faults;
  }

  setFaults(faults: Partial<Faults>): void {
    this.#faults = checkFaults({ ...this.#faults, ...faults });
  }

  partition(...groups: readonly (readonly NodeId[])[]): void {
    this.#groups = new Map(groups.flatMap((group, at) => group.map((node) => [node, at])));
  }

  isolate(node: NodeId): void {
    this.#isolated.add(node);
  }

  block(from: NodeId, to: NodeId): void {
    this.#blocked.add(direction(from, to));
  }

  heal(): void {
    this.#groups = undefined;
    this.#isolated.clear();
    this.#blocked.clear();
  }

  get counters(): Counters {
    return { ...this.#counters };
  }

  attach(end: MemoryTransport, setup: TransportSetup): void {
    const name = place(setup.cluster, setup.node);
    if (this.#ends.has(name)) {
      throw new TransportFailedError(
        `node ${setup.node} of cluster ${setup.cluster} is on this network already; close the other transport first`,
      );
    }
    this.#ends.set(name, end);
  }

  detach(_end: MemoryTransport, setup: TransportSetup): void {
    this.#ends.delete(place(setup.cluster, setup.node));
  }

  route(cluster: string, from: NodeId, to: NodeId): Route {
    // Kept over restarts: what is under way stays under way when its sender crashes.
    const name = place(cluster, direction(from, to));
    let route = this.#routes.get(name);
    if (route === undefined) {
      route = new Route(this, cluster, from, to);
      this.#routes.set(name, route);
    }
    return route;
  }

  send(route: Route, parts: readonly Uint8Array[], frameBytes: number): void {
    this.#counters.frames_sent += 1;
    this.#counters.bytes_sent += frameBytes;
    const { cluster, from, to } = route;
    const sender = this.#ends.get(place(cluster, from));
    const target = this.#ends.get(place(cluster, to));
    // As with connections: it takes one of the two to know the other.
    if (target === undefined || !(sender?.knows(to) === true || target.knows(from))) {
      this.#counters.frames_undeliverable += 1;
      return;
    }
    if (this.#isCut(from, to)) {
      this.#counters.frames_cut += 1;
      return;
    }
    const { loss, duplication } = this.#faults;
    if (loss > 0 && this.random.chance(loss)) {
      this.#counters.frames_lost += 1;
      return;
    }
    this.#push(route, parts, frameBytes);
    if (duplication > 0 && this.random.chance(duplication)) {
      this.#counters.frames_duplicated += 1;
      this.#push(route, parts, frameBytes);
    }
  }

  #push(route: Route, parts: readonly Uint8Array[], frameBytes: number): void {
    if (!route.hasRoomFor(frameBytes)) {
      this.#counters.frames_overflowed += 1;
      return;
    }
    // Not the list itself, which its sender may go on with.
    const frame: Frame = { parts: [...parts], bytes: frameBytes };
    if (route.push(frame)) this.#counters.frames_held_back += 1;
  }

  arrive(route: Route, frame: Frame): void {
    // Asked again: a partition also swallows what is under way.
    if (this.#isCut(route.from, route.to)) {
      this.#counters.frames_cut += 1;
      return;
    }
    const target = this.#ends.get(place(route.cluster, route.to));
    if (target === undefined) {
      this.#counters.frames_undeliverable += 1;
      return;
    }
    this.#counters.frames_received += 1;
    this.#counters.bytes_received += frame.bytes;
    target.receive(route.from, frame);
  }

  deliverNextTurn(route: Route): void {
    this.#dueNextTurn.push(route);
    if (this.#dueNextTurn.length > 1) return;
    this.runtime.nextTurn(() => {
      const routes = this.#dueNextTurn;
      this.#dueNextTurn = [];
      for (const due of routes) due.deliver();
    });
  }

  #isCut(from: NodeId, to: NodeId): boolean {
    return (
      (this.#isolated.size > 0 && (this.#isolated.has(from) || this.#isolated.has(to))) ||
      (this.#blocked.size > 0 && this.#blocked.has(direction(from, to))) ||
      (this.#groups !== undefined && this.#groups.get(from) !== this.#groups.get(to))
    );
  }
}

// Names of nodes and clusters hold neither of the two signs.
const direction = (from: NodeId, to: NodeId): string => `${from}>${to}`;
const place = (cluster: string, name: string): string => `${cluster}/${name}`;
