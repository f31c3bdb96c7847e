/**
 * The transport: listens, dials the peers, and finds the connection for each frame.
 */
import type { AddressInfo, Server } from 'node:net';
import {
  checkName,
  type Counters,
  describeError,
  InvalidArgumentError,
  type Member,
  type NodeId,
  type Timer,
  TooLargeError,
  totalBytes,
  type Transport,
  TransportFailedError,
  type TransportSetup,
} from '@quorate/core';
import { Acceptor } from './acceptor.ts';
import { formatAddress, parseAddress } from './address.ts';
import type { Connection, ConnectionContext } from './connection.ts';
import { makeCounters } from './counters.ts';
import { checkOptions, type Settings, type TcpTransportOptions } from './options.ts';
import { Turns } from './outbox.ts';
import { Peer } from './peer.ts';
import { listen } from './sockets.ts';

/** A transport over TCP. */
export interface TcpTransport extends Transport {
  /** What it has counted since it was made; the README names each. */
  readonly counters: Counters;
}

/**
 * Makes a transport over TCP; nothing is opened before `start`.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function tcpTransport(options: TcpTransportOptions): TcpTransport {
  return new NetTransport(checkOptions(options));
}

/** What exists while the transport runs. */
interface Running {
  readonly server: Server;
  readonly context: ConnectionContext;
  readonly acceptor: Acceptor;
  readonly peers: Map<NodeId, Peer>;
  readonly address: string;
}

class NetTransport implements TcpTransport {
  readonly maxFrameBytes: number;
  readonly #settings: Settings;
  readonly #counters = makeCounters();
  #state: 'idle' | 'starting' | 'running' | 'closed' = 'idle';
  #running: Running | undefined;
  #members: readonly Member[] = [];
  #ticker: Timer | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.maxFrameBytes = settings.maxFrameBytes;
  }

  get address(): string | undefined {
    return this.#running?.address;
  }

  get counters(): Counters {
    return { ...this.#counters };
  }

  async start(setup: TransportSetup): Promise<void> {
    checkName(setup.cluster, 'cluster');
    checkName(setup.node, 'node');
    if (this.#state !== 'idle') {
      throw new TransportFailedError(`the transport is ${this.#state} already; make a new one`);
    }
    this.#state = 'starting';
    this.#starting = this.#open(setup);
    await this.#starting;
  }

  async #open(setup: TransportSetup): Promise<void> {
    const context: ConnectionContext = {
      cluster: setup.cluster,
      node: setup.node,
      settings: this.#settings,
      counters: this.#counters,
      turns: new Turns(this.#settings.runtime),
      receive: setup.receive,
    };
    const peers = new Map<NodeId, Peer>();
    // A node that has just come back is dialled without waiting.
    const acceptor = new Acceptor(context, (peer) => peers.get(peer)?.wake());
    let server: Server;
    try {
      server = await listen(this.#settings.listen, (socket) => acceptor.accept(socket));
    } catch (error) {
      // Another attempt may find the port free.
      if (this.#state === 'starting') this.#state = 'idle';
      throw error;
    }
    // Out of file descriptors, for instance: connections that stand go on.
    server.on('error', (error) => {
      this.#settings.logger.error(`cannot accept connections: ${describeError(error)}`);
    });
    const { port } = server.address() as AddressInfo;
    const { advertise } = this.#settings;
    const address = formatAddress({
      ...advertise,
      port: advertise.port === 0 ? port : advertise.port,
    });
    this.#running = { server, context, acceptor, peers, address };
    if (this.#state === 'closed') {
      throw new TransportFailedError('the transport was closed while it started');
    }
    this.#state = 'running';
    this.#settings.logger.info(`listening, reachable at ${address}`, { address });
    this.#tick();
    this.setPeers(this.#members);
  }

  setPeers(members: readonly Member[]): void {
    this.#members = members;
    if (this.#state !== 'running' || this.#running === undefined) return;
    const { context, peers } = this.#running;
    const wanted = new Map(members.map((member) => [member.id, member.address]));
    wanted.delete(context.node);
    for (const [id, peer] of peers) {
      if (wanted.get(id) === formatAddress(peer.address)) continue;
      peers.delete(id);
      void peer.close();
    }
    for (const [id, address] of wanted) {
      if (address !== undefined && !peers.has(id)) this.#dial(id, address, this.#running);
    }
  }

  #dial(id: NodeId, text: string, { context, peers }: Running): void {
    try {
      peers.set(id, new Peer(context, id, parseAddress(text, `the address of ${id}`)));
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      // An address comes out of the replicated membership: a bad one must not stop this node.
      this.#settings.logger.error(`cannot dial ${id}: ${error.message}`, { peer: id });
    }
  }

  send(to: NodeId, parts: readonly Uint8Array[]): void {
    const frameBytes = totalBytes(parts);
    if (frameBytes > this.maxFrameBytes) {
      throw new TooLargeError(
        `a frame of ${frameBytes} bytes is over maxFrameBytes (${this.maxFrameBytes}); split it, or raise the limit on all nodes`,
      );
    }
    const connection = this.#route(to);
    if (connection === undefined) this.#counters.frames_dropped_unreachable += 1;
    else connection.send(parts, frameBytes);
  }

  /**
   * The connection that this node dialled. While there is none, the one that the peer dialled: so a
   * node that was just added can answer a leader whose address it does not know yet.
   */
  #route(to: NodeId): Connection | undefined {
    if (this.#state !== 'running' || this.#running === undefined) return undefined;
    const dialled = this.#running.peers.get(to)?.connection;
    if (dialled?.isEstablished === true) return dialled;
    return this.#running.acceptor.from(to) ?? dialled;
  }

  #tick(): void {
    const { runtime, keepAliveMs } = this.#settings;
    this.#ticker = runtime.setTimer(keepAliveMs, () => {
      for (const peer of this.#running?.peers.values() ?? []) peer.tick();
      this.#running?.acceptor.tick();
      this.#tick();
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    this.#ticker?.cancel();
    // A start under way finds out by itself; its failure is told to whoever started.
    await this.#starting?.catch(() => undefined);
    if (this.#running === undefined) return;
    const { server, acceptor, peers } = this.#running;
    const serverClosed = new Promise((resolve) => server.close(resolve));
    await Promise.all([acceptor.close(), ...[...peers.values()].map((peer) => peer.close())]);
    await serverClosed;
  }
}
