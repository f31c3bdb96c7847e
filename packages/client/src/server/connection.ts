/**
 * The server's end of one client's connection: requests go to the replica, replies back, many in a frame both
 * ways. Whatever one client does costs it its own connection, and nobody else anything.
 */
import {
  Connection,
  type ConnectionContext,
  type End,
  type EndCode,
  type Identity,
  identityUri,
  type Link,
  type Protocol,
} from '@quorate/connections';
import {
  type Acknowledge,
  type Consistency,
  type LogIndex,
  type NodeId,
  OverloadedError,
  QuorateError,
  type RequestId,
  type Requester,
} from '@quorate/core';
import { Batch } from '../protocol/batch.ts';
import {
  decodeHello,
  encodeRefusal,
  encodeWelcome,
  frameType,
  maxHelloBytes,
  preamble,
} from '../protocol/handshake.ts';
import {
  replyOverheadBytes,
  writeAnswered,
  writeEvents,
  writeLeader,
  writeRefused,
  writeUnconfirmed,
  writeWithheld,
} from '../protocol/replies.ts';
import { readRequests, type RequestHandler } from '../protocol/requests.ts';
import { isOneOf, type ServerSettings } from './options.ts';
import { Watching } from './watching.ts';

/** Whoever accepted the connection. */
export interface ServerOwner {
  established(client: ServerConnection): void;
  /** So many bytes more are on their way to it. */
  queued(bytes: number): void;
  /** Called once, whatever the reason. */
  ended(client: ServerConnection, end: End): void;
}

/** About what an error takes. */
const errorBytes = 256;

/** Longest time that a client may have a request tried for. */
const longestAttemptMs = 60_000;

/** One client. */
export class ServerConnection implements Protocol, RequestHandler, Requester {
  readonly preamble: Uint8Array = preamble;
  readonly keepAliveType: number = frameType.keepAlive;
  /** The frames beneath; handler of the link. */
  readonly connection: Connection;
  readonly #settings: ServerSettings;
  readonly #owner: ServerOwner;
  readonly #batch: Batch;
  readonly #watches = new Map<RequestId, Watching>();
  #identity: Identity | undefined;
  /** What it has shown. */
  #token = '';
  #clientMaxFrameBytes = 0;
  /** Made once: thousands of requests too many in one turn would each wait for a stack trace. */
  #tooManyRequests: OverloadedError | undefined;
  #tooManyWatches: OverloadedError | undefined;
  /** Requests that the replica has not answered. */
  #underWay = 0;

  constructor(
    context: ConnectionContext,
    settings: ServerSettings,
    owner: ServerOwner,
    link: Link,
  ) {
    this.#settings = settings;
    this.#owner = owner;
    this.connection = new Connection(context, this, link, 'accepted');
    this.#batch = new Batch(settings.runtime, (parts, bytes) => this.#send(parts, bytes));
  }

  /** Bytes of answers that wait, and of a frame that has come in part. */
  get heldBytes(): number {
    return this.#batch.length + this.connection.waitingBytes + this.connection.pendingBytes;
  }

  /** Says who leads now. */
  leads(leader: NodeId | undefined): void {
    if (this.connection.isEstablished) writeLeader(this.#batch.next(errorBytes), leader);
  }

  /** To be called now and then. */
  progress(): void {
    for (const watching of this.#watches.values()) {
      // There may have been no room when there was something to send.
      watching.pump();
      watching.progress();
    }
  }

  /** Tokens may have come and gone. */
  checkToken(tokens: readonly string[]): void {
    if (!isOneOf(this.#token, tokens)) {
      this.connection.refuse('UNAUTHENTICATED', 'its token holds no longer');
    }
  }

  // What the connection asks and tells.

  opened(identity: Identity | undefined): void {
    this.#identity = identity;
  }

  limit(type: number): number | undefined {
    if (!this.connection.isEstablished) {
      return type === frameType.hello ? maxHelloBytes : undefined;
    }
    if (type === frameType.requests) return this.#settings.maxFrameBytes;
    return type === frameType.keepAlive ? 0 : undefined;
  }

  frame(type: number, payload: Uint8Array): void {
    if (type === frameType.hello) this.#greeted(payload);
    else if (type === frameType.requests) readRequests(payload, this);
  }

  farewell(code: EndCode): Uint8Array | undefined {
    return encodeRefusal(code);
  }

  ended(end: End): void {
    for (const watching of this.#watches.values()) watching.close();
    this.#watches.clear();
    this.#owner.ended(this, end);
  }

  // What the client asks.

  command(id: RequestId, acknowledge: Acknowledge, timeoutMs: number, payload: Uint8Array): void {
    if (!this.#admit(id)) return;
    const options = { acknowledge, timeoutMs: bounded(timeoutMs) };
    this.#settings.service.submit(payload, options, id, this);
  }

  query(id: RequestId, consistency: Consistency, timeoutMs: number, query: Uint8Array): void {
    if (!this.#admit(id)) return;
    const options = { consistency, timeoutMs: bounded(timeoutMs) };
    this.#settings.service.query(query, options, id, this);
  }

  watch(id: RequestId, window: number, request: Uint8Array): void {
    const { maxWatchesPerClient, runtime, service } = this.#settings;
    if (this.#watches.size >= maxWatchesPerClient || this.#watches.has(id)) {
      this.#tooManyWatches ??= new OverloadedError(
        `a client may have ${String(maxWatchesPerClient)} watches, each under a number of its own`,
      );
      this.#refuse(id, this.#tooManyWatches);
      return;
    }
    const { connection } = this;
    const room = (): boolean => this.#hasRoom;
    const pump = (): void => watching.pump();
    const watching = new Watching(
      {
        get hasRoom() {
          return room();
        },
        events: (events, rest) => {
          if (connection.isEnded) return;
          let bytes = rest.length;
          for (const { length } of events) bytes += 4 + length;
          if (this.#isWithheld(id, bytes)) {
            this.cancel(id);
            return;
          }
          writeEvents(this.#batch.next(bytes), id, events, rest);
        },
        failed: (error) => {
          this.#watches.delete(id);
          this.#refuse(id, error);
        },
        later: () => runtime.nextTurn(pump),
      },
      window,
    );
    this.#watches.set(id, watching);
    try {
      watching.begin(service.watch(request, pump));
    } catch (error) {
      this.#watches.delete(id);
      if (!(error instanceof QuorateError)) throw error;
      this.#refuse(id, error);
    }
  }

  more(id: RequestId, bytes: number): void {
    this.#watches.get(id)?.more(bytes);
  }

  cancel(id: RequestId): void {
    // Of a command or a query the answer comes all the same, and is dropped where nobody waits.
    this.#watches.get(id)?.close();
    this.#watches.delete(id);
  }

  // What the replica answers.

  answered(id: RequestId, bytes: Uint8Array): void {
    this.#underWay -= 1;
    if (this.connection.isEnded || this.#isWithheld(id, bytes.length)) return;
    writeAnswered(this.#batch.next(replyOverheadBytes + bytes.length), id, bytes);
  }

  unconfirmed(id: RequestId, reply: Uint8Array, index: LogIndex): void {
    this.#underWay -= 1;
    if (this.connection.isEnded || this.#isWithheld(id, reply.length)) return;
    writeUnconfirmed(this.#batch.next(replyOverheadBytes + reply.length), id, reply, index);
  }

  refused(id: RequestId, error: QuorateError): void {
    this.#underWay -= 1;
    this.#refuse(id, error);
  }

  #refuse(id: RequestId, error: QuorateError): void {
    if (!this.connection.isEnded) writeRefused(this.#batch.next(errorBytes), id, error);
  }

  /** Whether so much is more than the client takes, which is told so in its place. */
  #isWithheld(id: RequestId, bytes: number): boolean {
    if (replyOverheadBytes + bytes <= this.#clientMaxFrameBytes) return false;
    writeWithheld(this.#batch.next(replyOverheadBytes), id, bytes);
    return true;
  }

  /** Whether one more request is taken. */
  #admit(id: RequestId): boolean {
    const { maxRequestsPerClient } = this.#settings;
    if (this.#underWay < maxRequestsPerClient) {
      this.#underWay += 1;
      return true;
    }
    this.#tooManyRequests ??= new OverloadedError(
      `${String(maxRequestsPerClient)} requests of this client are under way; slow down and retry`,
    );
    this.#refuse(id, this.#tooManyRequests);
    return false;
  }

  get #hasRoom(): boolean {
    const waiting = this.#batch.length + this.connection.waitingBytes;
    return !this.connection.isEnded && waiting < this.#settings.maxQueuedBytes / 4;
  }

  #greeted(payload: Uint8Array): void {
    const { service, tokens, admit, keepAliveMs, maxFrameBytes } = this.#settings;
    const hello = decodeHello(payload);
    const { cluster, node, leader, maxPayloadBytes } = service;
    if (hello.cluster !== '' && hello.cluster !== cluster) {
      this.connection.refuse('OTHER_CLUSTER', `it wants ${hello.cluster}, this is ${cluster}`);
      return;
    }
    // One authority may sign for many clusters: who belongs to another one is nobody here.
    if (this.#identity !== undefined && this.#identity.cluster !== cluster) {
      this.connection.refuse(
        'OTHER_CLUSTER',
        `its certificate is for ${identityUri(this.#identity)}, this is ${cluster}`,
      );
      return;
    }
    const { remote } = this.connection;
    const { token } = hello;
    const isKnown = tokens === undefined || isOneOf(token, tokens());
    if (!isKnown || !admit({ token, identity: this.#identity, remote })) {
      this.connection.refuse('UNAUTHENTICATED', undefined);
      return;
    }
    this.#token = token;
    this.#clientMaxFrameBytes = hello.maxFrameBytes;
    this.connection.say(
      encodeWelcome({ cluster, node, leader, keepAliveMs, maxFrameBytes, maxPayloadBytes }),
    );
    this.connection.establish(hello.keepAliveMs);
    this.#owner.established(this);
  }

  #send(parts: readonly Uint8Array[], bytes: number): void {
    if (this.connection.waitingBytes + bytes > this.#settings.maxQueuedBytes) {
      this.connection.fail('BUSY', 'it does not read its answers');
      return;
    }
    this.connection.send(frameType.replies, parts, bytes);
    this.#owner.queued(bytes);
  }
}

function bounded(timeoutMs: number): number {
  return Math.min(Math.max(timeoutMs, 1), longestAttemptMs);
}
