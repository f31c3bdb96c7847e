/**
 * Links inside one process: what stands on links (clients, transports) without sockets, on any
 * runtime. Streams as TCP has them: bytes arrive in order or not at all. A cut holds them back, as a
 * network does that will be mended; a reset breaks what stands.
 */
import {
  InvalidArgumentError,
  type Random,
  type Runtime,
  seededRandom,
  systemRuntime,
  TransportFailedError,
} from '@quorate/core';
import {
  type Expected,
  type Identity,
  judgeExpected,
  type Link,
  type LinkEnd,
  type LinkHandler,
  type Links,
  type Listener,
  type Platform,
  portablePlatform,
} from '@quorate/connections';
import { type Found, type LinkWorld, MemoryLink, Pipe } from './memory-link.ts';

/** Options of {@link memoryLinks}. */
export interface MemoryLinksOptions {
  /** Clock, timers and turns. Hand in a virtual one to simulate. @default systemRuntime */
  readonly runtime?: Runtime;
  /** Draws the delays. @default 1 */
  readonly seed?: number;
  /** Least time on the way, in ms. @default 0 */
  readonly minDelayMs?: number;
  /** Greatest time on the way, in ms. @default minDelayMs */
  readonly maxDelayMs?: number;
}

/** A network of links inside one process. */
export interface MemoryLinks {
  /**
   * Links of one host. Addresses are `host` or `host:port`.
   *
   * @param identity what its certificate proves; with it, certificates are asked of others too, and
   *   without it, none.
   */
  host(name: string, identity?: Identity): Links;
  /** Nothing passes between the two any more, and nobody is told; what is under way waits. */
  cut(left: string, right: string): void;
  /** Cuts a host off from everybody. */
  isolate(name: string): void;
  /** Takes back all cuts: what has waited arrives. */
  heal(): void;
  /** Breaks every link of this host, or those between the two: both ends are told. */
  reset(name: string, other?: string): void;
  /** Ends of links that are not closed: two for each that stands, one while it is being opened. */
  readonly size: number;
}

/**
 * Makes a network of links.
 *
 * @throws InvalidArgumentError for delays that can never be.
 */
export function memoryLinks(options: MemoryLinksOptions = {}): MemoryLinks {
  return new LinkNetwork(options);
}

type Accept = (link: Link) => LinkHandler | undefined;

interface Listening {
  readonly identity: Identity | undefined;
  readonly accept: Accept;
}

class LinkNetwork implements MemoryLinks, LinkWorld {
  readonly runtime: Runtime;
  readonly listening = new Map<string, Listening>();
  readonly ends = new Set<MemoryLink>();
  readonly #random: Random;
  readonly #minDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #cuts = new Set<string>();
  readonly #isolated = new Set<string>();

  constructor({ runtime, seed, minDelayMs = 0, maxDelayMs = minDelayMs }: MemoryLinksOptions) {
    if (!(minDelayMs >= 0 && maxDelayMs >= minDelayMs && maxDelayMs < Infinity)) {
      throw new InvalidArgumentError(
        `delays must satisfy 0 <= minDelayMs <= maxDelayMs, got ${minDelayMs} and ${maxDelayMs}`,
      );
    }
    this.runtime = runtime ?? systemRuntime;
    this.#random = seededRandom(seed ?? 1);
    this.#minDelayMs = minDelayMs;
    this.#maxDelayMs = maxDelayMs;
  }

  get size(): number {
    return this.ends.size;
  }

  host(name: string, identity?: Identity): Links {
    return new HostLinks(this, name, identity);
  }

  cut(left: string, right: string): void {
    this.#cuts.add(pair(left, right));
  }

  isolate(name: string): void {
    this.#isolated.add(name);
  }

  heal(): void {
    this.#cuts.clear();
    this.#isolated.clear();
    for (const end of this.ends) end.resume();
  }

  reset(name: string, other?: string): void {
    const lost: LinkEnd = { code: 'LOST', detail: 'reset' };
    for (const { host, remoteHost } of this.ends) {
      if (host !== name || (other !== undefined && remoteHost !== other)) continue;
      for (const end of this.ends) {
        if (pair(end.host, end.remoteHost) === pair(host, remoteHost)) end.reset(lost);
      }
    }
  }

  isCut(left: string, right: string): boolean {
    return (
      this.#isolated.has(left) || this.#isolated.has(right) || this.#cuts.has(pair(left, right))
    );
  }

  drawDelayMs(): number {
    return this.#maxDelayMs === 0 ? 0 : this.#random.between(this.#minDelayMs, this.#maxDelayMs);
  }
}

class HostLinks implements Links {
  readonly platform: Platform = portablePlatform;
  readonly identity: Identity | undefined;
  readonly #network: LinkNetwork;
  readonly #name: string;

  constructor(network: LinkNetwork, name: string, identity: Identity | undefined) {
    this.#network = network;
    this.#name = name;
    this.identity = identity;
  }

  get proves(): boolean {
    return this.identity !== undefined;
  }

  dial(address: string, expected: Expected, handler: (link: Link) => LinkHandler): Link {
    const host = hostOf(address);
    const there = new Pipe(this.#network, this.#name, host);
    const back = new Pipe(this.#network, host, this.#name);
    const near = new MemoryLink(this.#network, this.#name, host, there);
    near.attach(handler(near));
    // A request under way: it arrives when the network lets it, at whoever listens by then.
    there.post(0, () => {
      if (near.closed) return;
      const listening = this.#network.listening.get(address);
      if (listening === undefined) {
        back.post(0, () => near.reset({ code: 'UNREACHABLE', detail: 'nobody listens there' }));
        return;
      }
      const far = new MemoryLink(this.#network, host, this.#name, back);
      near.connect(far);
      far.connect(near);
      const accepted = listening.accept(far);
      if (accepted === undefined) {
        far.destroy();
        return;
      }
      far.attach(accepted);
      back.post(0, () => near.open(this.#judge(listening.identity, expected)));
      far.open(judge(listening.identity, this.identity));
    });
    return near;
  }

  listen(address: string | undefined, accept: Accept): Promise<Listener> {
    const { listening } = this.#network;
    const place = address ?? this.#name;
    if (hostOf(place) !== this.#name) {
      return Promise.reject(
        new TransportFailedError(`cannot listen on ${place}: this host is ${this.#name}`),
      );
    }
    if (listening.has(place)) {
      return Promise.reject(
        new TransportFailedError(`cannot listen on ${place}: somebody does already`),
      );
    }
    const entry: Listening = { identity: this.identity, accept };
    listening.set(place, entry);
    return Promise.resolve({
      address: place,
      close: () => {
        if (listening.get(place) === entry) listening.delete(place);
        return Promise.resolve();
      },
    });
  }

  #judge(identity: Identity | undefined, expected: Expected): Found {
    const found = judge(this.identity, identity);
    if (!this.proves || 'end' in found) return found;
    const end = judgeExpected(identity, expected, () => true);
    return end === undefined ? found : { end };
  }
}

/** What one side finds out about the other: nothing, where it has no certificate itself. */
function judge(own: Identity | undefined, other: Identity | undefined): Found {
  if (own === undefined) return { identity: undefined };
  return other === undefined ? { end: { code: 'CERTIFICATE_MISSING' } } : { identity: other };
}

/** The host of `host` or `host:port`. @throws InvalidArgumentError if there is none. */
function hostOf(address: string): string {
  const [host = ''] = address.split(':');
  if (host !== '') return host;
  throw new InvalidArgumentError(
    `an address is 'host' or 'host:port', got ${JSON.stringify(address.slice(0, 80))}`,
  );
}

function pair(left: string, right: string): string {
  return left < right ? `${left} ${right}` : `${right} ${left}`;
}
