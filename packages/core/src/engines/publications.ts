/**
 * Snapshots on their way to the disk: the write that makes one current is asked for, and not stored
 * yet.
 */
import type { StagedSnapshot } from '../engine.ts';
import type { Ticket, WriteId } from '../ids.ts';
import type { Delivery } from './delivery.ts';
import type { LocalEffects } from './outbox.ts';

/** A snapshot that becomes current with a write under way. */
interface Publication {
  readonly ticket: Ticket;
  readonly snapshot: StagedSnapshot;
  /** Whether the consumer has to restore it. */
  readonly installed: boolean;
  /** `undefined` until the write has a number. */
  write: WriteId | undefined;
}

/** All of them. */
export class Publications {
  #waiting: Publication[] = [];

  /** Whether the consumer is about to be given another state. */
  get installing(): boolean {
    return this.#waiting.some((publication) => publication.installed);
  }

  /** @param installed whether it came from elsewhere, so that the consumer has to restore it. */
  add(ticket: Ticket, snapshot: StagedSnapshot, installed: boolean): void {
    this.#waiting.push({ ticket, snapshot, installed, write: undefined });
  }

  /** A write with everything so far has been asked for. */
  noteWrite(write: WriteId): void {
    for (const publication of this.#waiting) publication.write ??= write;
  }

  /** Tells of those that are durable, now that all writes up to `stored` are. */
  settle(outbox: LocalEffects, delivery: Delivery, stored: WriteId): void {
    if (this.#waiting.length === 0) return;
    const settled = this.#waiting.filter(({ write }) => write !== undefined && write <= stored);
    this.#waiting = this.#waiting.filter(({ write }) => write === undefined || write > stored);
    for (const { ticket, snapshot, installed } of settled) {
      outbox.done(ticket, snapshot.index);
      // With a later one on its way this one may be gone from the disk already.
      if (installed && !this.installing) delivery.restore(outbox, snapshot);
    }
  }
}
