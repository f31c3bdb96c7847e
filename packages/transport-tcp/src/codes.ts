/**
 * Why connections end: the codes that stand in log lines, in counters and in the README.
 */

/**
 * Answers of the node that was dialled, before it closes. The position is the number on the wire:
 * append, never reorder.
 */
export const refusals = [
  'UNKNOWN_PROTOCOL',
  'OTHER_VERSION',
  'OTHER_CLUSTER',
  'OTHER_NODE',
  'SAME_NODE',
  'MALFORMED',
  'HANDSHAKE_TIMEOUT',
  'BUSY',
] as const;

/** Why a connection was not taken up. */
export type Refusal = (typeof refusals)[number];

/** Why a connection that was wanted ended. */
const failures = [
  'UNREACHABLE',
  'REFUSED',
  'LOST',
  'TRUNCATED',
  'FRAME_TOO_LARGE',
  'BAD_CHECKSUM',
  'UNEXPECTED_FRAME',
  'SILENT',
  'REPLACED',
] as const;

/** Every way in which a connection can go wrong; `CLOSED` is the way in which it does not. */
export type EndCode = Refusal | (typeof failures)[number] | 'CLOSED';

/** All codes. */
export const endCodes: readonly EndCode[] = [...refusals, ...failures, 'CLOSED'];

/** What the codes say to whoever reads the log. */
const meanings: Readonly<Record<EndCode, string>> = {
  UNKNOWN_PROTOCOL: 'the other side does not speak the protocol of Quorate; check the address',
  OTHER_VERSION: 'the other side speaks another version of the protocol; upgrade one of the two',
  OTHER_CLUSTER: 'the nodes belong to different clusters; check the address or the cluster name',
  OTHER_NODE: 'another node than expected answers there; check the addresses of the members',
  SAME_NODE: 'both sides have the same node name; check the address or the node name',
  MALFORMED: 'the other side sent a greeting that cannot be read',
  HANDSHAKE_TIMEOUT: 'no greeting came in time',
  BUSY: 'the limit maxConnections is reached',
  UNREACHABLE: 'no connection could be made',
  REFUSED: 'the other side refused for a reason that this version does not know',
  LOST: 'the connection broke',
  TRUNCATED: 'the connection ended inside a frame',
  FRAME_TOO_LARGE:
    'a frame is announced that is over the limit; compare maxFrameBytes of the nodes',
  BAD_CHECKSUM: 'the bytes of a frame were damaged on the way',
  UNEXPECTED_FRAME: 'a frame came that has no place here',
  SILENT: 'nothing was heard for too long',
  REPLACED: 'the same node has connected again; if this repeats, two nodes have the same name',
  CLOSED: 'one side closed it',
};

/** Why a connection ended. */
export interface End {
  readonly code: EndCode;
  /** Whether it is what the other side told, not what this side found. */
  readonly told: boolean;
  /** What the system said, where it said something. */
  readonly detail: string | undefined;
}

/** One sentence for the log. */
export function describeEnd(end: End): string {
  const meaning = meanings[end.code];
  return `${end.told ? 'refused by the other side: ' : ''}${meaning}${end.detail === undefined ? '' : ` (${end.detail})`}`;
}

/** Bytes that break the protocol: thrown while reading, and ends that one connection. */
export class ProtocolError extends Error {
  readonly code: EndCode;

  constructor(code: EndCode, detail: string) {
    super(detail);
    this.code = code;
  }
}
