/**
 * Links over the platform's WebSocket: they dial, and are never dialled.
 */
import {
  InvalidArgumentError,
  type Runtime,
  systemRuntime,
  TransportFailedError,
} from '@quorate/core';
import {
  type Expected,
  type Link,
  type LinkHandler,
  type Links,
  type Listener,
  type Platform,
  portablePlatform,
  refuseUnknown,
} from '@quorate/connections';
import { parseWsAddress, subProtocol } from '../protocol.ts';
import { BrowserLink, type PlatformWebSocket } from './link.ts';

/** Makes a WebSocket; the constructor that browsers have. */
export type WebSocketConstructor = new (url: string, protocol: string) => PlatformWebSocket;

/** Options of {@link wsLinks} in a browser. */
export interface WsLinksOptions {
  /** @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
}

/**
 * Makes links over WebSockets.
 *
 * @throws InvalidArgumentError where there is no WebSocket.
 */
export function wsLinks(options: WsLinksOptions = {}): Links {
  refuseUnknown(options, ['WebSocket', 'runtime'], 'wsLinks');
  return new LinksOfPlatform(options);
}

class LinksOfPlatform implements Links {
  readonly proves = false;
  readonly identity = undefined;
  readonly platform: Platform = portablePlatform;
  readonly #make: WebSocketConstructor;
  readonly #runtime: Runtime;

  constructor({ WebSocket, runtime = systemRuntime }: WsLinksOptions) {
    const make = WebSocket ?? webSocketOfPlatform();
    if (make === undefined) {
      throw new InvalidArgumentError('this platform has no WebSocket; hand one in as an option');
    }
    this.#make = make;
    this.#runtime = runtime;
  }

  /** `expected` is left to the platform: it checks that the certificate is for the host. */
  dial(address: string, _expected: Expected, handler: (link: Link) => LinkHandler): Link {
    parseWsAddress(address, 'address');
    const link = new BrowserLink(new this.#make(address, subProtocol), address, this.#runtime);
    link.attach(handler(link));
    return link;
  }

  listen(): Promise<Listener> {
    return Promise.reject(new TransportFailedError('nobody can connect to a browser'));
  }
}

/** @returns `undefined` where there is none, whatever the types say: in Node 20, for instance. */
function webSocketOfPlatform(): WebSocketConstructor | undefined {
  const { WebSocket }: { readonly WebSocket?: WebSocketConstructor } = globalThis;
  return WebSocket;
}
