/**
 * What both ends of a WebSocket agree on, on Node and in browsers.
 */
import { concatBytes, InvalidArgumentError, maxAddressBytes } from '@quorate/core';

/** Name of the sub-protocol: says that the messages are a stream of bytes, cut anywhere. */
export const subProtocol = 'quorate';

/** Where connections are taken up, unless told otherwise. */
export const defaultPath = '/quorate';

/**
 * Largest message, in bytes, both ways. A message is only a piece of the stream: larger ones would
 * have to be gathered before anything is read of them.
 */
export const maxMessageBytes: number = 256 * 1024;

/** Up to so many bytes of small pieces are copied into one message: each message has a cost too. */
const mergeBytes = 32 * 1024;

/** Cuts what has to be written into messages. */
export function messagesOf(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  let smallBytes = 0;
  const flush = (): void => {
    if (small.length > 0) messages.push(concatBytes(small));
    small = [];
    smallBytes = 0;
  };
  for (const piece of pieces) {
    if (smallBytes + piece.length > mergeBytes) flush();
    if (piece.length <= mergeBytes) {
      small.push(piece);
      smallBytes += piece.length;
      continue;
    }
    for (let at = 0; at < piece.length; at += maxMessageBytes) {
      messages.push(piece.subarray(at, at + maxMessageBytes));
    }
  }
  flush();
  return messages;
}

/** An address that can be dialled. */
export interface WsAddress {
  readonly isSecure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** `host:port` as it stands in the URL. */
  readonly authority: string;
  readonly path: string;
}

/**
 * Reads `ws://host:port/path`, or `wss://…`.
 *
 * @throws InvalidArgumentError if it is none.
 */
export function parseWsAddress(text: string, what: string): WsAddress {
  const url = text.length <= maxAddressBytes ? tryUrl(text) : undefined;
  const isSecure = url?.protocol === 'wss:';
  if (
    url === undefined ||
    !(isSecure || url.protocol === 'ws:') ||
    url.username + url.password + url.search + url.hash !== ''
  ) {
    throw new InvalidArgumentError(
      `${what} must be 'ws://host:port/path' or 'wss://host:port/path', got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  const { host, hostname, pathname, port } = url;
  const defaultPort = isSecure ? 443 : 80;
  return {
    isSecure,
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? defaultPort : Number(port),
    authority: host,
    path: pathname,
  };
}

function tryUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
