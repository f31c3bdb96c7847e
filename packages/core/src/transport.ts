/**
 * Moves frames between authenticated nodes.
 *
 * Best effort: a transport may drop, delay, duplicate and reorder frames; it never corrupts one and
 * never lies about `from`. What is above it repeats what matters. Large things (snapshots) travel as
 * ordinary acknowledged chunks above it.
 */
import type { NodeId } from './ids.ts';
import type { Member } from './membership.ts';

/** What a transport is told when it starts. */
export interface TransportSetup {
  /** Nodes of another cluster are refused. */
  readonly cluster: string;
  readonly node: NodeId;
  /**
   * Called with each frame. The bytes belong to the receiver from then on; the transport does not
   * use their buffer again. Must not throw.
   */
  readonly receive: (from: NodeId, frame: Uint8Array) => void;
  /**
   * Called in the place of `receive` by a transport that has a frame in the very parts that its sender handed over,
   * as one within a process has: one behind the other they are the frame. They go on to belong to the sender, and
   * to other receivers of the same bytes: nobody ever writes into them. Without this, such a transport copies.
   * Must not throw.
   */
  readonly receiveParts?: (from: NodeId, parts: readonly Uint8Array[]) => void;
}

/** Connects one node with its peers. */
export interface Transport {
  /** Largest frame that it carries, in bytes. A longer one is a programming error of the sender. */
  readonly maxFrameBytes: number;
  /**
   * Where others reach this node, once started; goes into the membership. `undefined` where the
   * transport needs no addresses.
   */
  readonly address: string | undefined;
  /**
   * @throws TransportFailedError if it cannot start (busy port, unusable address).
   */
  start(setup: TransportSetup): Promise<void>;
  /** The nodes to be connected with; others may still connect if they authenticate. */
  setPeers(peers: readonly Member[]): void;
  /**
   * Sends the concatenation of `parts` as one frame. Never throws for a peer that cannot be
   * reached or whose queue is full: the frame is dropped then. The parts must not change any more: a
   * transport may hand them to the receiver as they are.
   *
   * @throws TooLargeError if the frame is over `maxFrameBytes`.
   */
  send(to: NodeId, parts: readonly Uint8Array[]): void;
  /** Flushes what was sent, where that takes no longer than a moment, and ends. Idempotent. */
  close(): Promise<void>;
}
