/**
 * One node's end of a memory network.
 */
import {
  checkName,
  type Member,
  type NodeId,
  TooLargeError,
  totalBytes,
  type Transport,
  TransportFailedError,
  type TransportSetup,
} from '@quorate/core';
import type { Frame, Route } from './route.ts';

/** What an end needs from its network. */
export interface EndNetwork {
  readonly maxFrameBytes: number;
  /** @throws TransportFailedError if the node is there already. */
  attach(end: MemoryTransport, setup: TransportSetup): void;
  detach(end: MemoryTransport, setup: TransportSetup): void;
  route(cluster: string, from: NodeId, to: NodeId): Route;
  send(route: Route, parts: readonly Uint8Array[], frameBytes: number): void;
}

type State =
  | { readonly name: 'idle' }
  | { readonly name: 'started'; readonly setup: TransportSetup }
  | { readonly name: 'closed' };

/** A transport whose peers live in the same process. */
export class MemoryTransport implements Transport {
  readonly maxFrameBytes: number;
  readonly address = undefined;
  readonly #network: EndNetwork;
  readonly #routes = new Map<NodeId, Route>();
  #peers: ReadonlySet<NodeId> = new Set();
  #state: State = { name: 'idle' };

  constructor(network: EndNetwork) {
    this.#network = network;
    this.maxFrameBytes = network.maxFrameBytes;
  }

  async start(setup: TransportSetup): Promise<void> {
    if (this.#state.name !== 'idle') {
      throw new TransportFailedError(
        `this transport is ${this.#state.name} already; take a new one from the network`,
      );
    }
    checkName(setup.cluster, 'a cluster');
    checkName(setup.node, 'a node');
    this.#network.attach(this, setup);
    this.#state = { name: 'started', setup };
  }

  setPeers(peers: readonly Member[]): void {
    this.#peers = new Set(peers.map((peer) => peer.id));
  }

  /** Whether this end would open a connection to the node, if there were such a thing here. */
  knows(node: NodeId): boolean {
    return this.#peers.has(node);
  }

  send(to: NodeId, parts: readonly Uint8Array[]): void {
    const frameBytes = totalBytes(parts);
    if (frameBytes > this.maxFrameBytes) {
      throw new TooLargeError(
        `a frame of ${frameBytes} bytes is over maxFrameBytes (${this.maxFrameBytes}); split it`,
      );
    }
    if (this.#state.name !== 'started') return;
    const { cluster, node } = this.#state.setup;
    if (to === node) return;
    let route = this.#routes.get(to);
    if (route === undefined) {
      route = this.#network.route(cluster, node, to);
      this.#routes.set(to, route);
    }
    this.#network.send(route, parts, frameBytes);
  }

  /** Called by the network with a frame that has arrived. */
  receive(from: NodeId, { parts, bytes }: Frame): void {
    if (this.#state.name !== 'started') return;
    const { setup } = this.#state;
    if (setup.receiveParts !== undefined) {
      setup.receiveParts(from, parts);
      return;
    }
    // Always a copy, also of a single part: the receiver may write into it, while the sender goes on
    // reading its own and sends them to others too.
    const frame = new Uint8Array(bytes);
    let at = 0;
    for (const part of parts) {
      frame.set(part, at);
      at += part.length;
    }
    setup.receive(from, frame);
  }

  async close(): Promise<void> {
    if (this.#state.name === 'started') this.#network.detach(this, this.#state.setup);
    this.#state = { name: 'closed' };
    this.#routes.clear();
  }
}
