/**
 * A transport as simple as it can be, and with any one of the faults that the suite must find.
 */
import {
  concatBytes,
  type Member,
  type NodeId,
  TooLargeError,
  totalBytes,
  type Transport,
  TransportFailedError,
  type TransportSetup,
} from '@quorate/core';
import type { HarnessTransportOptions, TransportHarness } from '@quorate/conformance/transport';

/** What can be wrong with it. */
export type Fault =
  | 'keeps only the first part'
  | 'shares a single part'
  | 'reuses its buffer'
  | 'has no limit'
  | 'has a limit one byte too low'
  | 'throws for strangers'
  | 'talks to itself'
  | 'has no bound'
  | 'has one bound for all peers'
  | 'delivers inside send'
  | 'names the receiver as the sender'
  | 'delivers twice now and then'
  | 'loses one now and then'
  | 'cuts long frames'
  | 'writes each frame by itself'
  | 'hears other clusters'
  | 'lets another cluster take a name'
  | 'reaches everybody'
  | 'never forgets a peer'
  | 'forgets peers set before the start'
  | 'cannot answer strangers'
  | 'keeps to the first instance of a peer'
  | 'delivers after close'
  | 'drops what was sent before close'
  | 'closes only once'
  | 'cannot be closed before the start'
  | 'starts twice'
  | 'takes a name that is taken'
  | 'fails for good'
  | 'sends before the start';

/** A network of faulty transports. */
export function planted(fault: Fault | undefined): TransportHarness {
  const network = new Network(fault);
  return {
    transport: (options) => new PlantedTransport(network, options),
    writes: (transport) => (transport instanceof PlantedTransport ? transport.writes : 0),
    remove: async () => undefined,
  };
}

class Network {
  readonly fault: Fault | undefined;
  readonly ends = new Map<string, PlantedTransport>();
  readonly buffer = new Uint8Array(1024 * 1024);

  constructor(fault: Fault | undefined) {
    this.fault = fault;
  }
}

class PlantedTransport implements Transport {
  readonly maxFrameBytes: number;
  readonly address = undefined;
  writes = 0;
  readonly #network: Network;
  readonly #maxQueuedBytes: number;
  readonly #first = new Map<NodeId, PlantedTransport>();
  readonly #wrote = new Set<NodeId>();
  #state: 'idle' | 'started' | 'failed' | 'closed' = 'idle';
  #setup: TransportSetup | undefined;
  #peers = new Set<NodeId>();
  readonly #queuedBytes = new Map<NodeId, number>();
  #sent = 0;

  constructor(network: Network, options: HarnessTransportOptions) {
    this.#network = network;
    this.maxFrameBytes = options.maxFrameBytes;
    this.#maxQueuedBytes = options.maxQueuedBytes;
  }

  #has(fault: Fault): boolean {
    return this.#network.fault === fault;
  }

  async start(setup: TransportSetup): Promise<void> {
    const again = this.#state === 'started' && this.#has('starts twice');
    if (this.#state !== 'idle' && !again) throw new TransportFailedError(this.#state);
    const place = this.#has('lets another cluster take a name')
      ? setup.node
      : `${setup.cluster}/${setup.node}`;
    const isTaken = this.#network.ends.has(place) && !this.#has('lets another cluster take a name');
    if (isTaken && !again && !this.#has('takes a name that is taken')) {
      if (this.#has('fails for good')) this.#state = 'failed';
      throw new TransportFailedError('taken');
    }
    this.#network.ends.set(place, this);
    this.#setup = setup;
    this.#state = 'started';
    if (this.#has('forgets peers set before the start')) this.#peers.clear();
  }

  setPeers(peers: readonly Member[]): void {
    const ids = peers.map(({ id }) => id);
    this.#peers = new Set(this.#has('never forgets a peer') ? [...this.#peers, ...ids] : ids);
  }

  send(to: NodeId, parts: readonly Uint8Array[]): void {
    const frameBytes = totalBytes(parts);
    const limit = this.maxFrameBytes - (this.#has('has a limit one byte too low') ? 1 : 0);
    if (frameBytes > limit && !this.#has('has no limit')) throw new TooLargeError('too large');
    if (this.#state === 'idle' && this.#has('sends before the start')) {
      for (const end of this.#network.ends.values()) end.#deliver('ghost', concatBytes(parts));
    }
    const setup = this.#setup;
    if (this.#state !== 'started' || setup === undefined) return;
    if (to === setup.node && !this.#has('talks to itself')) return;
    const target = this.#find(setup, to);
    if (target === undefined) {
      if (this.#has('throws for strangers')) throw new Error('who?');
      return;
    }
    const queue = this.#has('has one bound for all peers') ? 'all' : to;
    const queuedBytes = this.#queuedBytes.get(queue) ?? 0;
    if (queuedBytes + frameBytes > this.#maxQueuedBytes && !this.#has('has no bound')) return;
    this.#queuedBytes.set(queue, queuedBytes + frameBytes);
    this.#sent += 1;
    const isChosen = this.#sent % 500 === 0;
    if (isChosen && this.#has('loses one now and then')) return;
    this.#count(to);
    const frame = this.#carry(parts, frameBytes);
    const from = this.#has('names the receiver as the sender') ? to : setup.node;
    const deliver = (): void => {
      this.#queuedBytes.set(queue, (this.#queuedBytes.get(queue) ?? 0) - frameBytes);
      if (this.#state === 'closed' && this.#has('drops what was sent before close')) return;
      target.#deliver(from, frame);
      if (isChosen && this.#has('delivers twice now and then')) {
        target.#deliver(from, frame.slice());
      }
    };
    if (this.#has('delivers inside send')) deliver();
    else setImmediate(deliver);
  }

  #find(setup: TransportSetup, to: NodeId): PlantedTransport | undefined {
    const any = this.#has('hears other clusters') || this.#has('lets another cluster take a name');
    const found = [...this.#network.ends].find(([, end]) => {
      const there = end.#setup;
      return there?.node === to && (any || there.cluster === setup.cluster);
    })?.[1];
    const target = this.#has('keeps to the first instance of a peer')
      ? (this.#first.get(to) ?? found)
      : found;
    if (target === undefined) return undefined;
    this.#first.set(to, target);
    const answers = target.#peers.has(setup.node) && !this.#has('cannot answer strangers');
    const knows = this.#peers.has(to) || answers || this.#has('reaches everybody');
    return knows || to === setup.node ? target : undefined;
  }

  #count(to: NodeId): void {
    if (this.#has('writes each frame by itself') || !this.#wrote.has(to)) this.writes += 1;
    this.#wrote.add(to);
    setImmediate(() => this.#wrote.delete(to));
  }

  #carry(parts: readonly Uint8Array[], frameBytes: number): Uint8Array {
    const [first = new Uint8Array(0)] = parts;
    if (this.#has('keeps only the first part')) return first.slice();
    if (this.#has('shares a single part')) return concatBytes(parts);
    if (this.#has('cuts long frames')) return concatBytes(parts).slice(0, 65_535);
    if (!this.#has('reuses its buffer')) return concatBytes(parts).slice();
    this.#network.buffer.set(concatBytes(parts));
    return this.#network.buffer.subarray(0, frameBytes);
  }

  #deliver(from: NodeId, frame: Uint8Array): void {
    if (this.#state !== 'started' && !this.#has('delivers after close')) return;
    this.#setup?.receive(from, frame);
  }

  async close(): Promise<void> {
    if (this.#state === 'closed' && this.#has('closes only once')) throw new Error('closed');
    if (this.#state === 'idle' && this.#has('cannot be closed before the start')) {
      throw new Error('not started');
    }
    this.#state = 'closed';
    for (const [place, end] of this.#network.ends) {
      if (end === this) this.#network.ends.delete(place);
    }
  }
}
