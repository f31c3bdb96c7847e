/**
 * What a log is composed of, and its limits. Every bound of this package stands here.
 */
import {
  type Algorithm,
  checkName,
  entryOverheadBytes,
  InvalidArgumentError,
  type Logger,
  type Member,
  type NodeId,
  payloadOverheadBytes,
  type Runtime,
  type Storage,
  type Transport,
} from '@quorate/core';
import { frameHeaderBytes, messageHeaderBytes } from './frames.ts';

/** The parts of a replicated log. The caller makes them; the log opens and closes them. */
export interface LogOptions<Message> {
  /** This node. */
  readonly node: NodeId;
  /** Name of the cluster: nodes and data of another one are refused. */
  readonly cluster: string;
  /**
   * The voters of a group that starts for the first time, equal on all of its nodes. Empty for a
   * node that will be added to a running group. Ignored once there is data.
   */
  readonly members: readonly Member[];
  readonly algorithm: Algorithm<Message>;
  readonly storage: Storage;
  readonly transport: Transport;
  /** Names the group in each frame, so that several can share a connection. @default 0 */
  readonly group?: number;
  /** @default systemRuntime */
  readonly runtime?: Runtime;
  /** @default silentLogger */
  readonly logger?: Logger;
  readonly limits?: Partial<LogLimits>;
}

/** Bounds of one log. */
export interface LogLimits {
  /** Largest payload that `submit` and `append` take. @default 1 MiB */
  readonly maxCommandBytes: number;
  /** Commands of one turn share an entry up to this size; more of them go into further entries. @default 256 KiB */
  readonly maxEntryBytes: number;
  /**
   * Payload bytes submitted here and not settled, each other request counting 256 bytes; beyond,
   * further ones are rejected with OVERLOADED. @default 32 MiB
   */
  readonly maxPendingBytes: number;
  /** Reads, changes and transfers of other nodes that wait here; beyond, they are refused. @default 10 000 */
  readonly maxForeignRequests: number;
  /** After this long, whoever still waits is told UNAVAILABLE, TIMEOUT or OUTCOME_UNKNOWN. @default 10 000 */
  readonly requestTimeoutMs: number;
  /** How soon a request that found no leader, or a read without answer, is tried again. @default 50 */
  readonly retryMs: number;
  /**
   * How long what nobody waits for (how far the group has decided, after the last command) is kept for a frame that
   * goes to the same node anyway. State that is read on one node alone is so much older. @default 3
   */
  readonly noticeMs: number;
  /** Record bytes applied since the last snapshot before the next one is due; Infinity: only on demand. @default 128 MiB */
  readonly snapshotLogBytes: number;
  /**
   * The next snapshot is not due before so many times the bytes of the last one have been applied since, however
   * large the state is. So in the long run the disk writes 1 + 1 / factor times what the log grows by, or less, and a
   * start applies again about factor times the state, or `snapshotLogBytes`, and what came while the last snapshot was
   * taken. Infinity: only on demand once there is one.
   * The expansion factor of Ongaro, Consensus: Bridging Theory and Practice, section 5.1.3.
   *
   * @default 1
   */
  readonly snapshotLogFactor: number;
  /** Largest snapshot that is taken from another node. @default 1 TiB */
  readonly maxSnapshotBytes: number;
  /** Size of the pieces in which a snapshot is written, read and sent; a whole number. @default 256 KiB */
  readonly snapshotChunkBytes: number;
  /** Snapshot pieces under way to one peer; a whole number. @default 4 */
  readonly snapshotWindow: number;
  /**
   * Content of snapshots that this node writes and sends, all of it together, so that commands stay quick
   * meanwhile. It has to be well above what the log grows by, or nobody ever catches up by snapshot;
   * `Infinity`: one piece a turn of the event loop. What a node receives is bounded by who sends it.
   *
   * @default 32 MiB
   */
  readonly snapshotBytesPerSecond: number;
  /**
   * After so long without progress a snapshot is not sent any more, but offered from time to time, and
   * who receives it closes what it has of it; after half of it the offer of another node is taken.
   *
   * @default 5 000
   */
  readonly snapshotTimeoutMs: number;
  /**
   * How long a snapshot is kept after that for a member that was receiving it, and the log behind it, so
   * that it is gone on with where the member comes back.
   *
   * @default 60 000
   */
  readonly snapshotPinMs: number;
  /** How long a removed member stays connected, so that it hears of its removal. @default 3 000 */
  readonly lingerMs: number;
  /** How long `close` waits for leadership to be handed over. @default 2 000 */
  readonly handOverMs: number;
}

/** The limits where nothing else is asked for. */
export const defaultLimits: LogLimits = {
  maxCommandBytes: 1024 * 1024,
  maxEntryBytes: 256 * 1024,
  maxPendingBytes: 32 * 1024 * 1024,
  maxForeignRequests: 10_000,
  requestTimeoutMs: 10_000,
  retryMs: 50,
  noticeMs: 3,
  snapshotLogBytes: 128 * 1024 * 1024,
  snapshotLogFactor: 1,
  maxSnapshotBytes: 1024 ** 4,
  snapshotChunkBytes: 256 * 1024,
  snapshotWindow: 4,
  snapshotBytesPerSecond: 32 * 1024 * 1024,
  snapshotTimeoutMs: 5_000,
  snapshotPinMs: 60_000,
  lingerMs: 3_000,
  handOverMs: 2_000,
};

/**
 * Largest record that these limits let into a log: a full entry, or one command of the largest size
 * alone in its entry.
 */
export function maxRecordBytes(limits: LogLimits, headerBytes: number): number {
  const alone = headerBytes + entryOverheadBytes + payloadOverheadBytes + limits.maxCommandBytes;
  return Math.max(limits.maxEntryBytes, alone);
}

/** Room that a frame needs besides the largest entry or snapshot piece in it. */
const frameRoomBytes = 64 * 1024;

/**
 * Completes the limits and checks that all options can work together.
 *
 * @throws InvalidArgumentError naming the option that cannot.
 */
export function checkOptions<M>(options: LogOptions<M>): LogLimits {
  checkName(options.node, 'node');
  checkName(options.cluster, 'cluster');
  const limits: LogLimits = { ...defaultLimits, ...options.limits };
  for (const [name, value] of Object.entries(limits) as [keyof LogLimits, number][]) {
    if (!(value > 0))
      throw new InvalidArgumentError(`limits.${name} must be positive, got ${String(value)}`);
  }
  checkSnapshotLimits(limits);
  const largest = Math.max(limits.maxCommandBytes, limits.maxEntryBytes, limits.snapshotChunkBytes);
  if (largest + frameRoomBytes > options.transport.maxFrameBytes) {
    throw new InvalidArgumentError(
      `the transport's maxFrameBytes (${String(options.transport.maxFrameBytes)}) must exceed limits.maxCommandBytes, ` +
        `maxEntryBytes and snapshotChunkBytes by ${String(frameRoomBytes)}`,
    );
  }
  const frameBytes = options.algorithm.maxMessageBytes + frameHeaderBytes + messageHeaderBytes;
  if (frameBytes > options.transport.maxFrameBytes) {
    throw new InvalidArgumentError(
      `the transport's maxFrameBytes (${String(options.transport.maxFrameBytes)}) must hold the messages of ` +
        `${options.algorithm.name}, which take up to ${String(frameBytes)}; raise the one or lower the limits of the other`,
    );
  }
  const group = options.group ?? 0;
  if (!Number.isInteger(group) || group < 0 || group >= 2 ** 32) {
    throw new InvalidArgumentError(
      `group must be an integer from 0 below 2^32, got ${String(group)}`,
    );
  }
  return limits;
}

function checkSnapshotLimits(limits: LogLimits): void {
  for (const name of ['snapshotChunkBytes', 'snapshotWindow'] as const) {
    if (!Number.isSafeInteger(limits[name])) {
      throw new InvalidArgumentError(
        `limits.${name} must be a whole number, got ${String(limits[name])}`,
      );
    }
  }
  const { snapshotBytesPerSecond, snapshotChunkBytes, snapshotTimeoutMs } = limits;
  // Or the pause between two pieces would look like a transfer that stands still.
  if ((snapshotChunkBytes / snapshotBytesPerSecond) * 1000 > snapshotTimeoutMs / 4) {
    throw new InvalidArgumentError(
      `a piece of limits.snapshotChunkBytes (${String(snapshotChunkBytes)}) must pass within a quarter of ` +
        `snapshotTimeoutMs; lower it, or raise snapshotBytesPerSecond (${String(snapshotBytesPerSecond)})`,
    );
  }
}
