/**
 * What a transport counts. Plain numbers, since a field is cheaper than a call.
 */
import { type EndCode, endCodes } from '../codes.ts';

/** How often connections ended in one way: `ended_bad_checksum`, … */
type EndCounters = Record<`ended_${Lowercase<EndCode>}`, number>;

/** All counts since the transport was made. Bytes are those of frames, without their headers. */
export interface TransportCounters extends EndCounters {
  frames_sent: number;
  bytes_sent: number;
  frames_received: number;
  bytes_received: number;
  /** Calls of the system that carried the frames sent. */
  socket_writes: number;
  /** Dropped because there is no connection with the peer. */
  frames_dropped_unreachable: number;
  /** Dropped because too much was waiting for the peer already. */
  frames_dropped_full: number;
  /** Dropped because the peer takes only smaller ones. */
  frames_dropped_peer_limit: number;
  /** Still waiting when their connection ended. */
  frames_dropped_unsent: number;
  dials: number;
  connections_dialled: number;
  connections_accepted: number;
}

/** All zero. */
export function makeCounters(): TransportCounters {
  return {
    frames_sent: 0,
    bytes_sent: 0,
    frames_received: 0,
    bytes_received: 0,
    socket_writes: 0,
    frames_dropped_unreachable: 0,
    frames_dropped_full: 0,
    frames_dropped_peer_limit: 0,
    frames_dropped_unsent: 0,
    dials: 0,
    connections_dialled: 0,
    connections_accepted: 0,
    ...(Object.fromEntries(endCodes.map((code) => [endCounter(code), 0])) as EndCounters),
  };
}

/** The counter of a code. */
export function endCounter<C extends EndCode>(code: C): `ended_${Lowercase<C>}` {
  return `ended_${code.toLowerCase() as Lowercase<C>}`;
}
