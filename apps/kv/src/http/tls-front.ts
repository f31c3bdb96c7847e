/**
 * TLS in front of a server of HTTP. `node:https` would do for encryption; here the certificates are taken up
 * again when their files change, whoever speaks plain text is told so, and a client's certificate is judged with
 * a code of its own, as at every other port of a node.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import {
  type ClientCertificates,
  Credentials,
  type Proof,
  TlsAcceptor,
  type TlsOptions,
} from '@quorate/connections/node';
import { type Logger, systemRuntime } from '@quorate/core';
import { answerPlainText } from './broken-request.ts';
import type { HttpLimits } from './limits.ts';

/** What {@link TlsFront} needs. */
export interface TlsFrontOptions {
  readonly tls: TlsOptions;
  readonly clientCertificates: ClientCertificates;
  readonly limits: Pick<HttpLimits, 'headersTimeoutMs' | 'lingerMs'>;
  readonly logger: Logger;
}

/** Stands between the sockets that a server accepts and its HTTP. */
export class TlsFront {
  readonly #acceptor: TlsAcceptor;
  readonly #limits: TlsFrontOptions['limits'];
  readonly #proofs = new WeakMap<Socket, Proof>();
  /** Those that do not speak HTTP with the server, which so knows nothing of them: in their handshakes, or on their way out. */
  readonly #outside = new Set<Socket>();

  /** @throws InvalidArgumentError for certificates that cannot work. */
  constructor(server: Server, { tls, clientCertificates, limits, logger }: TlsFrontOptions) {
    this.#acceptor = new TlsAcceptor(
      new Credentials(tls, systemRuntime, logger),
      clientCertificates,
    );
    this.#limits = limits;
    // A socket that was accepted is an event, and what listens to it is HTTP: which is to hear of those alone that
    // have done their handshakes.
    const listeners = server.listeners('connection');
    server.removeAllListeners('connection');
    server.on('connection', (raw: Socket) => {
      this.#accept(raw, (socket) => {
        for (const listener of listeners) listener.call(server, socket);
      });
    });
  }

  /** What the handshake of a connection has found. Of a socket that had none, nothing is believed. */
  proofOf(socket: Socket): Proof {
    return this.#proofs.get(socket) ?? { type: 'unproven', end: { code: 'CERTIFICATE_MISSING' } };
  }

  /** Ends those that have not come as far as HTTP. */
  close(): void {
    for (const socket of this.#outside) socket.destroy();
  }

  #accept(raw: Socket, speakHttp: (socket: Socket) => void): void {
    const { headersTimeoutMs, lingerMs } = this.#limits;
    this.#outside.add(raw);
    let timer = setTimeout(() => raw.destroy(), headersTimeoutMs);
    raw.on('error', () => undefined);
    raw.once('close', () => {
      clearTimeout(timer);
      this.#outside.delete(raw);
    });
    this.#acceptor.secure(raw, {
      done: (socket, proof) => {
        clearTimeout(timer);
        if (proof.type === 'unproven' && proof.end.code === 'PLAINTEXT_REFUSED') {
          // What still comes is thrown away for a moment: with unread bytes the answer would be lost.
          timer = setTimeout(() => raw.destroy(), lingerMs);
          raw.resume();
          answerPlainText(raw);
          return;
        }
        this.#outside.delete(raw);
        this.#proofs.set(socket, proof);
        speakHttp(socket);
      },
      failed: () => raw.destroy(),
    });
  }
}
