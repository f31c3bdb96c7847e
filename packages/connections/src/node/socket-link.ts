/**
 * A link on a socket of Node, plain or TLS.
 */
import type { Socket } from 'node:net';
import type { Link, LinkEnd, LinkHandler } from '../link.ts';
import type { Proof } from './dial.ts';

/** A link on a socket. */
export class SocketLink implements Link {
  readonly remote: string;
  readonly remoteHost: string | undefined;
  /** What is talked on: at first the plain socket, and the one of TLS after its handshake. */
  #socket: Socket;
  #handler: LinkHandler | undefined;
  #isOpen = false;
  #closed = false;
  #otherSideEnded = false;
  #hasEnded = false;
  /** What will be told as the reason. */
  #end: LinkEnd | undefined;

  /** @param remote where the other side is; asked of the socket where it is not known. */
  constructor(socket: Socket, remote?: string) {
    this.#socket = socket;
    // Asked now: a socket that has ended does not know any more.
    this.remoteHost = socket.remoteAddress;
    this.remote = remote ?? `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  }

  get waitingBytes(): number {
    return this.#socket.writableLength;
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.#socket.destroyed) return;
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) {
      this.#socket.write(only);
      return;
    }
    // Corked pieces leave in one `writev`.
    this.#socket.cork();
    for (const piece of pieces) this.#socket.write(piece);
    this.#socket.uncork();
  }

  end(): void {
    this.#hasEnded = true;
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  // What whoever has made it calls.

  /**
   * Takes the handler, and hears of the end of the socket from now on: one without a listener for
   * errors ends the process.
   *
   * @param explain what an error means before the link is open.
   */
  attach(handler: LinkHandler, explain: (error: NodeJS.ErrnoException) => LinkEnd = lost): void {
    this.#handler = handler;
    const socket = this.#socket;
    socket.on('error', (error) => {
      this.#end ??= this.#isOpen ? lost(error) : explain(error);
    });
    socket.on('close', () => this.#socketClosed(socket));
  }

  /** The socket stands. */
  open(socket: Socket, proof: Proof): void {
    const handler = this.#handler;
    if (this.#closed || handler === undefined) return;
    this.#isOpen = true;
    if (socket !== this.#socket) {
      this.#socket = socket;
      socket.on('error', (error) => {
        this.#end ??= lost(error);
      });
      socket.on('close', () => this.#socketClosed(socket));
    }
    socket.on('drain', () => handler.drained());
    socket.on('end', () => {
      this.#otherSideEnded = true;
      handler.otherSideEnded();
    });
    switch (proof.type) {
      case 'proven':
        socket.on('data', (chunk: Uint8Array) => handler.data(chunk));
        handler.opened(proof.identity);
        break;
      case 'unproven':
        // Thrown away, so that the end behind it is seen.
        socket.resume();
        handler.unproven(proof.end);
        break;
    }
  }

  /** It will never stand, for this reason. */
  fail(end: LinkEnd): void {
    this.#end ??= end;
    this.#socket.destroy();
  }

  #socketClosed(socket: Socket): void {
    // The end of the socket beneath TLS is not it: what had arrived may still be on its way up.
    if (this.#closed || socket !== this.#socket) return;
    this.#closed = true;
    const isOrderly = this.#hasEnded && this.#otherSideEnded;
    this.#handler?.closed(this.#end ?? { code: isOrderly ? 'CLOSED' : 'LOST' });
  }
}

function lost(error: NodeJS.ErrnoException): LinkEnd {
  return { code: 'LOST', detail: error.code ?? error.message };
}
