/**
 * Connections: what every transport, and every client, of Quorate stands on. Links of bytes over
 * whatever carries them, frames on links, handshakes, limits.
 *
 * ```ts
 * const transport = linkTransport(links, { address: '127.0.0.1:7001', advertise: (bound) => bound }, checkMemberOptions({}));
 * ```
 *
 * @packageDocumentation
 */
export {
  type Address,
  beyondLoopback,
  formatAddress,
  isLoopback,
  isWildcard,
  parseAddress,
} from './address.ts';
export {
  Admission,
  type AdmissionLimits,
  type AdmissionOptions,
  checkAdmission,
} from './admission.ts';
export { describeEnd, type End, type EndCode, endCodes, ProtocolError } from './codes.ts';
export {
  Connection,
  type ConnectionContext,
  type Protocol,
  silentIntervals,
} from './connection.ts';
export {
  checksum,
  encodeFrame,
  type FrameHandler,
  FrameParser,
  headerBytes,
  makePreamble,
} from './framing.ts';
export {
  type Expected,
  type Identity,
  identityUri,
  judgeExpected,
  judgeMember,
  parseIdentityUri,
} from './identity.ts';
export {
  type Link,
  type LinkCode,
  linkCodes,
  type LinkEnd,
  type LinkHandler,
  type Links,
  type Listener,
  type Platform,
} from './link.ts';
export {
  checkMemberOptions,
  linkTransport,
  type LinkTransport,
  type Listening,
  makeCounters,
  type MemberOptions,
  memberOptionNames,
  type Settings,
  type TransportCounters,
} from './members/index.ts';
export { checkIntegers, checkTimes, refuseUnknown } from './options.ts';
export { copiedBelowBytes, Turns, type WriteCounters } from './outbox.ts';
export { portablePlatform } from './platform.ts';
