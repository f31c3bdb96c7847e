/**
 * A link on a WebSocket of `ws`, from the first byte of the connection beneath it.
 */
import type { Socket } from 'node:net';
import type { Link, LinkCode, LinkEnd, LinkHandler } from '@quorate/connections';
import { linkCodes } from '@quorate/connections';
import type { Proof } from '@quorate/connections/node';
import type { WebSocket } from 'ws';
import { messagesOf } from './protocol.ts';

/** Header of an HTTP answer that says why there is no WebSocket. */
export const refusalHeader = 'quorate-refusal';

/** Ends in order: normal, and going away. */
const orderlyCodes = [1000, 1001];
/** Nobody said goodbye. */
const abnormalCode = 1006;

/** A link on a WebSocket. */
export class WsLink implements Link {
  readonly remote: string;
  readonly remoteHost: string | undefined;
  /** What carries the WebSocket: at first the plain socket, and the one of TLS after its handshake. */
  #socket: Socket;
  #webSocket: WebSocket | undefined;
  #handler: LinkHandler | undefined;
  #isOpen = false;
  #closed = false;
  #hasEnded = false;
  /** What will be told as the reason. */
  #end: LinkEnd | undefined;

  /** @param remote where the other side is; asked of the socket where it is not known. */
  constructor(socket: Socket, remote?: string) {
    this.#socket = socket;
    this.remoteHost = socket.remoteAddress;
    this.remote = remote ?? `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
  }

  get waitingBytes(): number {
    return this.#webSocket?.bufferedAmount ?? 0;
  }

  get needsDrain(): boolean {
    return this.#socket.writableNeedDrain;
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(pieces: readonly Uint8Array[]): void {
    const webSocket = this.#webSocket;
    if (this.#hasEnded || webSocket === undefined) return;
    if (webSocket.readyState !== webSocket.OPEN) return;
    // Corked messages leave in one `writev`, with the headers in front of them.
    this.#socket.cork();
    for (const message of messagesOf(pieces)) webSocket.send(message, { binary: true });
    this.#socket.uncork();
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#webSocket?.close(1000);
  }

  destroy(): void {
    if (this.#webSocket === undefined) this.#socket.destroy();
    else this.#webSocket.terminate();
  }

  // What whoever has made it calls.

  /**
   * Takes the handler, and hears of the end of the socket from now on.
   *
   * @param explain what an error means before there is a WebSocket.
   */
  attach(handler: LinkHandler, explain: (error: NodeJS.ErrnoException) => LinkEnd = lost): void {
    this.#handler = handler;
    this.#watch(this.#socket, explain);
  }

  /** The handshake of TLS is over: this is what carries the WebSocket. */
  carry(socket: Socket): void {
    if (socket === this.#socket) return;
    this.#socket = socket;
    this.#watch(socket, lost);
  }

  /** The side that dialled has asked for a WebSocket: told when it is open, and of its end. */
  upgrade(webSocket: WebSocket, proof: Proof): void {
    this.#webSocket = webSocket;
    webSocket.on('open', () => this.open(webSocket, proof));
    webSocket.on('unexpected-response', (request, response) => {
      const told = response.headers[refusalHeader];
      const code = linkCodes.find((each): each is LinkCode => each === told);
      this.#end ??=
        code === undefined
          ? { code: 'NOT_A_WEBSOCKET', detail: `HTTP status ${response.statusCode ?? 0}` }
          : { code, told: true };
      request.destroy();
      webSocket.terminate();
    });
    this.#listen(webSocket);
  }

  /** There is a WebSocket. */
  open(webSocket: WebSocket, proof: Proof): void {
    const handler = this.#handler;
    if (this.#closed || handler === undefined) {
      webSocket.terminate();
      return;
    }
    if (this.#webSocket === undefined) this.#listen(webSocket);
    this.#webSocket = webSocket;
    this.#isOpen = true;
    this.#socket.on('drain', () => handler.drained());
    switch (proof.type) {
      case 'proven':
        webSocket.on('message', (data: Buffer, isBinary) => {
          if (isBinary) handler.data(data);
          else this.#refuseText();
        });
        handler.opened(proof.identity);
        break;
      case 'unproven':
        handler.unproven(proof.end);
        break;
    }
  }

  /** There will be none, for this reason. */
  fail(end: LinkEnd): void {
    this.#end ??= end;
    this.destroy();
  }

  /** There will be none, for this reason, and the other side is told in HTTP. */
  refuse(end: LinkEnd, status: string): void {
    this.#end ??= end;
    this.#hasEnded = true;
    this.#socket.end(
      `HTTP/1.1 ${status}\r\n${refusalHeader}: ${end.code}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    );
    // What it still sends is thrown away, so that its system does not throw the answer away.
    this.#socket.resume();
    // The answer is out, and what is left is to see it off: the handler gives that a time.
    this.#handler?.unproven(end);
  }

  #refuseText(): void {
    this.#end ??= { code: 'BAD_MESSAGE', detail: 'a text message' };
    this.#webSocket?.close(1003);
    this.destroy();
  }

  #watch(socket: Socket, explain: (error: NodeJS.ErrnoException) => LinkEnd): void {
    socket.on('error', (error) => {
      this.#end ??= this.#isOpen ? lost(error) : explain(error);
    });
    // With a WebSocket it is the WebSocket that ends, after what had arrived was read.
    socket.on('close', () => {
      if (socket === this.#socket && this.#webSocket === undefined) this.#gone({ code: 'LOST' });
    });
  }

  #listen(webSocket: WebSocket): void {
    webSocket.on('error', (error: NodeJS.ErrnoException) => {
      this.#end ??= this.#explain(error);
    });
    webSocket.on('close', (code) => {
      const isOrderly = orderlyCodes.includes(code);
      if (isOrderly && !this.#closed && this.#end === undefined) this.#handler?.otherSideEnded();
      if (isOrderly) this.#gone({ code: 'CLOSED' });
      else if (code === abnormalCode) this.#gone({ code: 'LOST' });
      else this.#gone({ code: 'BAD_MESSAGE', told: true, detail: `closed with ${code}` });
    });
  }

  #explain(error: NodeJS.ErrnoException): LinkEnd {
    const detail = error.code ?? error.message;
    if (detail.startsWith('WS_ERR')) return { code: 'BAD_MESSAGE', detail };
    // What `ws` says of an answer that is no WebSocket has no code.
    if (!this.#isOpen && error.code === undefined) return { code: 'NOT_A_WEBSOCKET', detail };
    if (detail.startsWith('HPE_')) return { code: 'NOT_A_WEBSOCKET', detail };
    return { code: 'LOST', detail };
  }

  #gone(end: LinkEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler?.closed(this.#end ?? end);
  }
}

function lost(error: NodeJS.ErrnoException): LinkEnd {
  return { code: 'LOST', detail: error.code ?? error.message };
}
