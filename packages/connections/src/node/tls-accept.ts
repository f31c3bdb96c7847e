/**
 * TLS on sockets that were accepted: the handshake, and what the other side has proven.
 *
 * Certificates are asked for and not insisted on by TLS itself, which would only break the
 * connection: judged here, right after the handshake and before a byte of any protocol, each refusal
 * has its own code on both sides.
 */
import type { Socket } from 'node:net';
import { createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls';
import { tlsRecord } from '../framing.ts';
import type { LinkEnd } from '../link.ts';
import { identityOf } from './certificates.ts';
import type { Credentials } from './credentials.ts';
import { judgeChain, type Proof } from './dial.ts';

/** Whether a side that dials has to show a certificate. */
export type ClientCertificates = 'required' | 'optional' | 'none';

/** What comes of a handshake; one of the two is called, once, or the socket ends before. */
export interface HandshakeHandler {
  /** @param socket what to talk on from now on: the same one where nothing was encrypted. */
  done(socket: Socket, proof: Proof): void;
  failed(end: LinkEnd): void;
}

/** Makes TLS connections out of accepted sockets. */
export class TlsAcceptor {
  readonly #credentials: Credentials;
  readonly #clientCertificates: ClientCertificates;
  readonly #server: Server;
  #contextOptions: SecureContextOptions;
  /** Handshakes under way, by the other side's address and port: all that the server tells of them. */
  readonly #underWay = new Map<string, HandshakeHandler>();

  constructor(credentials: Credentials, clientCertificates: ClientCertificates) {
    this.#credentials = credentials;
    this.#clientCertificates = clientCertificates;
    this.#contextOptions = credentials.contextOptions;
    // It never listens: sockets are handed to it, and it does what `TLSSocket` alone does not: judge
    // the chain of a client.
    this.#server = createServer({
      ...this.#contextOptions,
      requestCert: clientCertificates !== 'none',
      rejectUnauthorized: false,
    });
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      const detail = error.code ?? error.message;
      this.#take(socket)?.failed({
        code: /SSL|TLS/.test(detail) ? 'TLS_FAILED' : 'LOST',
        detail,
      });
    });
  }

  /** Starts the handshake. Whoever calls has a listener for errors of the socket. */
  secure(raw: Socket, handler: HandshakeHandler): void {
    // Looked at before TLS sees it: what speaks plain text is told so in plain text.
    raw.once('data', (chunk: Uint8Array) => {
      raw.pause();
      raw.unshift(chunk);
      if (chunk[0] === tlsRecord) this.#handshake(raw, handler);
      else handler.done(raw, { type: 'unproven', end: { code: 'PLAINTEXT_REFUSED' } });
    });
  }

  #handshake(raw: Socket, handler: HandshakeHandler): void {
    const place = placeOf(raw);
    if (place === undefined || this.#underWay.has(place)) {
      raw.destroy();
      return;
    }
    this.#underWay.set(place, handler);
    raw.once('close', () => this.#underWay.delete(place));
    this.#credentials.refresh();
    if (this.#contextOptions !== this.#credentials.contextOptions) {
      this.#contextOptions = this.#credentials.contextOptions;
      this.#server.setSecureContext(this.#contextOptions);
    }
    this.#server.emit('connection', raw);
  }

  #secured(socket: TLSSocket): void {
    const handler = this.#take(socket);
    if (handler === undefined) socket.destroy();
    else handler.done(socket, this.#judge(socket));
  }

  #take(socket: TLSSocket): HandshakeHandler | undefined {
    const place = placeOf(socket);
    if (place === undefined) return undefined;
    const handler = this.#underWay.get(place);
    this.#underWay.delete(place);
    return handler;
  }

  #judge(socket: TLSSocket): Proof {
    const nobody: Proof = { type: 'proven', identity: undefined };
    if (this.#clientCertificates === 'none') return nobody;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) {
      if (this.#clientCertificates === 'optional') return nobody;
      return { type: 'unproven', end: { code: 'CERTIFICATE_MISSING' } };
    }
    if (!socket.authorized) return { type: 'unproven', end: judgeChain(socket) };
    const identity = identityOf(certificate);
    if (identity === undefined) return { type: 'unproven', end: { code: 'CERTIFICATE_NAMELESS' } };
    return { type: 'proven', identity };
  }
}

function placeOf({ remoteAddress, remotePort, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localPort ?? 0}`;
}
