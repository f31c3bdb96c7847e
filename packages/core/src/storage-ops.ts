/**
 * What every storage checks before it believes a write.
 */
import { maxU48 } from './byte-writer.ts';
import { InvalidArgumentError, TooLargeError, unreachable } from './errors.ts';
import type { LogIndex } from './ids.ts';
import { maxStageNameLength, type StorageOp } from './storage.ts';

/** Indexes from `first` to `last`, both included. */
export interface IndexSpan {
  readonly first: LogIndex;
  readonly last: LogIndex;
}

/** What a write is about, seen from outside. */
export interface WriteOutline {
  /** Bytes of records, states and contexts. */
  readonly bytes: number;
  /** Indexes whose records may change; `undefined`: none. */
  readonly touched: IndexSpan | undefined;
}

/**
 * Checks the steps of a write.
 *
 * @throws InvalidArgumentError if an index cannot be one.
 * @throws TooLargeError if a record, state or context is larger than `maxRecordBytes`.
 */
export function checkStorageOps(ops: readonly StorageOp[], maxRecordBytes: number): WriteOutline {
  let total = 0;
  let first = Infinity;
  let last = 0;
  const take = (bytes: Uint8Array): void => {
    if (bytes.length > maxRecordBytes) {
      throw new TooLargeError(
        `${String(bytes.length)} bytes in one record, maxRecordBytes is ${String(maxRecordBytes)}; split it or raise the option`,
      );
    }
    total += bytes.length;
  };
  for (const op of ops) {
    switch (op.type) {
      case 'put':
        checkLogIndex(op.index, 1);
        take(op.record);
        if (op.index < first) first = op.index;
        if (op.index > last) last = op.index;
        break;
      case 'state':
        take(op.bytes);
        break;
      case 'dropAfter':
        checkLogIndex(op.index, 0);
        first = Math.min(first, op.index + 1);
        last = maxU48;
        break;
      case 'dropBefore':
        checkLogIndex(op.index, 0);
        first = 0;
        last = Math.max(last, op.index - 1);
        break;
      case 'snapshot':
        checkLogIndex(op.index, 0);
        take(op.context);
        break;
      default:
        unreachable(op);
    }
  }
  return { bytes: total, touched: first <= last ? { first, last } : undefined };
}

/**
 * Checks the name of a staged snapshot.
 *
 * @throws InvalidArgumentError if it is not of the form that `SnapshotStore.stage` takes.
 */
export function checkStageName(name: string): string {
  if (name.length <= maxStageNameLength && /^[A-Za-z0-9-]+$/.test(name)) return name;
  throw new InvalidArgumentError(
    `the name of a staged snapshot has 1 to ${String(maxStageNameLength)} letters, digits and -, got ${JSON.stringify(name.slice(0, 120))}`,
  );
}

/** What two spans have in common; `undefined`: nothing. */
export function overlapOf(left: IndexSpan | undefined, right: IndexSpan): IndexSpan | undefined {
  if (left === undefined) return undefined;
  const first = Math.max(left.first, right.first);
  const last = Math.min(left.last, right.last);
  return first <= last ? { first, last } : undefined;
}

function checkLogIndex(index: LogIndex, lowest: number): void {
  if (Number.isInteger(index) && index >= lowest && index <= maxU48) return;
  throw new InvalidArgumentError(
    `an index must be an integer from ${String(lowest)} to 2^48 - 1, got ${String(index)}`,
  );
}
