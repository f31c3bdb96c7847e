/**
 * The handshake between a client and a server.
 *
 *     client    preamble, hello { cluster, token, … }
 *     server    preamble, welcome { node, leader, limits }     or a refusal, then the end
 */
import {
  type EndCode,
  encodeFrame,
  endCodes,
  makePreamble,
  ProtocolError,
} from '@quorate/connections';
import {
  ByteReader,
  ByteWriter,
  InvalidArgumentError,
  isName,
  MalformedError,
  maxNameLength,
  type NodeId,
} from '@quorate/core';

/** Raised whenever the bytes on the wire change their meaning. */
const protocolVersion = 1;

/** What every connection of a client starts with. */
export const preamble: Uint8Array = makePreamble('qclient', protocolVersion);

/** What a frame is. The numbers are those on the wire. */
export const frameType = {
  hello: 1,
  welcome: 2,
  refusal: 3,
  requests: 4,
  replies: 5,
  keepAlive: 6,
} as const;

/** Longest token, in bytes. */
export const maxTokenBytes = 4096;

/** Longest code of a refusal. */
const maxCodeBytes = 64;

/** What a client says of itself. */
export interface Hello {
  /** The cluster that it wants to talk to; empty: whichever it is. */
  readonly cluster: string;
  /** What it is admitted by, where the server asks for that; otherwise empty. */
  readonly token: string;
  /** It sends something at least this often. */
  readonly keepAliveMs: number;
  /** It takes no larger frame. */
  readonly maxFrameBytes: number;
}

/** What a server says of itself. */
export interface Welcome {
  readonly cluster: string;
  readonly node: NodeId;
  readonly leader: NodeId | undefined;
  readonly keepAliveMs: number;
  readonly maxFrameBytes: number;
  /** Largest command, with its envelope. */
  readonly maxPayloadBytes: number;
}

/** Room for the largest of each. */
export const maxHelloBytes: number = 4 + maxNameLength + 4 + maxTokenBytes + 8;
export const maxWelcomeBytes: number = 3 * (4 + maxNameLength) + 12;
export const maxRefusalBytes: number = 4 + maxCodeBytes;

/** Least `maxFrameBytes`: room for what is gathered in a turn, with the last message that was begun. */
export const leastFrameBytes: number = 1024 * 1024;

/** Bounds of what may be announced. */
const keepAliveRangeMs = { least: 10, greatest: 60_000 };

/** A hello as a whole frame. */
export function encodeHello({ cluster, token, keepAliveMs, maxFrameBytes }: Hello): Uint8Array {
  const writer = new ByteWriter(128).string(cluster).string(token);
  return encodeFrame(frameType.hello, writer.u32(keepAliveMs).u32(maxFrameBytes).take());
}

/** @throws ProtocolError if the bytes are no hello. */
export function decodeHello(bytes: Uint8Array): Hello {
  return greeting(bytes, (reader) => {
    const cluster = reader.string(maxNameLength);
    if (cluster !== '') checkWord(cluster);
    return {
      cluster,
      token: reader.string(maxTokenBytes),
      keepAliveMs: readKeepAlive(reader),
      maxFrameBytes: readFrameBytes(reader),
    };
  });
}

/** A welcome as a whole frame. */
export function encodeWelcome(welcome: Welcome): Uint8Array {
  const writer = new ByteWriter(128);
  writer
    .string(welcome.cluster)
    .string(welcome.node)
    .string(welcome.leader ?? '');
  writer.u32(welcome.keepAliveMs).u32(welcome.maxFrameBytes).u32(welcome.maxPayloadBytes);
  return encodeFrame(frameType.welcome, writer.take());
}

/** @throws ProtocolError if the bytes are no welcome. */
export function decodeWelcome(bytes: Uint8Array): Welcome {
  return greeting(bytes, (reader) => {
    const cluster = checkWord(reader.string(maxNameLength));
    const node = checkWord(reader.string(maxNameLength));
    const leader = reader.string(maxNameLength);
    return {
      cluster,
      node,
      leader: leader === '' ? undefined : checkWord(leader),
      keepAliveMs: readKeepAlive(reader),
      maxFrameBytes: readFrameBytes(reader),
      maxPayloadBytes: reader.u32(),
    };
  });
}

/** A refusal as a whole frame: the code in words, so that no list of numbers has to be kept. */
export function encodeRefusal(code: EndCode): Uint8Array {
  return encodeFrame(frameType.refusal, new ByteWriter(32).string(code).take());
}

/** @returns `REFUSED` for a reason that a later version may have added. */
export function decodeRefusal(bytes: Uint8Array): EndCode {
  const word = greeting(bytes, (reader) => reader.string(maxCodeBytes));
  return endCodes.find((code) => code === word) ?? 'REFUSED';
}

/** Whether it can be announced. */
export function isKeepAlive(ms: number): boolean {
  return Number.isInteger(ms) && ms >= keepAliveRangeMs.least && ms <= keepAliveRangeMs.greatest;
}

/**
 * Checks an option.
 *
 * @param least the least that it may be; never below {@link leastFrameBytes}.
 * @throws InvalidArgumentError if it can never work.
 */
export function checkFrameBytes(maxFrameBytes: number, least: number): void {
  if (maxFrameBytes >= least && maxFrameBytes < 2 ** 31) return;
  throw new InvalidArgumentError(
    `maxFrameBytes must be from ${String(least)} to below 2 GiB, got ${String(maxFrameBytes)}`,
  );
}

function readKeepAlive(reader: ByteReader): number {
  const keepAliveMs = reader.u32();
  if (!isKeepAlive(keepAliveMs)) {
    throw new MalformedError(`keepAliveMs is ${String(keepAliveMs)}`);
  }
  return keepAliveMs;
}

function readFrameBytes(reader: ByteReader): number {
  const maxFrameBytes = reader.u32();
  if (maxFrameBytes < leastFrameBytes) {
    throw new MalformedError(`maxFrameBytes is ${String(maxFrameBytes)}`);
  }
  return maxFrameBytes;
}

function checkWord(text: string): string {
  if (!isName(text)) throw new MalformedError('it holds a name that can name nothing');
  return text;
}

function greeting<T>(bytes: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (error instanceof MalformedError) throw new ProtocolError('MALFORMED', error.message);
    throw error;
  }
}
