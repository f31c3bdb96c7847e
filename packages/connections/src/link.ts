/**
 * The port beneath every connection: a *link* is a stream of bytes to one other side, over TCP, over a
 * WebSocket, or inside one process. Everything above (frames, handshakes, queues, keep-alive) is the
 * same for all of them, and so is what refuses a stranger.
 *
 * A link has one handler, made together with it. Calls come in this order:
 *
 *     opened | unproven ──► data*, drained*, otherSideEnded? ──► closed
 *          (or none)
 *
 * `closed` comes exactly once, last, whatever happened. No handler is called from inside a call of
 * the link or of `dial`; only the function that makes the handler is.
 */
import type { Expected, Identity } from './identity.ts';

/**
 * Why a link ended or is refused, as far as the link itself knows.
 *
 * Those that speak of certificates and of TLS are found before a byte of any protocol is believed.
 */
export const linkCodes = [
  /** One side ended it in order. */
  'CLOSED',
  /** It never stood: nobody there, no name, not in time. */
  'UNREACHABLE',
  /** It broke. */
  'LOST',
  /** The side that was dialled does not speak TLS, and the dialler does. */
  'TLS_REFUSED',
  /** The side that was dialled speaks TLS, and the dialler does not. */
  'PLAINTEXT_REFUSED',
  /** TLS was agreed on, but its handshake failed: no version or cipher in common, for instance. */
  'TLS_FAILED',
  /** The other side showed no certificate where one is required. */
  'CERTIFICATE_MISSING',
  /** Its certificate is not signed by an authority that is trusted here. */
  'CERTIFICATE_UNTRUSTED',
  /** Its certificate is out of date, or not valid yet. */
  'CERTIFICATE_EXPIRED',
  /** Its certificate does not name a member or client in the way that is required. */
  'CERTIFICATE_NAMELESS',
  /** Its certificate is not for the host that was dialled. */
  'OTHER_HOST',
  /** Its certificate is for another cluster. */
  'OTHER_CLUSTER',
  /** Its certificate is for another member than the one that was expected. */
  'OTHER_MEMBER',
  /** Its certificate is that of a client where a member was expected. */
  'NOT_A_MEMBER',
  /** A web page of an origin that is not on the list, or a request for a host that is not. */
  'ORIGIN_REFUSED',
  'HOST_REFUSED',
  /** What came is no WebSocket of the kind that is spoken here: method, path, version, sub-protocol. */
  'NOT_A_WEBSOCKET',
  /** The other side broke the rules of WebSockets, or a limit of this side: text, compression, sizes. */
  'BAD_MESSAGE',
  /** Too many connections, in all or from one address. */
  'BUSY',
] as const;

/** See {@link linkCodes}. */
export type LinkCode = (typeof linkCodes)[number];

/** Why a link ended. */
export interface LinkEnd {
  readonly code: LinkCode;
  /** Whether it is what the other side told, not what this side found. */
  readonly told?: boolean;
  /** What the system said, where it said something. */
  readonly detail?: string | undefined;
}

/** A stream of bytes to one other side. */
export interface Link {
  /** Where the other side is, for people. */
  readonly remote: string;
  /**
   * What connections from one place are counted by: an IP address, mostly. `undefined` where there
   * is no such thing.
   */
  readonly remoteHost: string | undefined;
  /** Bytes that were written and have not reached the operating system yet. */
  readonly waitingBytes: number;
  /** Whether so much is waiting that whoever writes should wait for `drained`. */
  readonly needsDrain: boolean;
  /** Whether it has ended for good: `closed` was called or is about to be. */
  readonly closed: boolean;
  /**
   * Writes all pieces, in one call of the system where that is possible. The pieces must not change
   * any more. Not before `opened` or `unproven`; does nothing after `end` or `destroy`.
   */
  write(pieces: readonly Uint8Array[]): void;
  /**
   * Says that nothing more will be written. What was written still leaves, and what the other side
   * sends is still handed over, until it ends too.
   */
  end(): void;
  /** Ends it at once; `closed` follows. */
  destroy(): void;
}

/** What a link tells. None of its methods may throw. */
export interface LinkHandler {
  /**
   * The link stands, the handshakes of TLS and of the WebSocket included.
   *
   * @param identity what the other side's certificate proves; `undefined` where there was none, and
   *   where `Links.proves` is false.
   */
  opened(identity: Identity | undefined): void;
  /**
   * In the place of `opened`: the other side can be talked to, but is refused: it has not proven who
   * it is, or broke a rule of the link's own. It may be told so, and the link has to be ended. No data
   * is handed over.
   */
  unproven(end: LinkEnd): void;
  /** Bytes have arrived; they belong to the handler, the link does not use their buffer again. */
  data(chunk: Uint8Array): void;
  /** Everything that waited has left, after `needsDrain` was true. */
  drained(): void;
  /** The other side will send nothing more. */
  otherSideEnded(): void;
  /** The link is gone. */
  closed(end: LinkEnd): void;
}

/** Listens until it is closed. */
export interface Listener {
  /** Where it can be dialled, with the port that was free in the place of port 0. */
  readonly address: string;
  /** Takes up no link any more; those that stand stay. Idempotent. */
  close(): Promise<void>;
}

/** What a platform does faster than the portable code; both sides understand each other without it. */
export interface Platform {
  /** As `crc32` of core. Never called with an empty array. */
  crc32(bytes: Uint8Array, seed: number): number;
  /** Memory of exactly this length, shared with nobody; what is in it does not matter. */
  allocate(length: number): Uint8Array;
}

/** Opens links: one way of connecting, with its settings. */
export interface Links {
  /** Whether the other side's certificate is asked for, so that `opened` can tell an identity. */
  readonly proves: boolean;
  /** What this side's own certificate proves; `undefined` where it has none. */
  readonly identity: Identity | undefined;
  readonly platform: Platform;
  /**
   * Starts to open a link. Failures are told to the handler.
   *
   * @param expected who has to be there. Checked against its certificate where `proves`, and
   *   otherwise by nobody: a handler that needs to know asks the other side, and believes it.
   * @throws InvalidArgumentError if the address cannot be one.
   */
  dial(address: string, expected: Expected, handler: (link: Link) => LinkHandler): Link;
  /**
   * Listens.
   *
   * @param address `undefined` for links that are attached to a server which listens already.
   * @param accept called with each connection as soon as it is there, before its handshakes: what
   *   counts and times connections counts and times those too. `undefined` ends it without a word.
   * @throws TransportFailedError if the address cannot be used, or these links can only dial.
   */
  listen(
    address: string | undefined,
    accept: (link: Link) => LinkHandler | undefined,
  ): Promise<Listener>;
}
