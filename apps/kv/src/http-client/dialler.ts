/**
 * How a node is asked over HTTP: plain, or with TLS on the terms of this program.
 *
 * `node:http` in the place of `fetch`, which cannot be told whom to trust without a dependency.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { beyondLoopback, describeEnd, formatAddress, type LinkEnd } from '@quorate/connections';
import type { ClientAccess } from '@quorate/connections/access';
import { Credentials, dialSocket } from '@quorate/connections/node';
import { silentLogger, systemRuntime } from '@quorate/core';
import { ServiceError } from '../errors.ts';

/** A request, ready to be sent to any node. */
export interface KvRequest {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Path and query. */
  readonly path: string;
  readonly body?: Uint8Array | string;
  readonly contentType?: string;
}

/** Nothing was sent: the node has not shown that it is one, or would have heard what is secret. */
export class UnprovenError extends ServiceError {}

/** Asks nodes. */
export class HttpDialler {
  readonly #credentials: Credentials | undefined;
  readonly #token: string | undefined;

  /** @throws InvalidArgumentError for certificates that cannot work. */
  constructor({ tls, token }: ClientAccess) {
    this.#credentials =
      tls === undefined ? undefined : new Credentials(tls, systemRuntime, silentLogger);
    this.#token = token;
  }

  /**
   * Sends a request, and gives the answer once it has begun.
   *
   * @throws UnprovenError if nothing was sent for a reason that waiting does not mend.
   * @throws whatever the system says, and when `signal` fires.
   */
  async ask(endpoint: string, request: KvRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const url = new URL(request.path, endpoint);
    const isSecure = url.protocol === 'https:';
    const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
    const address = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port };
    if (this.#token !== undefined && !isSecure && beyondLoopback([formatAddress(address)])) {
      throw new UnprovenError(
        'INSECURE',
        `the token would be readable on its way to ${url.origin}; ask for https://${url.host}`,
      );
    }
    const { method, body, contentType } = request;
    const credentials = isSecure ? this.#credentials : undefined;
    return new Promise((resolve, reject) => {
      const sending = (isSecure ? requestHttps : requestHttp)({
        ...address,
        method,
        path: `${url.pathname}${url.search}`,
        signal,
        headers: {
          host: url.host,
          ...(contentType !== undefined && { 'content-type': contentType }),
          ...(this.#token !== undefined && { authorization: `Bearer ${this.#token}` }),
        },
        ...(credentials !== undefined && {
          // Without one there is no agent that would keep the connection: each proves itself anew.
          createConnection: (_options, opened) => {
            dial(endpoint, address, credentials, signal, opened);
            return undefined;
          },
        }),
      });
      sending.once('response', resolve);
      sending.on('error', reject);
      sending.end(body);
    });
  }
}

/** Tells of a socket once the node behind it has proven that it is for the host that was asked for. */
function dial(
  endpoint: string,
  address: Parameters<typeof dialSocket>[0],
  credentials: Credentials,
  signal: AbortSignal,
  opened: (error: Error | null, socket: Socket) => void,
): void {
  const dialling = dialSocket(address, credentials, { type: 'host' });
  const { socket } = dialling;
  const giveUp = (): void => void socket.destroy();
  signal.addEventListener('abort', giveUp, { once: true });
  socket.once('close', () => {
    signal.removeEventListener('abort', giveUp);
    // Given up, or gone without a word; whoever was told of it before hears nothing new.
    opened(new Error('the connection ended before it stood'), socket);
  });
  const failed = (error: NodeJS.ErrnoException): void => {
    const end = dialling.explain(error);
    const isSystem = end.code === 'UNREACHABLE' || end.code === 'LOST';
    opened(isSystem ? error : unproven(endpoint, end), socket);
  };
  socket.once('error', failed);
  // One that nobody waits for any more must not end the program.
  socket.on('error', () => undefined);
  dialling.onceOpen((proof) => {
    socket.off('error', failed);
    if (proof.type === 'proven') {
      opened(null, socket);
      return;
    }
    socket.destroy();
    opened(unproven(endpoint, proof.end), socket);
  });
}

function unproven(endpoint: string, { code, detail }: LinkEnd): UnprovenError {
  return new UnprovenError(code, `${endpoint}: ${describeEnd({ code, told: false, detail })}`);
}
