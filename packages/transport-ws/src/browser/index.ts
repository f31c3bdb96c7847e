/**
 * Transport over WebSockets in a browser: a full member that dials, and is answered on the
 * connections that it has opened.
 *
 * @packageDocumentation
 */
import {
  checkMemberOptions,
  linkTransport,
  type LinkTransport,
  type MemberOptions,
  memberOptionNames,
  refuseUnknown,
} from '@quorate/connections';
import { wsLinks, type WebSocketConstructor } from './links.ts';

export type { EndCode, TransportCounters } from '@quorate/connections';
export type { PlatformWebSocket } from './link.ts';
export { wsLinks, type WebSocketConstructor, type WsLinksOptions } from './links.ts';

/** Options of {@link wsTransport} in a browser. */
export interface WsTransportOptions extends MemberOptions {
  /** @default globalThis.WebSocket */
  readonly WebSocket?: WebSocketConstructor;
}

/**
 * Makes a transport over WebSockets; nothing is opened before `start`. Its address is `undefined`.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function wsTransport(options: WsTransportOptions = {}): LinkTransport {
  refuseUnknown(options, ['WebSocket', ...memberOptionNames], 'wsTransport');
  const settings = checkMemberOptions(options);
  const { WebSocket } = options;
  const { runtime } = settings;
  const links = wsLinks(WebSocket === undefined ? { runtime } : { WebSocket, runtime });
  return linkTransport(links, undefined, settings);
}
