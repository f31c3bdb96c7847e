/**
 * A connection with one other member: the protocol of members on a framed connection.
 */
import type { NodeId } from '@quorate/core';
import { type End, type EndCode, ProtocolError } from '../codes.ts';
import { Connection, type ConnectionContext, type Protocol } from '../connection.ts';
import { type Identity, judgeMember } from '../identity.ts';
import type { Link } from '../link.ts';
import { endCounter, type TransportCounters } from './counters.ts';
import {
  decodeHello,
  decodeRefusal,
  encodeHello,
  encodeRefusal,
  frameType,
  judge,
  maxHelloBytes,
  preamble,
  refusalBytes,
} from './handshake.ts';
import type { Settings } from './options.ts';

/** What all connections of a transport share. */
export interface MemberContext extends ConnectionContext {
  readonly cluster: string;
  readonly node: NodeId;
  readonly settings: Settings;
  readonly counters: TransportCounters;
  /** Whether a hello is believed only if the other side's certificate says the same. */
  readonly proves: boolean;
  /** Takes each frame of an established connection. */
  readonly receive: (from: NodeId, frame: Uint8Array) => void;
}

/** Whoever made the connection. */
export interface MemberOwner {
  established(connection: MemberConnection, peer: NodeId): void;
  /** Called once, whatever the reason. */
  ended(connection: MemberConnection, end: End): void;
}

interface Established {
  readonly peer: NodeId;
  readonly maxFrameBytes: number;
}

/** A connection with one other member, dialled or accepted. */
export class MemberConnection implements Protocol {
  readonly preamble: Uint8Array = preamble;
  readonly keepAliveType: number = frameType.keepAlive;
  /** The frames beneath; handler of the link. */
  readonly connection: Connection;
  readonly #context: MemberContext;
  readonly #owner: MemberOwner;
  /** The node that was dialled; `undefined` on the side that accepted. */
  readonly #dialled: NodeId | undefined;
  #identity: Identity | undefined;
  #established: Established | undefined;
  #largestEarlyFrame = 0;

  /** @param dialled the node that the link was opened to; `undefined` for an accepted one. */
  constructor(context: MemberContext, owner: MemberOwner, link: Link, dialled: NodeId | undefined) {
    this.#context = context;
    this.#owner = owner;
    this.#dialled = dialled;
    this.connection = new Connection(
      context,
      this,
      link,
      dialled === undefined ? 'accepted' : 'dialled',
    );
  }

  get isEstablished(): boolean {
    return this.connection.isEstablished;
  }

  /** Sends a frame, or counts why not. During the handshake it waits for the end of that. */
  send(parts: readonly Uint8Array[], frameBytes: number): void {
    const { counters, settings } = this.#context;
    let room = settings.maxDialQueueBytes;
    if (this.connection.isEnded) {
      counters.frames_dropped_unreachable += 1;
      return;
    }
    if (this.#established === undefined) {
      this.#largestEarlyFrame = Math.max(this.#largestEarlyFrame, frameBytes);
    } else {
      if (frameBytes > this.#established.maxFrameBytes) {
        counters.frames_dropped_peer_limit += 1;
        return;
      }
      room = settings.maxQueuedBytes;
    }
    // The new frame is dropped, not the oldest: what waits is a gapless run of a pipeline, of which
    // the first part is worth something alone, and the rest nothing without it. And a frame that is
    // in the link cannot be taken back.
    if (this.connection.waitingBytes + frameBytes > room) {
      counters.frames_dropped_full += 1;
      return;
    }
    counters.frames_sent += 1;
    counters.bytes_sent += frameBytes;
    this.connection.send(frameType.data, parts, frameBytes);
  }

  // What the connection asks and tells.

  opened(identity: Identity | undefined): void {
    this.#identity = identity;
    if (this.#dialled !== undefined) this.#greet(this.#dialled);
  }

  limit(type: number): number | undefined {
    if (this.#established !== undefined) {
      if (type === frameType.data) return this.#context.settings.maxFrameBytes;
      return type === frameType.keepAlive ? 0 : undefined;
    }
    if (type === frameType.hello) return maxHelloBytes;
    return type === frameType.refusal ? refusalBytes : undefined;
  }

  frame(type: number, payload: Uint8Array): void {
    if (this.#established === undefined) {
      if (type === frameType.hello) this.#takeHello(payload);
      else this.connection.fail(decodeRefusal(payload) ?? 'REFUSED', undefined, true);
    } else if (type === frameType.data) {
      this.#context.counters.frames_received += 1;
      this.#context.counters.bytes_received += payload.length;
      this.#context.receive(this.#established.peer, payload);
    }
  }

  farewell(code: EndCode): Uint8Array | undefined {
    return encodeRefusal(code, this.#dialled === undefined ? 'accepted' : 'dialled');
  }

  ended(end: End, unsentFrames: number): void {
    const { counters } = this.#context;
    counters.frames_dropped_unsent += unsentFrames;
    counters[endCounter(end.code)] += 1;
    this.#owner.ended(this, end);
  }

  #greet(to: NodeId): void {
    const { cluster, node, settings } = this.#context;
    const { keepAliveMs, maxFrameBytes } = settings;
    this.connection.say(encodeHello({ cluster, node, to, keepAliveMs, maxFrameBytes }));
  }

  #takeHello(payload: Uint8Array): void {
    const { cluster, counters, proves } = this.#context;
    const hello = decodeHello(payload);
    judge(hello, this.#context, this.#dialled);
    if (proves) {
      const wrong = judgeMember(this.#identity, { type: 'member', cluster, name: hello.node });
      if (wrong !== undefined) throw new ProtocolError(wrong.code, wrong.detail ?? '');
    }
    if (this.#dialled === undefined) this.#greet(hello.node);
    this.#established = { peer: hello.node, maxFrameBytes: hello.maxFrameBytes };
    if (this.#largestEarlyFrame > hello.maxFrameBytes) {
      counters.frames_dropped_peer_limit += this.connection.discardWaiting();
    }
    this.connection.establish(hello.keepAliveMs);
    this.#owner.established(this, hello.node);
  }
}
