/**
 * Why connections end: the codes that stand in log lines, in counters and in the README.
 */
import { type LinkCode, linkCodes } from './link.ts';

/** What the frames and handshakes on top of a link find. */
const connectionCodes = [
  'UNKNOWN_PROTOCOL',
  'OTHER_VERSION',
  'OTHER_NODE',
  'SAME_NODE',
  'UNAUTHENTICATED',
  'MALFORMED',
  'HANDSHAKE_TIMEOUT',
  'REFUSED',
  'TRUNCATED',
  'FRAME_TOO_LARGE',
  'BAD_CHECKSUM',
  'UNEXPECTED_FRAME',
  'SILENT',
  'REPLACED',
] as const;

/** Every way in which a connection can end; `CLOSED` is the one in which nothing went wrong. */
export type EndCode = LinkCode | (typeof connectionCodes)[number];

/** All codes. */
export const endCodes: readonly EndCode[] = [...linkCodes, ...connectionCodes];

/** What the codes say to whoever reads the log. */
const meanings: Readonly<Record<EndCode, string>> = {
  CLOSED: 'one side closed it',
  UNREACHABLE: 'no connection could be made',
  LOST: 'the connection broke',
  TLS_REFUSED: 'the side that was dialled does not speak TLS; configure both or neither',
  PLAINTEXT_REFUSED: 'the side that was dialled speaks TLS only; configure both or neither',
  TLS_FAILED: 'the handshake of TLS failed',
  CERTIFICATE_MISSING: 'no certificate was shown where one is required',
  CERTIFICATE_UNTRUSTED:
    'the certificate is not signed by an authority that is trusted here; compare ca and cert',
  CERTIFICATE_EXPIRED:
    'the certificate is out of date or not valid yet; renew it, check the clocks',
  CERTIFICATE_NAMELESS:
    'the certificate names no member or client of a cluster, or several; it needs one quorate:// URI',
  OTHER_HOST: 'the certificate is not for the host that was dialled',
  OTHER_CLUSTER: 'the two belong to different clusters; check the address or the cluster name',
  OTHER_MEMBER: 'the certificate is for another member; check the addresses and the certificates',
  NOT_A_MEMBER: 'the certificate is that of a client, which must not act as a member',
  ORIGIN_REFUSED: 'a web page of an origin that is not on the list',
  HOST_REFUSED: 'the request was for a host that is not on the list',
  NOT_A_WEBSOCKET: 'no WebSocket of the kind that is spoken here; check the address and its path',
  BAD_MESSAGE: 'the other side broke the rules or limits of WebSockets',
  BUSY: 'a limit on connections is reached',
  UNKNOWN_PROTOCOL: 'the other side does not speak the protocol of Quorate; check the address',
  OTHER_VERSION: 'the other side speaks another version of the protocol; upgrade one of the two',
  OTHER_NODE: 'another node than expected answers there; check the addresses of the members',
  SAME_NODE: 'both sides have the same node name; check the address or the node name',
  UNAUTHENTICATED: 'the client has shown no token or certificate that is accepted here',
  MALFORMED: 'the other side sent a greeting that cannot be read',
  HANDSHAKE_TIMEOUT: 'no greeting came in time',
  REFUSED: 'the other side refused for a reason that this version does not know',
  TRUNCATED: 'the connection ended inside a frame',
  FRAME_TOO_LARGE:
    'a frame is announced that is over the limit; compare maxFrameBytes of the nodes',
  BAD_CHECKSUM: 'the bytes of a frame were damaged on the way',
  UNEXPECTED_FRAME: 'a frame came that has no place here',
  SILENT: 'nothing was heard for too long',
  REPLACED: 'the same node has connected again; if this repeats, two nodes have the same name',
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
