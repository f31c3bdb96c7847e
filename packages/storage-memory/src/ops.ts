/**
 * The copy of a write: a disk keeps the bytes as they were at the call, so that a caller who reuses
 * a buffer cannot change the past.
 */
import { type StorageOp, unreachable } from '@quorate/core';

/** Copies the steps of a write. */
export function copyOps(ops: readonly StorageOp[]): readonly StorageOp[] {
  return ops.map((op): StorageOp => {
    switch (op.type) {
      case 'put':
        return { ...op, record: op.record.slice() };
      case 'state':
        return { ...op, bytes: op.bytes.slice() };
      case 'dropAfter':
      case 'dropBefore':
        return op;
      case 'snapshot':
        return { ...op, context: op.context.slice() };
      default:
        return unreachable(op);
    }
  });
}
