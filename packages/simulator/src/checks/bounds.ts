/** Memory stays under its bounds, whatever clients and peers do. */
import { must } from '@quorate/core/checks';
import type { AnyNode } from '../world/stage.ts';

/** What nodes were told to keep to. */
export interface Bounds {
  readonly maxPendingBytes: number;
  /** Largest command, encoded: one is always taken. */
  readonly maxCommandBytes: number;
}

/** Bounds of every table of sessions, as `@quorate/replica` has them. */
const most = { sessions: 10_000, session_bytes: 256 * 2 ** 20 };

/** Checks what a node holds for others. */
export function checkBounds({ id, replica }: AnyNode, bounds: Bounds): void {
  const counters = replica?.counters ?? {};
  for (const [name, bound] of Object.entries(most)) {
    must(
      (counters[name] ?? 0) <= bound,
      () =>
        `memory: ${id} has ${name} of ${String(counters[name])}, and at most ${String(bound)} are allowed`,
    );
  }
  const pending = counters['request_bytes_pending'] ?? 0;
  must(
    pending <= bounds.maxPendingBytes + bounds.maxCommandBytes,
    () =>
      `memory: ${id} holds ${String(pending)} bytes of requests, and its limit is ${String(bounds.maxPendingBytes)}`,
  );
}
