/**
 * What two drivers say to each other while a snapshot goes from one to the other.
 *
 *     sender                                   receiver
 *     offer (what it is) ────────────────────▶ takes up again what it has of it
 *            ◀──────────────────────────────── accept (where to go on, how much at once)
 *     chunk, chunk, … ───────────────────────▶ checks each, writes it aside
 *            ◀──────────────────────────────── ack more, more, … done
 *
 * Every question gets a new number of the transfer once there was an answer to the one before. So within
 * one number the receiver only ever gets further, and what comes late, doubled or overtaken is told by its
 * number: it belongs to a question that is over.
 */
import { type ByteReader, ByteWriter, crc32, type FrameWriter, type LogIndex } from '@quorate/core';
import { pick } from './choices.ts';

/** Offers a snapshot; the transfer is named by the sender. */
export interface SnapshotOffer {
  readonly type: 'offer';
  readonly transfer: number;
  /** The last index that it covers. */
  readonly index: LogIndex;
  /** Size of the content. */
  readonly totalBytes: number;
  /** CRC-32 of the content. */
  readonly checksum: number;
  /** The engine's bytes that belong to it. */
  readonly context: Uint8Array;
}

/** Takes an offer. `target` names the run that made it. */
export interface SnapshotAccept {
  readonly type: 'accept';
  readonly target: number;
  readonly transfer: number;
  /** Everything before is there. */
  readonly offset: number;
  /** Most bytes in one chunk. */
  readonly chunkBytes: number;
  /** Most bytes sent and not acknowledged. */
  readonly windowBytes: number;
}

/** A piece of a snapshot. */
export interface SnapshotChunk {
  readonly type: 'chunk';
  readonly transfer: number;
  readonly offset: number;
  /** See {@link chunkChecksum}. */
  readonly checksum: number;
  readonly bytes: Uint8Array;
}

/**
 * What became of a chunk, or of the whole.
 *
 * - `more`: everything before `offset` is written.
 * - `again`: the chunk came damaged; go on from `offset`.
 * - `unknown`: this run has not been offered this transfer, or has let go of it.
 * - `done`: nothing is needed any more. `refused`: it was of no use. Both close the transfer.
 */
export type AckState = 'more' | 'again' | 'unknown' | 'done' | 'refused';

/** Answers to a chunk, and ends a transfer. `target` names the run that sends the snapshot. */
export interface SnapshotAck {
  readonly type: 'ack';
  readonly target: number;
  readonly transfer: number;
  readonly offset: number;
  readonly state: AckState;
}

/** What a sender says. */
export type FromSender = SnapshotOffer | SnapshotChunk;
/** What a receiver says. */
export type FromReceiver = SnapshotAccept | SnapshotAck;

/** Largest engine context that travels with a snapshot. */
export const maxContextBytes: number = 1024 * 1024;

const ackStates: readonly AckState[] = ['more', 'again', 'unknown', 'done', 'refused'];

/** CRC-32 of a chunk and of its place: one that is taken for another one fails like a damaged one. */
export function chunkChecksum(transfer: number, offset: number, bytes: Uint8Array): number {
  return crc32(bytes, crc32(new ByteWriter(12).u48(transfer).u48(offset).take()));
}

/** Writes the body of an offer. */
export function encodeOffer(offer: SnapshotOffer, frame: FrameWriter): void {
  const { transfer, index, totalBytes, checksum, context } = offer;
  frame.fields.u48(transfer).u48(index).u48(totalBytes).u32(checksum);
  frame.bytes(context);
}

/** @throws MalformedError if it is none. */
export function decodeOffer(reader: ByteReader): SnapshotOffer {
  return {
    type: 'offer',
    transfer: reader.u48(),
    index: reader.u48(),
    totalBytes: reader.u48(),
    checksum: reader.u32(),
    context: reader.bytes(maxContextBytes),
  };
}

/** Writes the body of an accept. */
export function encodeAccept(accept: SnapshotAccept, frame: FrameWriter): void {
  const { target, transfer, offset, chunkBytes, windowBytes } = accept;
  frame.fields.u48(target).u48(transfer).u48(offset).u48(chunkBytes).u48(windowBytes);
}

/** @throws MalformedError if it is none. */
export function decodeAccept(reader: ByteReader): SnapshotAccept {
  return {
    type: 'accept',
    target: reader.u48(),
    transfer: reader.u48(),
    offset: reader.u48(),
    chunkBytes: reader.u48(),
    windowBytes: reader.u48(),
  };
}

/** Writes the body of a chunk. */
export function encodeChunk(chunk: SnapshotChunk, frame: FrameWriter): void {
  const { transfer, offset, checksum, bytes } = chunk;
  frame.fields.u48(transfer).u48(offset).u32(checksum);
  frame.bytes(bytes);
}

/** @throws MalformedError if it is none. */
export function decodeChunk(reader: ByteReader): SnapshotChunk {
  return {
    type: 'chunk',
    transfer: reader.u48(),
    offset: reader.u48(),
    checksum: reader.u32(),
    bytes: reader.bytes(),
  };
}

/** Writes the body of an acknowledgement. */
export function encodeAck(ack: SnapshotAck, frame: FrameWriter): void {
  const { target, transfer, offset, state } = ack;
  frame.fields.u48(target).u48(transfer).u48(offset).u8(ackStates.indexOf(state));
}

/** @throws MalformedError if it is none. */
export function decodeAck(reader: ByteReader): SnapshotAck {
  return {
    type: 'ack',
    target: reader.u48(),
    transfer: reader.u48(),
    offset: reader.u48(),
    state: pick(ackStates, reader.u8(), 'state of a transfer'),
  };
}
