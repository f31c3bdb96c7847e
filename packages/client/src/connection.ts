/**
 * The client's end of one connection: its handshake, and the messages both ways. What they mean is known above.
 */
import {
  Connection,
  type ConnectionContext,
  type End,
  type EndCode,
  type Link,
  type Protocol,
} from '@quorate/connections';
import {
  type Acknowledge,
  type Consistency,
  type Envelope,
  maxEnvelopeBytes,
  type RequestId,
  TooLargeError,
} from '@quorate/core';
import { Batch } from './protocol/batch.ts';
import {
  decodeRefusal,
  decodeWelcome,
  encodeHello,
  frameType,
  type Hello,
  maxRefusalBytes,
  maxWelcomeBytes,
  preamble,
  type Welcome,
} from './protocol/handshake.ts';
import { readReplies, type ReplyHandler } from './protocol/replies.ts';
import {
  requestOverheadBytes,
  writeCancel,
  writeCommand,
  writeMore,
  writeQuery,
  writeWatch,
} from './protocol/requests.ts';

/** What all connections of a client share. */
export interface ClientContext extends ConnectionContext {
  readonly hello: Hello;
}

/** Whoever opened the connection. */
export interface ConnectionOwner {
  welcomed(connection: ClientConnection, welcome: Welcome): void;
  /** Called once, whatever the reason. */
  ended(connection: ClientConnection, end: End): void;
}

/** A connection to one node. */
export class ClientConnection implements Protocol {
  readonly preamble: Uint8Array = preamble;
  readonly keepAliveType: number = frameType.keepAlive;
  readonly address: string;
  /** The frames beneath; handler of the link. */
  readonly connection: Connection;
  /** Who takes the replies; set by whoever uses the connection. */
  handler: ReplyHandler | undefined;
  readonly #context: ClientContext;
  readonly #owner: ConnectionOwner;
  readonly #batch: Batch;
  #welcome: Welcome | undefined;

  constructor(context: ClientContext, owner: ConnectionOwner, link: Link, address: string) {
    this.#context = context;
    this.#owner = owner;
    this.address = address;
    this.connection = new Connection(context, this, link, 'dialled');
    this.#batch = new Batch(context.runtime, (parts, bytes) => {
      this.connection.send(frameType.requests, parts, bytes);
    });
  }

  /** What the server has said of itself; `undefined` before that. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Bytes that have not reached the operating system yet. */
  get waitingBytes(): number {
    return this.#batch.length + this.connection.waitingBytes;
  }

  /** Why a request with so many bytes of its own is not sent: the other side would end the connection. */
  refuseTooLarge(bytes: number): TooLargeError | undefined {
    const most = this.#welcome?.maxFrameBytes ?? Infinity;
    if (requestOverheadBytes + bytes <= most) return undefined;
    return new TooLargeError(
      `a request of ${String(bytes)} bytes does not fit into the frames of ${String(most)} bytes that the member takes`,
    );
  }

  command(
    id: RequestId,
    acknowledge: Acknowledge,
    timeoutMs: number,
    envelope: Envelope,
    command: Uint8Array,
  ): void {
    const bytes = requestOverheadBytes + maxEnvelopeBytes + command.length;
    writeCommand(this.#batch.next(bytes), id, acknowledge, timeoutMs, envelope, command);
  }

  query(id: RequestId, consistency: Consistency, timeoutMs: number, query: Uint8Array): void {
    const bytes = requestOverheadBytes + query.length;
    writeQuery(this.#batch.next(bytes), id, consistency, timeoutMs, query);
  }

  watch(id: RequestId, window: number, request: Uint8Array): void {
    writeWatch(this.#batch.next(requestOverheadBytes + request.length), id, window, request);
  }

  more(id: RequestId, bytes: number): void {
    writeMore(this.#batch.next(requestOverheadBytes), id, bytes);
  }

  cancel(id: RequestId): void {
    writeCancel(this.#batch.next(requestOverheadBytes), id);
  }

  /** Ends it in order, after what was asked has left. */
  close(): Promise<void> {
    if (!this.connection.isEnded) this.#batch.flush();
    return this.connection.close();
  }

  // What the connection asks and tells.

  opened(): void {
    this.connection.say(encodeHello(this.#context.hello));
  }

  limit(type: number): number | undefined {
    if (this.#welcome !== undefined) {
      if (type === frameType.replies) return this.#context.hello.maxFrameBytes;
      return type === frameType.keepAlive ? 0 : undefined;
    }
    if (type === frameType.welcome) return maxWelcomeBytes;
    return type === frameType.refusal ? maxRefusalBytes : undefined;
  }

  frame(type: number, payload: Uint8Array): void {
    if (type === frameType.replies) {
      if (this.handler !== undefined) readReplies(payload, this.handler);
    } else if (type === frameType.welcome) {
      const welcome = decodeWelcome(payload);
      const { cluster } = this.#context.hello;
      if (cluster !== '' && welcome.cluster !== cluster) {
        this.connection.fail('OTHER_CLUSTER', `it is of ${welcome.cluster}`);
        return;
      }
      this.#welcome = welcome;
      this.connection.establish(welcome.keepAliveMs);
      this.#owner.welcomed(this, welcome);
    } else if (type === frameType.refusal) {
      this.connection.fail(decodeRefusal(payload), undefined, true);
    }
  }

  farewell(_code: EndCode): Uint8Array | undefined {
    return undefined;
  }

  ended(end: End): void {
    this.#owner.ended(this, end);
  }
}
