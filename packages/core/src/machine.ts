/**
 * The deterministic state machine that a user brings, and its codecs.
 */
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import type { LogIndex } from './ids.ts';

/** Bytes of a value, and back. `decode(encode(x))` equals `x`. */
export interface Codec<T> {
  encode(value: T, writer: ByteWriter): void;
  /**
   * Reads one value and leaves the reader behind it. Byte strings may be views: copy what you keep.
   *
   * @throws MalformedError if there is none.
   */
  decode(reader: ByteReader): T;
}

/** What a machine may know besides the command. Equal on every replica. */
export interface ApplyContext {
  /** Position of the entry in the log. Several commands may share it. */
  readonly index: LogIndex;
  /** Position of the command within its entry, from 0. */
  readonly position: number;
  /** Ms since 1970, by the clocks of the leaders; never falls. The only time a machine sees. */
  readonly time: number;
}

/** How a machine is spoken to: all of it that a client far away needs. */
export interface MachineCodecs<Command, Result, Query, Answer> {
  readonly commands: Codec<Command>;
  readonly results: Codec<Result>;
  readonly queries: Codec<Query>;
  readonly answers: Codec<Answer>;
}

/**
 * A deterministic state machine: the same commands in the same order give the same results and the
 * same state, everywhere. No clock, no randomness, no IO in `apply`.
 *
 * A command that makes no sense is an ordinary result, or is thrown as `CommandRejectedError` with
 * the state unchanged: the caller gets it as a definite rejection, equal on every replica. Anything
 * else that `apply` throws stops the node, since its state can no longer be trusted.
 */
export interface StateMachine<Command, Result, Query, Answer>
  extends MachineCodecs<Command, Result, Query, Answer> {
  /** Synchronous and deterministic. What it returns never changes afterwards: it may be encoded later. */
  apply(command: Command, context: ApplyContext): Result;
  /** Reads; changes nothing. What it returns never changes afterwards. */
  query(query: Query): Answer;
  /**
   * The earliest time at which something in the state runs out by itself, in ms since 1970; `undefined`:
   * nothing does. Asked after every delivery, so it must be cheap; too early an answer is only a waste. The
   * leader sees to it that `expire` is called not long after that time. A machine that has this has `expire`.
   */
  nextExpiry?(): number | undefined;
  /** Lets run out what has to by `context.time`, and nothing else. Synchronous and deterministic. */
  expire?(context: ApplyContext): void;
  /**
   * Somebody else leads now. While nobody did, nobody could be heard: whoever has to be heard from in time,
   * as the holder of a lease, is given all of that time again. Synchronous and deterministic.
   */
  renew?(context: ApplyContext): void;
  /**
   * The state as of the call, while `apply` goes on. Chunks of any size; those of 64 KiB travel best.
   */
  snapshot(): AsyncIterable<Uint8Array>;
  /**
   * Puts the state in a snapshot in the place of its own. The chunks are cut anywhere.
   *
   * @throws CorruptError, MalformedError or ForeignDataError if they are no whole snapshot, and whatever their
   *   source throws; the state stays as it was then.
   */
  restore(chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /**
   * A digest of the whole state, kept up incrementally (never by walking the state), so that
   * replicas can be compared at the same index. Lower-case hexadecimal.
   */
  stateHash?(): string;
}

/** Encodes one value into bytes of its own. */
export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  const writer = new ByteWriter(256);
  codec.encode(value, writer);
  return writer.take();
}

/**
 * Decodes bytes that hold exactly one value.
 *
 * @throws MalformedError if they do not.
 */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  const reader = new ByteReader(bytes);
  const value = codec.decode(reader);
  reader.end();
  return value;
}
