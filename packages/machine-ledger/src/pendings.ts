/**
 * Pending transfers, and a heap of those that run out: the one that does so next is on top.
 */
import type { Account } from './accounts.ts';
import type { LedgerTransferState } from './results.ts';

/** How a pending transfer ended, and with which event. */
export type Resolution = Exclude<LedgerTransferState, { readonly type: 'done' | 'pending' }>;

/** A two-phase transfer, ended or not. */
export interface PendingTransfer {
  readonly id: string;
  readonly sequence: number;
  readonly debit: Account;
  readonly credit: Account;
  readonly amount: bigint;
  /** Ms since 1970; 0: never. */
  readonly expiresAt: number;
  resolution: Resolution | undefined;
}

/** Whether the time of a pending transfer has run out, although it may not have been ended yet. */
export function isDue({ expiresAt }: PendingTransfer, time: number): boolean {
  return expiresAt !== 0 && expiresAt <= time;
}

/**
 * A binary heap by time and then by sequence number. Transfers that were posted or voided stay in it
 * until they come to the top: taking one out of the middle would need its place to be kept up with.
 */
export class ExpiryQueue {
  readonly #heap: PendingTransfer[] = [];

  /** The pending transfer that expires next. */
  get next(): PendingTransfer | undefined {
    return this.#heap[0];
  }

  add(pending: PendingTransfer): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(pending);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(pending, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = pending;
  }

  /** Has to be called after a transfer has ended: what is on top is pending again. */
  settle(): void {
    while (this.#heap[0]?.resolution !== undefined) this.#removeTop();
  }

  #removeTop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    while (true) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      let child = heap[below];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        child = right;
        below += 1;
      }
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function isBefore(left: PendingTransfer, right: PendingTransfer): boolean {
  return left.expiresAt === right.expiresAt
    ? left.sequence < right.sequence
    : left.expiresAt < right.expiresAt;
}
