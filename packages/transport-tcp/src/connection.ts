/**
 * One TCP connection, from its first byte to its end, dialled or accepted.
 *
 *     greeting ──► established ──► ended
 *         └───────────────────────►┘
 */
import type { Socket } from 'node:net';
import { concatBytes, type NodeId, type Timer } from '@quorate/core';
import { type End, type EndCode, ProtocolError, type Refusal, refusals } from './codes.ts';
import { endCounter, type TcpCounters } from './counters.ts';
import { type FrameHandler, FrameParser, frameType, preamble } from './framing.ts';
import {
  decodeHello,
  decodeRefusal,
  encodeHello,
  encodeRefusal,
  judge,
  maxHelloBytes,
  refusalBytes,
} from './handshake.ts';
import { type Settings, silentIntervals } from './options.ts';
import { Outbox, type Turns } from './outbox.ts';

/** What all connections of a transport share. */
export interface ConnectionContext {
  readonly cluster: string;
  readonly node: NodeId;
  readonly settings: Settings;
  readonly counters: TcpCounters;
  readonly turns: Turns;
  /** Takes each frame of an established connection. */
  readonly receive: (from: NodeId, frame: Uint8Array) => void;
}

/** Whoever made the connection. */
export interface ConnectionOwner {
  established(connection: Connection, peer: NodeId): void;
  /** Called once, whatever the reason. */
  ended(connection: Connection, end: End): void;
}

type Phase =
  | { readonly name: 'greeting' }
  | { readonly name: 'established'; readonly peer: NodeId; readonly maxFrameBytes: number }
  | { readonly name: 'ended' };

/** A connection with one other node. */
export class Connection implements FrameHandler {
  readonly #context: ConnectionContext;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  /** The node that was dialled; `undefined` on the side that accepted. */
  readonly #dialled: NodeId | undefined;
  readonly #parser: FrameParser = new FrameParser(this);
  readonly #outbox: Outbox;
  /** Where the other side of an accepted connection is, for the log. */
  readonly remote: string;
  #phase: Phase = { name: 'greeting' };
  readonly #handshakeTimer: Timer;
  #connected: boolean;
  #largestEarlyFrame = 0;
  /** Ticks since something was heard, and how many are too many. */
  #silentTicks = 0;
  #maxSilentTicks = Infinity;

  /** @param dialled the node that the socket was opened to; `undefined` for an accepted one. */
  constructor(
    context: ConnectionContext,
    owner: ConnectionOwner,
    socket: Socket,
    dialled: NodeId | undefined,
  ) {
    this.#context = context;
    this.#owner = owner;
    this.#socket = socket;
    this.#dialled = dialled;
    this.#connected = dialled === undefined;
    // Asked now: a socket that has ended does not know any more.
    this.remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#outbox = new Outbox(socket, context.turns, context.counters);
    this.#handshakeTimer = context.settings.runtime.setTimer(
      context.settings.handshakeTimeoutMs,
      () => this.#handshakeTimedOut(),
    );
    // These stay for the life of the socket: one without a listener for errors ends the process.
    socket.on('connect', () => {
      this.#connected = true;
    });
    socket.on('data', (chunk: Uint8Array) => this.#read(chunk));
    socket.on('drain', () => this.#outbox.drained());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#fail(this.#connected ? 'LOST' : 'UNREACHABLE', error.code ?? error.message);
    });
    socket.on('end', () => this.#otherSideEnded());
    socket.on('close', () => this.#fail('LOST', undefined));
    // Before the connection stands, the socket keeps it back.
    if (dialled !== undefined) this.#greet(dialled);
  }

  get isEstablished(): boolean {
    return this.#phase.name === 'established';
  }

  /** Sends a frame, or counts why not. During the handshake it waits for the end of that. */
  send(parts: readonly Uint8Array[], frameBytes: number): void {
    const { counters, settings } = this.#context;
    let room: number;
    switch (this.#phase.name) {
      case 'ended':
        counters.frames_dropped_unreachable += 1;
        return;
      case 'greeting':
        room = settings.maxDialQueueBytes;
        this.#largestEarlyFrame = Math.max(this.#largestEarlyFrame, frameBytes);
        break;
      case 'established':
        if (frameBytes > this.#phase.maxFrameBytes) {
          counters.frames_dropped_peer_limit += 1;
          return;
        }
        room = settings.maxQueuedBytes;
        break;
    }
    // The new frame is dropped, not the oldest: what waits is a gapless run of a pipeline, of which
    // the first part is worth something alone, and the rest nothing without it. And a frame that is
    // in the socket cannot be taken back.
    if (this.#outbox.waitingBytes + frameBytes > room) {
      counters.frames_dropped_full += 1;
      return;
    }
    counters.frames_sent += 1;
    counters.bytes_sent += frameBytes;
    this.#outbox.push(frameType.data, parts, frameBytes);
  }

  /**
   * Called every `keepAliveMs`. Counts ticks instead of looking at a clock: after this process
   * itself stood still for a while, a clock would say that all peers were silent.
   */
  tick(): void {
    if (this.#phase.name !== 'established') return;
    this.#silentTicks += 1;
    if (this.#silentTicks > this.#maxSilentTicks) {
      this.#fail('SILENT', undefined);
    } else if (!this.#outbox.askWhetherWritten() && this.#outbox.waitingBytes === 0) {
      this.#outbox.push(frameType.keepAlive, [], 0);
    }
  }

  /** Ends the connection at once; on the accepting side a refusal is told first. */
  abort(code: EndCode): void {
    this.#refuse(code, undefined);
  }

  /** Ends it after what was sent has left, or a moment later. Nothing is received any more. */
  close(): Promise<void> {
    if (this.#socket.closed) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.#context.settings.runtime.setTimer(
        this.#context.settings.closeTimeoutMs,
        () => this.#socket.destroy(),
      );
      this.#socket.once('close', () => {
        timer.cancel();
        resolve();
      });
      const wasEstablished = this.isEstablished;
      if (wasEstablished) this.#outbox.flush();
      this.#leave({ code: 'CLOSED', told: false, detail: undefined });
      if (wasEstablished) this.#socket.end();
      else this.#socket.destroy();
    });
  }

  // What the parser asks and tells.

  limit(type: number): number | undefined {
    switch (this.#phase.name) {
      case 'greeting':
        if (type === frameType.hello) return maxHelloBytes;
        return type === frameType.refusal && this.#dialled !== undefined ? refusalBytes : undefined;
      case 'established':
        if (type === frameType.data) return this.#context.settings.maxFrameBytes;
        return type === frameType.keepAlive ? 0 : undefined;
      case 'ended':
        return undefined;
    }
  }

  frame(type: number, payload: Uint8Array): void {
    switch (this.#phase.name) {
      case 'greeting':
        if (type === frameType.hello) this.#takeHello(payload);
        else this.#refused(payload);
        break;
      case 'established':
        if (type !== frameType.data) return;
        this.#context.counters.frames_received += 1;
        this.#context.counters.bytes_received += payload.length;
        this.#context.receive(this.#phase.peer, payload);
        break;
      case 'ended':
        break;
    }
  }

  #greet(to: NodeId): void {
    const { cluster, node, settings } = this.#context;
    const { keepAliveMs, maxFrameBytes } = settings;
    const hello = encodeHello({ cluster, node, to, keepAliveMs, maxFrameBytes });
    this.#socket.write(concatBytes([preamble, hello]));
  }

  #read(chunk: Uint8Array): void {
    this.#silentTicks = 0;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      // Anything else was thrown by the receiver, which must not: that is not the peer's fault.
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error.code, error.message);
    }
  }

  #takeHello(payload: Uint8Array): void {
    const { counters, settings } = this.#context;
    const hello = decodeHello(payload);
    judge(hello, this.#context, this.#dialled);
    this.#handshakeTimer.cancel();
    if (this.#dialled === undefined) this.#greet(hello.node);
    this.#phase = { name: 'established', peer: hello.node, maxFrameBytes: hello.maxFrameBytes };
    this.#maxSilentTicks =
      Math.ceil((silentIntervals * hello.keepAliveMs) / settings.keepAliveMs) + 1;
    if (this.#largestEarlyFrame > hello.maxFrameBytes) {
      counters.frames_dropped_peer_limit += this.#outbox.clear();
    }
    this.#outbox.open();
    this.#owner.established(this, hello.node);
  }

  #refused(payload: Uint8Array): void {
    this.#leave({ code: decodeRefusal(payload) ?? 'REFUSED', told: true, detail: undefined });
    this.#socket.destroy();
  }

  #handshakeTimedOut(): void {
    if (this.#connected) this.#refuse('HANDSHAKE_TIMEOUT', undefined);
    else this.#fail('UNREACHABLE', 'timed out');
  }

  #otherSideEnded(): void {
    if (!this.#parser.betweenFrames) this.#fail('TRUNCATED', undefined);
    // Whoever connects and leaves without a word looks whether the port is open.
    else if (this.isEstablished || this.#dialled === undefined) this.#fail('CLOSED', undefined);
    else this.#fail('LOST', 'it ended during the handshake');
  }

  /** Ends the connection because of the other side; tells it why while that is being negotiated. */
  #refuse(code: EndCode, detail: string | undefined): void {
    const tell = this.#phase.name === 'greeting' && this.#dialled === undefined;
    if (!tell) {
      this.#fail(code, detail);
      return;
    }
    this.#leave({ code, told: false, detail });
    // Whatever breaks a greeting and has no number of its own is a greeting that cannot be read.
    const refusal = refusals.find((each): each is Refusal => each === code) ?? 'MALFORMED';
    this.#socket.write(concatBytes([preamble, encodeRefusal(refusal)]));
    this.#socket.destroySoon();
  }

  #fail(code: EndCode, detail: string | undefined): void {
    this.#leave({ code, told: false, detail });
    this.#socket.destroy();
  }

  #leave(end: End): void {
    if (this.#phase.name === 'ended') return;
    this.#phase = { name: 'ended' };
    this.#parser.stop();
    this.#handshakeTimer.cancel();
    const { counters } = this.#context;
    counters.frames_dropped_unsent += this.#outbox.clear();
    counters[endCounter(end.code)] += 1;
    this.#owner.ended(this, end);
  }
}
