/**
 * A link on the platform's own WebSocket.
 */
import type { Runtime } from '@quorate/core';
import type { Link, LinkEnd, LinkHandler } from '@quorate/connections';
import { messagesOf } from '../protocol.ts';

/** What is used of a WebSocket: what browsers, workers and other runtimes have in common. */
export interface PlatformWebSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  // Functions; not said, so that the type that each platform has for its own events fits.
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
  send(data: Uint8Array): void;
  close(code?: number): void;
}

/** From here on whoever writes should wait: about what a socket holds. */
const highWaterBytes = 64 * 1024;
/** There is no event for it, so it is asked for. */
const drainPollMs = 5;

const openState = 1;
const normalCode = 1000;
const abnormalCode = 1006;

/** A link on a WebSocket of the platform. */
export class BrowserLink implements Link {
  readonly remote: string;
  readonly remoteHost = undefined;
  readonly #webSocket: PlatformWebSocket;
  readonly #runtime: Runtime;
  #handler: LinkHandler | undefined;
  #isOpen = false;
  #closed = false;
  #hasEnded = false;
  #isPolling = false;
  #end: LinkEnd | undefined;

  constructor(webSocket: PlatformWebSocket, remote: string, runtime: Runtime) {
    this.#webSocket = webSocket;
    this.remote = remote;
    this.#runtime = runtime;
    webSocket.binaryType = 'arraybuffer';
  }

  get waitingBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  get needsDrain(): boolean {
    const needs = this.#webSocket.bufferedAmount >= highWaterBytes;
    if (needs) this.#pollForDrain();
    return needs;
  }

  get closed(): boolean {
    return this.#closed;
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.#webSocket.readyState !== openState) return;
    for (const message of messagesOf(pieces)) this.#webSocket.send(message);
  }

  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#webSocket.close(normalCode);
  }

  /**
   * A page cannot cut a connection: the platform says goodbye first, and waits for the answer. Who
   * has destroyed a link does not.
   */
  destroy(): void {
    if (this.#closed) return;
    this.#hasEnded = true;
    this.#webSocket.close();
    this.#runtime.nextTurn(() => this.#gone({ code: 'LOST' }));
  }

  attach(handler: LinkHandler): void {
    this.#handler = handler;
    const webSocket = this.#webSocket;
    webSocket.onopen = (): void => {
      if (this.#closed || this.#hasEnded) return;
      this.#isOpen = true;
      // Who is there was proven to the platform, by the host's certificate, or to nobody.
      handler.opened(undefined);
    };
    webSocket.onmessage = ({ data }: { readonly data: unknown }): void => {
      if (this.#closed || this.#end !== undefined) return;
      if (data instanceof ArrayBuffer) {
        handler.data(new Uint8Array(data));
        return;
      }
      this.#end = { code: 'BAD_MESSAGE', detail: 'a text message' };
      this.destroy();
    };
    // Pages are not told what went wrong; `onclose` follows.
    webSocket.onerror = (): void => undefined;
    webSocket.onclose = ({ code }: { readonly code: number }): void => {
      if (this.#closed) return;
      if (code === normalCode && this.#end === undefined) handler.otherSideEnded();
      this.#gone(this.#explain(code));
    };
  }

  #explain(code: number): LinkEnd {
    if (!this.#isOpen) return { code: 'UNREACHABLE', detail: `closed with ${code}` };
    if (code === normalCode) return { code: 'CLOSED' };
    if (code === abnormalCode) return { code: 'LOST' };
    return { code: 'BAD_MESSAGE', told: true, detail: `closed with ${code}` };
  }

  #pollForDrain(): void {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#runtime.setTimer(drainPollMs, () => {
      this.#isPolling = false;
      if (this.#closed) return;
      if (this.#webSocket.bufferedAmount === 0) this.#handler?.drained();
      else this.#pollForDrain();
    });
  }

  #gone(end: LinkEnd): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handler?.closed(this.#end ?? end);
  }
}
