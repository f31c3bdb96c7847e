/**
 * Requests for a WebSocket: which are taken up, and what the others are told.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { LinkEnd } from '@quorate/connections';
import type { Proof } from '@quorate/connections/node';
import { tlsRecord } from '@quorate/connections/wire';
import { type WebSocket, WebSocketServer } from 'ws';
import { maxMessageBytes, subProtocol } from './protocol.ts';
import type { WsLink } from './ws-link.ts';

interface WebSocketLimits {
  readonly perMessageDeflate: false;
  readonly maxPayload: number;
  readonly maxFragments: number;
  readonly maxBufferedChunks: number;
  /** In ms. */
  readonly closeTimeout: number;
}

/** Limits of `ws`, well below its own. */
export const webSocketLimits: WebSocketLimits = {
  // A compressed message can be a thousand times larger than what it was read from.
  perMessageDeflate: false,
  maxPayload: maxMessageBytes,
  // Browsers may cut a message; nobody has a reason to cut one into thousands.
  maxFragments: 64,
  maxBufferedChunks: 4096,
  // Whoever broke a rule is not waited for.
  closeTimeout: 1_000,
};

/** What a request has to be like. */
export interface UpgradeRules {
  readonly path: string;
  /** Web pages that may connect, as `https://example.org`. */
  readonly origins: readonly string[];
  /** Whether whoever is no web page is refused. */
  readonly requireOrigin: boolean;
  /** Hosts, with their ports, that may have been asked for; `undefined`: any. */
  readonly hosts: readonly string[] | undefined;
}

/** Why a request is refused, and the status of the answer; `undefined` if it is not. */
export function judgeRequest(
  { headers, url = '' }: Pick<IncomingMessage, 'headers' | 'url'>,
  rules: UpgradeRules,
): { readonly end: LinkEnd; readonly status: string } | undefined {
  const { origin } = headers;
  // Names of hosts have no case (RFC 9110, section 4.2.3).
  const host = headers.host?.toLowerCase();
  // A name of somebody else's that leads here (DNS rebinding) makes a foreign page a local one.
  if (rules.hosts !== undefined && !(host !== undefined && rules.hosts.includes(host))) {
    return {
      end: { code: 'HOST_REFUSED', detail: shown(host) },
      status: '421 Misdirected Request',
    };
  }
  if (url.split('?', 1)[0] !== rules.path) {
    return { end: { code: 'NOT_A_WEBSOCKET', detail: 'another path' }, status: '404 Not Found' };
  }
  // Browsers let any page open WebSockets to any host, and send cookies along: only this header,
  // which pages cannot forge, says which page it is.
  const isAllowed = origin === undefined ? !rules.requireOrigin : rules.origins.includes(origin);
  if (!isAllowed) {
    return { end: { code: 'ORIGIN_REFUSED', detail: shown(origin) }, status: '403 Forbidden' };
  }
  // Those of before RFC 6455 name their page in a header of another name.
  if (headers['sec-websocket-version'] !== '13') {
    return {
      end: { code: 'NOT_A_WEBSOCKET', detail: 'another version' },
      status: '400 Bad Request',
    };
  }
  const offered = headers['sec-websocket-protocol']?.split(',').map((each) => each.trim()) ?? [];
  if (!offered.includes(subProtocol)) {
    return {
      end: { code: 'NOT_A_WEBSOCKET', detail: 'another sub-protocol' },
      status: '400 Bad Request',
    };
  }
  return undefined;
}

/** What a header held, for the log. */
function shown(header: string | undefined): string {
  return header === undefined ? 'none' : JSON.stringify(header.slice(0, 80));
}

interface Visitor {
  readonly link: WsLink;
  readonly proof: Proof;
}

/** Speaks HTTP with sockets that were accepted, until they are WebSockets or gone. */
export class Upgrades {
  readonly #rules: UpgradeRules;
  readonly #webSockets: WebSocketServer = makeWebSocketServer();
  readonly #http: Server = createServer({ maxHeaderSize: 8 * 1024 });
  readonly #visitors = new WeakMap<Duplex, Visitor>();

  constructor(rules: UpgradeRules) {
    this.#rules = rules;
    this.#http.on('upgrade', (request, socket, head) => {
      const visitor = this.#visitors.get(socket);
      // The types allow for any stream; what is expected here are sockets.
      if (visitor === undefined || !(socket instanceof Socket)) socket.destroy();
      else this.upgrade(request, socket, head, visitor);
    });
    this.#http.on('request', (request) => {
      this.#visitors
        .get(request.socket)
        ?.link.refuse({ code: 'NOT_A_WEBSOCKET', detail: 'plain HTTP' }, '426 Upgrade Required');
    });
    this.#http.on('clientError', (error: ClientError, socket) => {
      const isTls = error.rawPacket?.[0] === tlsRecord;
      this.#visitors
        .get(socket)
        ?.link.refuse(
          isTls
            ? { code: 'TLS_REFUSED' }
            : { code: 'NOT_A_WEBSOCKET', detail: error.code ?? error.message },
          '400 Bad Request',
        );
    });
  }

  /** Waits for the request of a socket that stands, TLS included. */
  expect(socket: Socket, link: WsLink, proof: Proof): void {
    link.carry(socket);
    if (proof.type === 'unproven' && proof.end.code === 'PLAINTEXT_REFUSED') {
      link.refuse(proof.end, '400 Bad Request');
      return;
    }
    this.#visitors.set(socket, { link, proof });
    this.#http.emit('connection', socket);
  }

  /** A request has come: takes it up, or refuses it. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer, { link, proof }: Visitor): void {
    const refusal = judgeRequest(request, this.#rules);
    if (refusal !== undefined) {
      link.refuse(refusal.end, refusal.status);
      return;
    }
    this.#webSockets.once('wsClientError', refuseBroken);
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      link.open(webSocket, proof);
    });
    this.#webSockets.off('wsClientError', refuseBroken);

    function refuseBroken(error: Error): void {
      link.refuse({ code: 'NOT_A_WEBSOCKET', detail: error.message }, '400 Bad Request');
    }
  }
}

interface ClientError extends NodeJS.ErrnoException {
  readonly rawPacket?: Uint8Array;
}

function makeWebSocketServer(): WebSocketServer {
  return new WebSocketServer({
    noServer: true,
    clientTracking: false,
    handleProtocols: () => subProtocol,
    ...webSocketLimits,
  });
}
