/**
 * What is checked before a write is believed, and its copy: a disk keeps the bytes as they were at
 * the call, so that a caller who reuses a buffer cannot change the past.
 */
import {
  InvalidArgumentError,
  type LogIndex,
  maxU48,
  type StorageOp,
  TooLargeError,
  unreachable,
} from '@quorate/core';

/**
 * Copies the steps of a write.
 *
 * @throws InvalidArgumentError if an index cannot be one.
 * @throws TooLargeError if a record or the state is larger than `maxRecordBytes`.
 */
export function checkedCopy(
  ops: readonly StorageOp[],
  maxRecordBytes: number,
): readonly StorageOp[] {
  return ops.map((op): StorageOp => {
    switch (op.type) {
      case 'put':
        checkIndex(op.index, 1);
        checkSize(op.record, maxRecordBytes);
        return { ...op, record: op.record.slice() };
      case 'state':
        checkSize(op.bytes, maxRecordBytes);
        return { ...op, bytes: op.bytes.slice() };
      case 'dropAfter':
      case 'dropBefore':
        checkIndex(op.index, 0);
        return op;
      case 'snapshot':
        checkIndex(op.index, 0);
        checkSize(op.context, maxRecordBytes);
        return { ...op, context: op.context.slice() };
      default:
        return unreachable(op);
    }
  });
}

function checkIndex(index: LogIndex, lowest: number): void {
  if (Number.isInteger(index) && index >= lowest && index <= maxU48) return;
  throw new InvalidArgumentError(
    `an index must be an integer from ${String(lowest)} to 2^48 - 1, got ${String(index)}`,
  );
}

function checkSize(bytes: Uint8Array, maxRecordBytes: number): void {
  if (bytes.length <= maxRecordBytes) return;
  throw new TooLargeError(
    `${String(bytes.length)} bytes in one record, maxRecordBytes is ${String(maxRecordBytes)}; split it or raise the option`,
  );
}
