/**
 * A transport on links: listens, dials the peers, and finds the connection for each frame.
 */
import {
  checkName,
  type Counters,
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
import { identityUri } from '../identity.ts';
import type { Links, Listener } from '../link.ts';
import { Turns } from '../outbox.ts';
import { Acceptor } from './acceptor.ts';
import type { MemberConnection, MemberContext } from './connection.ts';
import { makeCounters } from './counters.ts';
import type { Settings } from './options.ts';
import { Peer } from './peer.ts';

/** A transport on links. */
export interface LinkTransport extends Transport {
  /** What it has counted since it was made; the README of `@quorate/connections` names each. */
  readonly counters: Counters;
}

/** Where a transport is reached. */
export interface Listening {
  /** For `Links.listen`. */
  readonly address: string | undefined;
  /** What others dial, once it listens at `bound`. */
  advertise(bound: string): string;
}

/**
 * Makes a transport on links; nothing is opened before `start`.
 *
 * @param listening `undefined` for one that only dials: it has no address, and others answer it on
 *   the connections that it has opened.
 */
export function linkTransport(
  links: Links,
  listening: Listening | undefined,
  settings: Settings,
): LinkTransport {
  return new TransportOnLinks(links, listening, settings);
}

/** What exists while the transport runs. */
interface Running {
  readonly listener: Listener | undefined;
  readonly context: MemberContext;
  readonly acceptor: Acceptor;
  readonly peers: Map<NodeId, Peer>;
  readonly address: string | undefined;
}

class TransportOnLinks implements LinkTransport {
  readonly maxFrameBytes: number;
  readonly #links: Links;
  readonly #listening: Listening | undefined;
  readonly #settings: Settings;
  readonly #counters = makeCounters();
  #state: 'idle' | 'starting' | 'running' | 'closed' = 'idle';
  #running: Running | undefined;
  #members: readonly Member[] = [];
  #ticker: Timer | undefined;
  #starting: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(links: Links, listening: Listening | undefined, settings: Settings) {
    this.#links = links;
    this.#listening = listening;
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
    this.#checkCertificate(setup);
    if (this.#state !== 'idle') {
      throw new TransportFailedError(`the transport is ${this.#state} already; make a new one`);
    }
    this.#state = 'starting';
    this.#starting = this.#open(setup);
    await this.#starting;
  }

  /** Found out now, instead of by every peer later. */
  #checkCertificate({ cluster, node }: TransportSetup): void {
    if (!this.#links.proves) return;
    const needed = identityUri({ role: 'member', cluster, name: node });
    const { identity } = this.#links;
    const shown = identity === undefined ? undefined : identityUri(identity);
    if (shown === needed) return;
    throw new InvalidArgumentError(
      `the certificate of this node is for ${shown ?? 'nobody'}; it needs the URI ${needed} as its one quorate:// name`,
    );
  }

  async #open(setup: TransportSetup): Promise<void> {
    const settings = this.#settings;
    const context: MemberContext = {
      cluster: setup.cluster,
      node: setup.node,
      settings,
      counters: this.#counters,
      proves: this.#links.proves,
      platform: this.#links.platform,
      runtime: settings.runtime,
      turns: new Turns(settings.runtime),
      handshakeTimeoutMs: settings.handshakeTimeoutMs,
      keepAliveMs: settings.keepAliveMs,
      closeTimeoutMs: settings.closeTimeoutMs,
      receive: setup.receive,
    };
    const peers = new Map<NodeId, Peer>();
    // A node that has just come back is dialled without waiting.
    const acceptor = new Acceptor(context, (peer) => peers.get(peer)?.wake());
    let listener: Listener | undefined;
    try {
      listener = await this.#listen(acceptor);
    } catch (error) {
      // Another attempt may find the port free.
      if (this.#state === 'starting') this.#state = 'idle';
      throw error;
    }
    const address =
      listener === undefined ? undefined : this.#listening?.advertise(listener.address);
    this.#running = { listener, context, acceptor, peers, address };
    if (this.#state === 'closed') {
      throw new TransportFailedError('the transport was closed while it started');
    }
    this.#state = 'running';
    if (address !== undefined) {
      this.#settings.logger.info(`listening, reachable at ${address}`, { address });
    }
    this.#tick();
    this.setPeers(this.#members);
  }

  async #listen(acceptor: Acceptor): Promise<Listener | undefined> {
    if (this.#listening === undefined) return undefined;
    return this.#links.listen(this.#listening.address, (link) => acceptor.accept(link));
  }

  setPeers(members: readonly Member[]): void {
    this.#members = members;
    if (this.#state !== 'running' || this.#running === undefined) return;
    const { context, peers } = this.#running;
    const wanted = new Map(members.map((member) => [member.id, member.address]));
    wanted.delete(context.node);
    for (const [id, peer] of peers) {
      if (wanted.get(id) === peer.address) continue;
      peers.delete(id);
      void peer.close();
    }
    for (const [id, address] of wanted) {
      if (address !== undefined && !peers.has(id)) this.#dial(id, address, this.#running);
    }
  }

  #dial(id: NodeId, address: string, { context, peers }: Running): void {
    try {
      peers.set(id, new Peer(context, this.#links, id, address));
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
   * node that was just added can answer a leader whose address it does not know yet, and a node
   * without an address is answered at all.
   */
  #route(to: NodeId): MemberConnection | undefined {
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
    const { listener, acceptor, peers } = this.#running;
    const listenerClosed = listener?.close();
    await Promise.all([acceptor.close(), ...[...peers.values()].map((peer) => peer.close())]);
    await listenerClosed;
  }
}
