/**
 * Takes frames apart. Never throws: what cannot be read is counted and dropped.
 */
import {
  ByteReader,
  type Logger,
  MalformedError,
  type MessageCodec,
  type NodeId,
} from '@quorate/core';
import { decodeFrameHeader, decodePeerMessage, engineKind, type PeerMessage } from './frames.ts';

/** Where messages go. */
export interface InboxRoute<Message> {
  /** A frame has come from this run of the node. */
  heard(from: NodeId, run: number): void;
  engine(from: NodeId, message: Message): void;
  /** @throws MalformedError if it makes no sense: the rest of its frame is dropped then. */
  peer(from: NodeId, run: number, message: PeerMessage): void;
  failed(error: unknown): void;
}

/** What comes from the transport. */
export class Inbox<Message> {
  readonly #route: InboxRoute<Message>;
  readonly #codec: MessageCodec<Message>;
  readonly #group: number;
  readonly #logger: Logger;

  framesReceived = 0;
  /** Frames of which at least a part could not be read. */
  framesRefused = 0;

  constructor(
    route: InboxRoute<Message>,
    codec: MessageCodec<Message>,
    group: number,
    logger: Logger,
  ) {
    this.#route = route;
    this.#codec = codec;
    this.#group = group;
    this.#logger = logger;
  }

  /** Takes a frame whose bytes belong to this node. */
  receive(from: NodeId, frame: Uint8Array): void {
    this.#receive(from, new ByteReader(frame), true);
  }

  /** Takes a frame in parts that others read as well. */
  receiveParts(from: NodeId, parts: readonly Uint8Array[]): void {
    this.#receive(from, ByteReader.over(parts), false);
  }

  #receive(from: NodeId, frame: ByteReader, isOwn: boolean): void {
    this.framesReceived += 1;
    try {
      this.#take(from, frame, isOwn);
    } catch (error) {
      if (!(error instanceof MalformedError)) {
        this.#route.failed(error);
        return;
      }
      this.framesRefused += 1;
      this.#report(from, error.message);
    }
  }

  /** The first, second, fourth, eighth … time: a peer that sends nonsense must not fill the log. */
  #report(from: NodeId, reason: string): void {
    const times = this.framesRefused;
    if ((times & (times - 1)) !== 0) return;
    this.#logger.warn('dropped a frame that cannot be read', { from, reason, times });
  }

  #take(from: NodeId, reader: ByteReader, isOwn: boolean): void {
    const { group, incarnation } = decodeFrameHeader(reader);
    if (group !== this.#group) {
      throw new MalformedError(
        `a frame for group ${String(group)}, this is group ${String(this.#group)}`,
      );
    }
    this.#route.heard(from, incarnation);
    while (reader.left > 0) {
      const kind = reader.u8();
      if (kind === engineKind) {
        const body = reader.reader();
        const message = this.#codec.decode(body);
        body.end();
        this.#route.engine(from, message);
      } else {
        // Engines only read what they receive. A driver puts the leader's time into what was forwarded to it.
        const body = isOwn ? reader.reader() : new ByteReader(reader.bytes().slice());
        const message = decodePeerMessage(kind, body);
        body.end();
        this.#route.peer(from, incarnation, message);
      }
    }
  }
}
