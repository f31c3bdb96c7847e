/**
 * What a kind of links hands to its suites, and the nodes and strangers that the tests work with.
 */
import { equalBytes, type LogFields, type Logger, type NodeId, utf8 } from '@quorate/core';
import {
  type Expected,
  type Identity,
  identityUri,
  type Link,
  type LinkEnd,
  type LinkHandler,
  type Links,
  type LinkTransport,
  type MemberOptions,
} from '@quorate/connections';
import {
  decodeRefusal,
  encodeFrame,
  encodeHello,
  FrameParser,
  frameType,
  type Hello,
  preamble,
} from '@quorate/connections/wire';
import { check, ConformanceError } from '../check.ts';
import type { TestFramework } from '../framework.ts';

/** A certificate and its key, as PEM. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface CertificateSubject {
  /** URIs of its subject alternative name. */
  readonly uris?: readonly string[];
  /** DNS names. */
  readonly hosts?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** Signs certificates. */
export interface CertificateAuthority {
  /** Its own certificate, as PEM. */
  readonly ca: string;
  issue(subject: CertificateSubject): Promise<CertificatePair>;
}

/** What a node or a stranger is made with. */
export interface Tls extends Partial<CertificatePair> {
  readonly ca: string;
}

/** One kind of links. */
export interface LinksHarness {
  /** A transport that listens on a free port of the loopback. */
  transport(options: MemberOptions, tls: (Tls & CertificatePair) | undefined): LinkTransport;
  /** Links to dial with. */
  links(tls: Tls | undefined): Links;
  /** The same place, dialled with TLS or without. */
  address(address: string, isSecure: boolean): string;
  /** An authority that nobody else trusts. */
  authority(): Promise<CertificateAuthority>;
}

/** What the suites of links need. */
export interface LinkSuiteOptions {
  readonly framework: TestFramework;
  /** What the tests are listed under. */
  readonly name: string;
  readonly harness: LinksHarness;
  /** How long a test waits for what must happen. @default 15 000 */
  readonly patienceMs?: number;
}

export const cluster = 'test';

/** Node `name` of the cluster, as a certificate says it. */
export function memberUri(name: NodeId, of: string = cluster): string {
  return identityUri({ role: 'member', cluster: of, name });
}

/** A started transport, and what it has received and logged. */
export interface TestNode {
  readonly name: NodeId;
  readonly transport: LinkTransport;
  readonly address: string;
  readonly received: { readonly from: NodeId; readonly frame: Uint8Array }[];
  readonly lines: {
    readonly level: keyof Logger;
    readonly message: string;
    readonly code: unknown;
  }[];
  count(counter: string): number;
}

/** The nodes and strangers of one test. */
export class LinkWorld {
  readonly harness: LinksHarness;
  readonly #patienceMs: number;
  readonly #closing: (() => Promise<void> | void)[] = [];

  constructor(harness: LinksHarness, patienceMs: number) {
    this.harness = harness;
    this.#patienceMs = patienceMs;
  }

  /** Starts a node. */
  async node(
    name: NodeId,
    options: MemberOptions = {},
    tls?: Tls & CertificatePair,
    of: string = cluster,
  ): Promise<TestNode> {
    const lines: TestNode['lines'] = [];
    const received: TestNode['received'] = [];
    const at =
      (level: keyof Logger) =>
      (message: string, fields: LogFields = {}): void => {
        lines.push({ level, message, code: fields['code'] });
      };
    const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
    const reconnect = { minMs: 5, maxMs: 100 };
    const transport = this.harness.transport({ reconnect, logger, ...options }, tls);
    this.#closing.push(() => transport.close());
    await transport.start({
      cluster: of,
      node: name,
      receive: (from, frame) => received.push({ from, frame }),
    });
    return {
      name,
      transport,
      address: transport.address ?? '',
      received,
      lines,
      count: (counter) => transport.counters[counter] ?? Number.NaN,
    };
  }

  /** Dials a node, as somebody who is none. */
  stranger(
    node: TestNode,
    { tls, isSecure, hello, silent, expected }: StrangerOptions = {},
  ): Stranger {
    const links = this.harness.links(tls);
    const greeting = silent === true ? undefined : greetingOf({ to: node.name, ...hello });
    const stranger = new Stranger(greeting);
    const address = this.harness.address(node.address, isSecure ?? tls !== undefined);
    const link = links.dial(address, expected ?? { type: 'member', cluster }, (each) =>
      stranger.handle(each),
    );
    this.#closing.push(() => link.destroy());
    return stranger;
  }

  /** Waits until a condition holds. */
  async until(holds: () => boolean, what: string): Promise<void> {
    const start = Date.now();
    while (!holds()) {
      if (Date.now() - start > this.#patienceMs) {
        throw new ConformanceError(`gave up waiting: ${what}`);
      }
      await pause(2);
    }
  }

  /** Two nodes that hear each other. */
  async introduce(a: TestNode, b: TestNode): Promise<void> {
    a.transport.setPeers([{ id: b.name, address: b.address }]);
    b.transport.setPeers([{ id: a.name, address: a.address }]);
    for (const node of [a, b]) {
      await this.until(
        () => node.count('connections_dialled') > 0 && node.count('connections_accepted') > 0,
        'both connections stand',
      );
    }
  }

  /** Checks that two nodes still talk on the connections that they had. */
  async undisturbed(a: TestNode, b: TestNode): Promise<void> {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const frame = utf8(`still here, ${to.received.length}`);
      from.transport.send(to.name, [frame]);
      await this.until(
        () => to.received.some((each) => equalBytes(each.frame, frame)),
        `${to.name} hears ${from.name}`,
      );
      check(from.count('connections_dialled') === 1, `${from.name} must not have to dial again`);
    }
  }

  async close(): Promise<void> {
    for (const each of this.#closing.reverse()) await each();
  }
}

/** How a stranger comes. */
export interface StrangerOptions {
  readonly tls?: Tls;
  /** Whether it dials with TLS. @default whether it has any */
  readonly isSecure?: boolean;
  /** What it says of itself. @default node `eve` of the right cluster */
  readonly hello?: Partial<Hello>;
  /** Says nothing by itself. */
  readonly silent?: boolean;
  /** @default any member of the cluster */
  readonly expected?: Expected;
}

/** Somebody on a link, without manners. */
export class Stranger implements LinkHandler {
  link: Link | undefined;
  isOpen = false;
  identity: Identity | undefined;
  /** What this side found out itself about the other. */
  unprovenEnd: LinkEnd | undefined;
  /** Names of the refusals received. */
  readonly refusals: (string | undefined)[] = [];
  /** Types of the other frames received. */
  readonly types: number[] = [];
  end: LinkEnd | undefined;
  readonly #greeting: Uint8Array | undefined;
  readonly #parser: FrameParser;

  constructor(greeting: Uint8Array | undefined) {
    this.#greeting = greeting;
    this.#parser = new FrameParser(
      {
        limit: () => 2 ** 31,
        frame: (type, payload) => {
          if (type === frameType.refusal) this.refusals.push(decodeRefusal(payload));
          else this.types.push(type);
        },
      },
      preamble,
    );
  }

  /** As the maker of a handler that `dial` wants. */
  handle(link: Link): this {
    this.link = link;
    return this;
  }

  write(...pieces: readonly Uint8Array[]): void {
    this.link?.write(pieces);
  }

  opened(identity: Identity | undefined): void {
    this.isOpen = true;
    this.identity = identity;
    if (this.#greeting !== undefined) this.write(this.#greeting);
  }

  unproven(end: LinkEnd): void {
    this.unprovenEnd = end;
    this.link?.destroy();
  }

  data(chunk: Uint8Array): void {
    this.#parser.push(chunk);
  }

  drained(): void {
    // It never waits.
  }

  otherSideEnded(): void {
    this.link?.end();
  }

  closed(end: LinkEnd): void {
    this.end = end;
  }
}

/** What a node called `eve` would start with. */
export function greetingOf(hello: Partial<Hello> = {}): Uint8Array {
  const frame = encodeHello({
    cluster,
    node: 'eve',
    to: 'a',
    keepAliveMs: 60_000,
    maxFrameBytes: 1024 * 1024,
    ...hello,
  });
  return Uint8Array.of(...preamble, ...frame);
}

export function dataFrame(payload: Uint8Array): Uint8Array {
  return encodeFrame(frameType.data, payload);
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
