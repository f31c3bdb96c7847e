/**
 * The handshake: who speaks, for which cluster, under which limits.
 *
 *     dialler    preamble, hello { cluster, node, to: the node it wants, … }
 *     acceptor   preamble, hello { cluster, node, to: the dialler, … }     or a refusal, then the end
 *
 * Each side checks the other's hello on its own. Over plain links the names are believed: whoever can
 * reach the port can claim to be any node. Over TLS they are compared with the certificates, and a
 * dialler to whom the other side has proven nothing says so in a refusal, in the place of its hello.
 */
import {
  ByteReader,
  ByteWriter,
  isName,
  MalformedError,
  maxNameLength,
  type NodeId,
} from '@quorate/core';
import { type EndCode, ProtocolError } from '../codes.ts';
import { encodeFrame, makePreamble } from '../framing.ts';

/** Raised whenever the bytes on the wire change their meaning. */
export const protocolVersion = 1;

/** What every connection between members starts with. */
export const preamble: Uint8Array = makePreamble('quorate', protocolVersion);

/** What a frame is. The numbers are those on the wire. */
export const frameType = { hello: 1, refusal: 2, data: 3, keepAlive: 4 } as const;

/**
 * Reasons that are told to the other side. The position is the number on the wire: append, never
 * reorder.
 */
const refusals: readonly EndCode[] = [
  'UNKNOWN_PROTOCOL',
  'OTHER_VERSION',
  'OTHER_CLUSTER',
  'OTHER_NODE',
  'SAME_NODE',
  'MALFORMED',
  'HANDSHAKE_TIMEOUT',
  'BUSY',
  'PLAINTEXT_REFUSED',
  'CERTIFICATE_MISSING',
  'CERTIFICATE_UNTRUSTED',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NAMELESS',
  'OTHER_HOST',
  'OTHER_MEMBER',
  'NOT_A_MEMBER',
];

/** What a dialler tells too: the other side would never learn what is wrong with its certificate. */
const toldByDialler: readonly EndCode[] = [
  'OTHER_CLUSTER',
  ...refusals.slice(refusals.indexOf('CERTIFICATE_MISSING')),
];

/** What one side says of itself. */
export interface Hello {
  readonly cluster: string;
  readonly node: NodeId;
  /** The node that it speaks to, or wants to. */
  readonly to: NodeId;
  /** It sends something at least this often, so that the other side can tell it from a dead one. */
  readonly keepAliveMs: number;
  /** It takes no larger frame. */
  readonly maxFrameBytes: number;
}

/** Room for the largest hello: three names with their lengths, two numbers. */
export const maxHelloBytes: number = 3 * (4 + maxNameLength) + 2 * 4;

/** A refusal is one byte. */
export const refusalBytes = 1;

/** Bounds of what a hello may announce. */
const keepAliveRangeMs = { least: 10, greatest: 60_000 };

/** A hello as a whole frame. */
export function encodeHello(hello: Hello): Uint8Array {
  const writer = new ByteWriter(maxHelloBytes);
  writer.string(hello.cluster).string(hello.node).string(hello.to);
  writer.u32(hello.keepAliveMs).u32(hello.maxFrameBytes);
  return encodeFrame(frameType.hello, writer.take());
}

/** @throws ProtocolError if the bytes are no hello. */
export function decodeHello(bytes: Uint8Array): Hello {
  try {
    const reader = new ByteReader(bytes);
    const hello = {
      cluster: reader.string(maxNameLength),
      node: reader.string(maxNameLength),
      to: reader.string(maxNameLength),
      keepAliveMs: reader.u32(),
      maxFrameBytes: reader.u32(),
    };
    reader.end();
    if (![hello.cluster, hello.node, hello.to].every(isName)) {
      throw new MalformedError('it holds a name that can name nothing');
    }
    const { least, greatest } = keepAliveRangeMs;
    if (hello.keepAliveMs < least || hello.keepAliveMs > greatest) {
      throw new MalformedError(`keepAliveMs is ${hello.keepAliveMs}, not ${least} to ${greatest}`);
    }
    return hello;
  } catch (error) {
    if (error instanceof MalformedError) throw new ProtocolError('MALFORMED', error.message);
    throw error;
  }
}

/** Whether keepAliveMs can be announced. */
export function isKeepAlive(ms: number): boolean {
  return Number.isInteger(ms) && ms >= keepAliveRangeMs.least && ms <= keepAliveRangeMs.greatest;
}

/**
 * A refusal as a whole frame.
 *
 * @returns `undefined` where this side says nothing.
 */
export function encodeRefusal(code: EndCode, side: 'dialled' | 'accepted'): Uint8Array | undefined {
  if (side === 'dialled' && !toldByDialler.includes(code)) return undefined;
  const at = refusals.indexOf(code);
  // Whatever breaks a greeting and has no number of its own is a greeting that cannot be read.
  return encodeFrame(
    frameType.refusal,
    Uint8Array.of((at >= 0 ? at : refusals.indexOf('MALFORMED')) + 1),
  );
}

/** @returns `undefined` for a reason that a later version may have added. */
export function decodeRefusal(bytes: Uint8Array): EndCode | undefined {
  return refusals[(bytes[0] ?? 0) - 1];
}

/**
 * Judges a hello.
 *
 * @param self what this side says of itself.
 * @param expected the node that was dialled; `undefined` on the side that accepted.
 * @throws ProtocolError if the two must not talk.
 */
export function judge(
  hello: Hello,
  self: Pick<Hello, 'cluster' | 'node'>,
  expected?: NodeId,
): void {
  if (hello.cluster !== self.cluster) {
    throw new ProtocolError(
      'OTHER_CLUSTER',
      `it is of ${hello.cluster}, this node of ${self.cluster}`,
    );
  }
  // Before the names are compared with what was wanted: a node that dialled itself by a wrong
  // address should be told that, not that it reached another node.
  if (hello.node === self.node) {
    throw new ProtocolError('SAME_NODE', `both are ${self.node}`);
  }
  if (hello.to !== self.node) {
    throw new ProtocolError('OTHER_NODE', `it wants ${hello.to}, this is ${self.node}`);
  }
  if (expected !== undefined && hello.node !== expected) {
    throw new ProtocolError('OTHER_NODE', `it is ${hello.node}, not ${expected}`);
  }
}
