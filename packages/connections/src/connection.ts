/**
 * One connection: frames on a link, from its first byte to its end, dialled or accepted.
 *
 *     opening ──► greeting ──► established ──► ended
 *        └───────────┴────────────────────────►┘
 *
 * It knows how to frame, to queue, to keep alive, to give up and to say goodbye. Who may talk, and
 * about what, is the *protocol* on top: that of members (`members/`), or that of clients.
 */
import { concatBytes, type Runtime, type Timer } from '@quorate/core';
import { type End, type EndCode, ProtocolError } from './codes.ts';
import { type FrameHandler, FrameParser } from './framing.ts';
import type { Identity } from './identity.ts';
import type { Link, LinkEnd, LinkHandler, Platform } from './link.ts';
import { Outbox, type Turns, type WriteCounters } from './outbox.ts';

/** What speaks on a connection. */
export interface Protocol extends FrameHandler {
  /** What both sides start with, from `makePreamble`. */
  readonly preamble: Uint8Array;
  /** Type of the empty frame that says nothing but that this side lives. */
  readonly keepAliveType: number;
  /**
   * The link stands: whoever dialled greets now, with `say`.
   *
   * @param identity what the other side's certificate proves.
   */
  opened(identity: Identity | undefined): void;
  /**
   * A whole frame that tells the other side why it is refused; `undefined` says nothing. Asked for
   * only before the connection is established.
   */
  farewell(code: EndCode): Uint8Array | undefined;
  /**
   * It is over; called once, whatever the reason.
   *
   * @param unsentFrames frames that were still waiting to leave.
   */
  ended(end: End, unsentFrames: number): void;
}

/** What connections of one owner share. */
export interface ConnectionContext {
  readonly runtime: Runtime;
  readonly platform: Platform;
  readonly turns: Turns;
  readonly counters: WriteCounters;
  /** From dialling or accepting to the end of the handshake, those of TLS and WebSockets included. */
  readonly handshakeTimeoutMs: number;
  /** How often `tick` is called. */
  readonly keepAliveMs: number;
  /** How long an end in order may take. */
  readonly closeTimeoutMs: number;
}

/** A silence of so many promised intervals means that the other side is dead. */
export const silentIntervals = 4;

/** How many parts the time for a handshake is waited for in. */
const handshakeParts = 4;

type Phase = 'opening' | 'greeting' | 'established' | 'ended';

/** Frames on one link. It is the link's handler; `protocol` is told what comes of it. */
export class Connection implements LinkHandler {
  readonly #context: ConnectionContext;
  readonly #protocol: Protocol;
  readonly #link: Link;
  readonly #isDialled: boolean;
  readonly #parser: FrameParser;
  readonly #outbox: Outbox;
  #handshakeTimer: Timer | undefined;
  #lingerTimer: Timer | undefined;
  /** What has to be said as soon as the link is open, and nothing after it. */
  #lastWord: Uint8Array | undefined;
  #phase: Phase = 'opening';
  #hasSpoken = false;
  /** Ticks since something was heard, and how many are too many. */
  #silentTicks = 0;
  #maxSilentTicks = Infinity;
  /** Told when the link is gone. */
  #waitingForEnd: (() => void)[] = [];

  constructor(
    context: ConnectionContext,
    protocol: Protocol,
    link: Link,
    side: 'dialled' | 'accepted',
  ) {
    this.#context = context;
    this.#protocol = protocol;
    this.#link = link;
    this.#isDialled = side === 'dialled';
    this.#parser = new FrameParser(protocol, protocol.preamble, context.platform);
    this.#outbox = new Outbox(link, context.turns, context.platform, context.counters);
    this.#awaitHandshake(handshakeParts);
  }

  /** Where the other side is, for people. */
  get remote(): string {
    return this.#link.remote;
  }

  /** What connections from one place are counted by. */
  get remoteHost(): string | undefined {
    return this.#link.remoteHost;
  }

  get isEstablished(): boolean {
    return this.#phase === 'established';
  }

  /** Whether it is over; the link may still be saying goodbye. */
  get isEnded(): boolean {
    return this.#phase === 'ended';
  }

  /** Bytes that have not reached the operating system yet. */
  get waitingBytes(): number {
    return this.#outbox.waitingBytes;
  }

  /** Bytes that are set aside for a frame that has come in part. */
  get pendingBytes(): number {
    return this.#parser.pendingBytes;
  }

  /** Frames that have not been given to the link yet. */
  get waitingFrames(): number {
    return this.#outbox.waitingFrames;
  }

  /** Writes a whole frame of the handshake, from `encodeFrame`, at once. */
  say(frame: Uint8Array): void {
    const isFirst = !this.#hasSpoken;
    this.#hasSpoken = true;
    this.#link.write([isFirst ? concatBytes([this.#protocol.preamble, frame]) : frame]);
  }

  /**
   * Sends a frame. Before the connection is established it waits for that; after the end it is lost. The parts of one
   * of `copiedBelowBytes` or more must not change any more.
   */
  send(type: number, parts: readonly Uint8Array[], payloadBytes: number): void {
    if (this.#phase !== 'ended') this.#outbox.push(type, parts, payloadBytes);
  }

  /** Throws away what waits and was not given to the link. @returns how many frames. */
  discardWaiting(): number {
    return this.#outbox.clear();
  }

  /**
   * The handshake is over: what waits leaves.
   *
   * @param keepAliveMs how often the other side has promised to be heard.
   */
  establish(keepAliveMs: number): void {
    if (this.#phase === 'ended') return;
    this.#handshakeTimer?.cancel();
    this.#phase = 'established';
    this.#maxSilentTicks =
      Math.ceil((silentIntervals * keepAliveMs) / this.#context.keepAliveMs) + 1;
    this.#outbox.open();
  }

  /**
   * To be called every `keepAliveMs`. Counts ticks instead of looking at a clock: after this process
   * itself stood still for a while, a clock would say that everybody else was silent.
   */
  tick(): void {
    if (this.#phase !== 'established') return;
    this.#silentTicks += 1;
    if (this.#silentTicks > this.#maxSilentTicks) {
      this.fail('SILENT', undefined);
    } else if (!this.#outbox.askWhetherWritten() && this.#outbox.waitingBytes === 0) {
      this.#outbox.push(this.#protocol.keepAliveType, [], 0);
    }
  }

  /** Ends it because of the other side, which is told why while that is being negotiated. */
  refuse(code: EndCode, detail: string | undefined): void {
    const canTell = this.#phase === 'greeting' || (this.#phase === 'opening' && !this.#isDialled);
    const farewell = canTell ? this.#protocol.farewell(code) : undefined;
    if (farewell === undefined) {
      this.fail(code, detail);
      return;
    }
    const isOpen = this.#phase === 'greeting';
    this.#leave({ code, told: false, detail });
    this.#linger();
    if (isOpen) this.#sayLast(farewell);
    else this.#lastWord = farewell;
  }

  /** Ends it at once. @param told whether it is the other side that said so. */
  fail(code: EndCode, detail: string | undefined, told: boolean = false): void {
    this.#leave({ code, told, detail });
    this.#link.destroy();
  }

  /** Ends it after what was sent has left, or a moment later. Nothing is received any more. */
  close(): Promise<void> {
    if (this.#link.closed) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waitingForEnd.push(resolve);
      const wasEstablished = this.isEstablished;
      if (wasEstablished) this.#outbox.flush();
      this.#leave({ code: 'CLOSED', told: false, detail: undefined });
      if (!wasEstablished) {
        this.#link.destroy();
        return;
      }
      this.#linger();
      this.#link.end();
    });
  }

  /** Does not wait for a goodbye that is under way. */
  abandon(): void {
    this.#link.destroy();
  }

  /** Settles when the link is gone. */
  get gone(): Promise<void> {
    if (this.#link.closed) return Promise.resolve();
    return new Promise((resolve) => this.#waitingForEnd.push(resolve));
  }

  // What the link tells.

  opened(identity: Identity | undefined): void {
    if (this.#lastWord !== undefined) this.#sayLast(this.#lastWord);
    if (this.#phase !== 'opening') return;
    this.#phase = 'greeting';
    this.#protocol.opened(identity);
  }

  unproven({ code, detail }: LinkEnd): void {
    if (this.#lastWord !== undefined) this.#sayLast(this.#lastWord);
    if (this.#phase !== 'opening') return;
    this.#phase = 'greeting';
    this.refuse(code, detail);
  }

  data(chunk: Uint8Array): void {
    this.#silentTicks = 0;
    try {
      this.#parser.push(chunk);
    } catch (error) {
      // Anything else was thrown by the receiver, which must not: that is not the peer's fault.
      if (!(error instanceof ProtocolError)) throw error;
      this.refuse(error.code, error.message);
    }
  }

  drained(): void {
    this.#outbox.drained();
  }

  otherSideEnded(): void {
    // The goodbye was heard, or nobody listens to it.
    if (this.isEnded) this.#link.destroy();
    else if (!this.#parser.betweenFrames) this.fail('TRUNCATED', undefined);
    // Whoever connects and leaves without a word looks whether the port is open.
    else if (this.isEstablished || !this.#isDialled) this.fail('CLOSED', undefined);
    else this.fail('LOST', 'it ended during the handshake');
  }

  closed({ code, detail, told = false }: LinkEnd): void {
    this.#lingerTimer?.cancel();
    this.#leave({ code, told, detail });
    const waiting = this.#waitingForEnd;
    this.#waitingForEnd = [];
    for (const each of waiting) each();
  }

  #sayLast(farewell: Uint8Array): void {
    this.#lastWord = undefined;
    this.say(farewell);
    // Not destroyed: with bytes of the other side unread, its system would throw the farewell away.
    this.#link.end();
  }

  /** Bounds how long the link may still stand. */
  #linger(): void {
    this.#lingerTimer ??= this.#context.runtime.setTimer(this.#context.closeTimeoutMs, () =>
      this.#link.destroy(),
    );
  }

  /** In parts, each begun when the one before is over: a process that stood still has used up one of them, not all. */
  #awaitHandshake(parts: number): void {
    const { handshakeTimeoutMs, runtime } = this.#context;
    this.#handshakeTimer = runtime.setTimer(handshakeTimeoutMs / handshakeParts, () => {
      if (parts > 1) this.#awaitHandshake(parts - 1);
      else this.#handshakeTimedOut();
    });
  }

  #handshakeTimedOut(): void {
    if (this.#phase === 'opening' && this.#isDialled) this.fail('UNREACHABLE', 'timed out');
    else this.refuse('HANDSHAKE_TIMEOUT', undefined);
  }

  #leave(end: End): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#parser.stop();
    this.#handshakeTimer?.cancel();
    this.#protocol.ended(end, this.#outbox.clear());
  }
}
