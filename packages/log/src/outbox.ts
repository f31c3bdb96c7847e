/**
 * Gathers what one turn has for each peer into as few frames as fit: normally one. What nobody waits for stays
 * until a frame goes there anyway, for some time.
 */
import {
  type FrameWriter,
  InvalidArgumentError,
  type MessageCodec,
  type NodeId,
  totalBytes,
  type Transport,
} from '@quorate/core';
import {
  encodeFrameHeader,
  encodePeerMessage,
  engineKind,
  frameHeaderBytes,
  kindOf,
  messageHeaderBytes,
  type PeerMessage,
} from './frames.ts';

/** Frames under way to the transport. */
export class Outbox<Message> {
  readonly #transport: Transport;
  readonly #codec: MessageCodec<Message>;
  readonly #writer: FrameWriter;
  readonly #header: Uint8Array;
  readonly #frames = new Map<NodeId, { parts: Uint8Array[]; bytes: number }>();
  readonly #inPassing = new Map<NodeId, { readonly message: Message; readonly since: number }>();

  /** Frames handed to the transport since the start. */
  framesSent = 0;
  /** Bytes in them. */
  bytesSent = 0;

  constructor(
    transport: Transport,
    codec: MessageCodec<Message>,
    writer: FrameWriter,
    group: number,
    incarnation: number,
  ) {
    this.#transport = transport;
    this.#codec = codec;
    this.#writer = writer;
    encodeFrameHeader(group, incarnation, writer);
    const [header] = writer.take();
    if (header?.length !== frameHeaderBytes) throw new InvalidArgumentError('bad frame header');
    this.#header = header;
  }

  /** Adds a message of the engine. */
  engine(to: NodeId, message: Message): void {
    this.#codec.encode(message, this.#writer);
    this.#add(to, engineKind, this.#writer.take());
  }

  /** Keeps a message for the next frame to this peer, in the place of an earlier one. */
  inPassing(to: NodeId, message: Message, now: number): void {
    this.#inPassing.set(to, { message, since: now });
  }

  /** Lets go of what was kept since then or longer. Gives the time since which the rest has been; `undefined`: none. */
  flushKept(until: number): number | undefined {
    let rest: number | undefined;
    for (const [to, { message, since }] of this.#inPassing) {
      if (since > until) rest = Math.min(rest ?? since, since);
      else {
        this.#inPassing.delete(to);
        this.engine(to, message);
      }
    }
    this.flush();
    return rest;
  }

  /** Adds a message of the driver. */
  peer(to: NodeId, message: PeerMessage): void {
    encodePeerMessage(message, this.#writer);
    this.#add(to, kindOf(message), this.#writer.take());
  }

  /** Hands everything to the transport. */
  flush(): void {
    if (this.#frames.size === 0) return;
    for (const to of this.#frames.keys()) {
      const kept = this.#inPassing.get(to);
      if (kept === undefined) continue;
      this.#inPassing.delete(to);
      this.engine(to, kept.message);
    }
    for (const [to, frame] of this.#frames) this.#send(to, frame);
    this.#frames.clear();
  }

  #add(to: NodeId, kind: number, body: readonly Uint8Array[]): void {
    const bytes = totalBytes(body);
    this.#writer.fields.u8(kind).u32(bytes);
    const added = messageHeaderBytes + bytes;
    let frame = this.#frames.get(to);
    if (frame !== undefined && frame.bytes + added > this.#transport.maxFrameBytes) {
      this.#send(to, frame);
      frame = undefined;
    }
    if (frame === undefined) {
      frame = { parts: [this.#header], bytes: frameHeaderBytes };
      this.#frames.set(to, frame);
    }
    frame.parts.push(...this.#writer.take(), ...body);
    frame.bytes += added;
  }

  #send(
    to: NodeId,
    frame: { readonly parts: readonly Uint8Array[]; readonly bytes: number },
  ): void {
    this.framesSent += 1;
    this.bytesSent += frame.bytes;
    this.#transport.send(to, frame.parts);
  }
}
