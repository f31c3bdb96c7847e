/** Memory stays under its bounds, whatever clients and peers do. */
import { must } from '@quorate/core/checks';
import type { AnyNode } from '../world/stage.ts';

/** What nodes were told to keep to. */
export interface Bounds {
  readonly maxPendingBytes: number;
  /** Largest command, encoded: one is always taken. */
  readonly maxCommandBytes: number;
}

/** Checks what a node holds for others. */
export function checkBounds({ id, replica }: AnyNode, bounds: Bounds): void {
  const pending = replica?.counters['request_bytes_pending'] ?? 0;
  must(
    pending <= bounds.maxPendingBytes + bounds.maxCommandBytes,
    () =>
      `memory: ${id} holds ${String(pending)} bytes of requests, and its limit is ${String(bounds.maxPendingBytes)}`,
  );
}
