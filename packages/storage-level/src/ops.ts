/**
 * What is checked before a write is believed.
 */
import {
  InvalidArgumentError,
  type LogIndex,
  maxU48,
  type StorageOp,
  TooLargeError,
  unreachable,
} from '@quorate/core';
import type { Span } from './layout.ts';

/** What a write is about, seen from outside. */
export interface Outline {
  /** Bytes of records, states and contexts. */
  readonly bytes: number;
  /** Indexes whose records may change; `undefined`: none. */
  readonly touched: Span | undefined;
}

/**
 * Checks the steps of a write.
 *
 * @throws InvalidArgumentError if an index cannot be one.
 * @throws TooLargeError if a record, state or context is larger than `maxRecordBytes`.
 */
export function checkOps(ops: readonly StorageOp[], maxRecordBytes: number): Outline {
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
        checkIndex(op.index, 1);
        take(op.record);
        first = Math.min(first, op.index);
        last = Math.max(last, op.index);
        break;
      case 'state':
        take(op.bytes);
        break;
      case 'dropAfter':
        checkIndex(op.index, 0);
        first = Math.min(first, op.index + 1);
        last = maxU48;
        break;
      case 'dropBefore':
        checkIndex(op.index, 0);
        first = 0;
        last = Math.max(last, op.index - 1);
        break;
      case 'snapshot':
        checkIndex(op.index, 0);
        take(op.context);
        break;
      default:
        unreachable(op);
    }
  }
  return { bytes: total, touched: first <= last ? { first, last } : undefined };
}

function checkIndex(index: LogIndex, lowest: number): void {
  if (Number.isInteger(index) && index >= lowest && index <= maxU48) return;
  throw new InvalidArgumentError(
    `an index must be an integer from ${String(lowest)} to 2^48 - 1, got ${String(index)}`,
  );
}
