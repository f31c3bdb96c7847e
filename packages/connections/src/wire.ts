/**
 * What members say on the wire, byte by byte: for tests, proxies and tools that look at connections
 * from outside.
 *
 * @packageDocumentation
 */
export { encodeFrame, FrameParser, headerBytes, tlsRecord } from './framing.ts';
export {
  decodeRefusal,
  encodeHello,
  frameType,
  type Hello,
  maxHelloBytes,
  preamble,
  protocolVersion,
} from './members/handshake.ts';
