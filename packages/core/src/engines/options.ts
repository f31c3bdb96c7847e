/**
 * Options that every engine takes: what they mean does not depend on the algorithm.
 */
import { InvalidArgumentError } from '../errors.ts';

/** Options of every engine; equal on all nodes of a group where they concern time. */
export interface EngineOptions {
  /**
   * Least time without a leader before a node wants to lead itself; the actual time is drawn from
   * `[electionTimeoutMs, 2 × electionTimeoutMs)`. Must be the same on all nodes: leases rest on it.
   *
   * @default 500
   */
  readonly electionTimeoutMs?: number;
  /**
   * How often a leader that has nothing else to say is heard from.
   *
   * @default 100
   */
  readonly heartbeatMs?: number;
  /**
   * How much faster one node's clock may run than another's, as a fraction. Only lease reads rest
   * on it: a lease lasts `electionTimeoutMs × (1 − maxClockDrift)`.
   *
   * @default 0.1
   */
  readonly maxClockDrift?: number;
  /**
   * Most bytes of records in one message, what each of them takes besides included, or in one page from
   * disk; a larger record travels alone. The transport's frames must take the larger of both and a
   * little more (`Algorithm.maxMessageBytes`).
   *
   * @default 1 MiB
   */
  readonly maxAppendBytes?: number;
  /**
   * Most bytes of records on the way to one other member.
   *
   * @default 8 MiB
   */
  readonly maxInflightBytes?: number;
  /**
   * Bytes that a leader accepts before they are decided and durable on its own disk; one record is
   * always admitted.
   *
   * @default 64 MiB
   */
  readonly maxUncommittedBytes?: number;
  /**
   * Bytes handed out as decided and not reported as applied yet; one record is always handed out.
   *
   * @default 16 MiB
   */
  readonly maxUnappliedBytes?: number;
  /**
   * Bytes of durable records kept in memory for other members and the consumer; older ones are read
   * from disk. Records that are not durable or not decided yet come on top, bounded by the windows above.
   *
   * @default 8 MiB
   */
  readonly maxTailBytes?: number;
  /**
   * Reads that may wait for a confirmation at once.
   *
   * @default 65536
   */
  readonly maxPendingReads?: number;
  /**
   * Bytes of records kept behind a new snapshot, so that a slightly slow member needs no snapshot.
   *
   * @default 8 MiB
   */
  readonly keepBytesBehindSnapshot?: number;
  /**
   * While a snapshot travels to a member, the log behind it is kept until it has grown by so many bytes
   * meanwhile. Past that, the member takes the snapshot all the same, and needs a newer one after it.
   *
   * @default 1 GiB
   */
  readonly maxHeldLogBytes?: number;
  /**
   * Memberships that the log may hold behind the snapshot: all of them are written again with every
   * change of the durable state. At the limit changes are refused until a snapshot is taken.
   *
   * @default 256
   */
  readonly maxMembershipsInLog?: number;
  /**
   * A leader whose writes make no progress for so long hands leadership over; nobody campaigns in
   * this state.
   *
   * @default 4 × electionTimeoutMs
   */
  readonly stallMs?: number;
}

/** Options with nothing left open. */
export type EngineSettings = { readonly [Name in keyof EngineOptions]-?: number };

const mebibyte = 1024 * 1024;

/**
 * Fills in the defaults.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function engineSettingsOf(options: EngineOptions): EngineSettings {
  const electionTimeoutMs = options.electionTimeoutMs ?? 500;
  const settings: EngineSettings = {
    electionTimeoutMs,
    heartbeatMs: options.heartbeatMs ?? 100,
    maxClockDrift: options.maxClockDrift ?? 0.1,
    maxAppendBytes: options.maxAppendBytes ?? mebibyte,
    maxInflightBytes: options.maxInflightBytes ?? 8 * mebibyte,
    maxUncommittedBytes: options.maxUncommittedBytes ?? 64 * mebibyte,
    maxUnappliedBytes: options.maxUnappliedBytes ?? 16 * mebibyte,
    maxTailBytes: options.maxTailBytes ?? 8 * mebibyte,
    maxPendingReads: options.maxPendingReads ?? 65_536,
    keepBytesBehindSnapshot: options.keepBytesBehindSnapshot ?? 8 * mebibyte,
    maxHeldLogBytes: options.maxHeldLogBytes ?? 1024 * mebibyte,
    maxMembershipsInLog: options.maxMembershipsInLog ?? 256,
    stallMs: options.stallMs ?? 4 * electionTimeoutMs,
  };
  for (const [name, value] of Object.entries(settings)) {
    checkPositive(name, value, mayBeZero.has(name) ? 0 : Number.MIN_VALUE);
  }
  if (settings.maxClockDrift >= 1) {
    throw new InvalidArgumentError('maxClockDrift is a fraction below 1');
  }
  if (settings.heartbeatMs * 2 > settings.electionTimeoutMs) {
    throw new InvalidArgumentError(
      'heartbeatMs must be at most half of electionTimeoutMs, or one lost message costs an election',
    );
  }
  return settings;
}

/**
 * Refuses what is no number, or below its least.
 *
 * @throws InvalidArgumentError
 */
export function checkPositive(name: string, value: number, least: number = Number.MIN_VALUE): void {
  if (!Number.isFinite(value) || value < least) {
    throw new InvalidArgumentError(`${name} must be a positive number, got ${String(value)}`);
  }
}

const mayBeZero: ReadonlySet<string> = new Set([
  'maxClockDrift',
  'maxTailBytes',
  'keepBytesBehindSnapshot',
  'maxHeldLogBytes',
]);
