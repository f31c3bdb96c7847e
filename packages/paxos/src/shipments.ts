/**
 * Snapshots on their way to members that the log does not reach back far enough for, and the log that is
 * kept for them meanwhile: a member that a snapshot travels to needs what stands behind it, or it would
 * need another snapshot by the time it has this one, and so on for ever.
 */
import type { LogIndex, NodeId } from '@quorate/core';
import type { PaxosNode } from './node.ts';

interface Shipment {
  /** It is being carried, as far as the driver has said. */
  shipping: boolean;
  /** After a failed one: when to try again. */
  againAt: number;
  /** The log is kept behind this index; `undefined` where the member is on its own. */
  heldIndex: LogIndex | undefined;
  /** As long as not much more has been chosen since. */
  heldSinceBytes: number;
  /** Whoever says nothing for long has gone. */
  heardAt: number;
}

/** Most members that snapshots travel to at once. */
const maxShipments = 64;

/** One at a time for each member. */
export class Shipments {
  readonly #shipments = new Map<NodeId, Shipment>();

  /** Whether a snapshot is on its way there. */
  isUnderWay(to: NodeId): boolean {
    return this.#shipments.get(to)?.shipping === true;
  }

  /** Sends the current snapshot, unless it is on its way. */
  ship(node: PaxosNode, to: NodeId): void {
    const before = this.#shipments.get(to);
    if (before === undefined && this.#shipments.size >= maxShipments) this.#forget(node);
    if (before === undefined && this.#shipments.size >= maxShipments) return;
    if (before !== undefined && (before.shipping || node.now < before.againAt)) return;
    this.#shipments.set(to, {
      shipping: true,
      againAt: 0,
      heldIndex: node.snapshot,
      heldSinceBytes: node.chosenBytes,
      heardAt: node.now,
    });
    node.outbox.ship(to);
  }

  /** What became of it. */
  shipped(node: PaxosNode, to: NodeId, index: LogIndex | undefined): void {
    const shipment = this.#shipments.get(to);
    if (shipment === undefined) return;
    shipment.shipping = false;
    shipment.heardAt = node.now;
    if (index !== undefined) return;
    shipment.heldIndex = undefined;
    shipment.againAt = node.now + node.settings.electionTimeoutMs;
  }

  /** A member asks for what is chosen from a slot on: it needs nothing before. */
  asked(node: PaxosNode, id: NodeId, from: LogIndex): void {
    const shipment = this.#shipments.get(id);
    if (shipment?.heldIndex === undefined) return;
    shipment.heardAt = node.now;
    if (from - 1 > shipment.heldIndex) shipment.heldIndex = from - 1;
  }

  /** A member has told how far it is. */
  caughtUp(id: NodeId, hasAll: boolean): void {
    const shipment = this.#shipments.get(id);
    if (hasAll && shipment?.shipping === false) this.#shipments.delete(id);
  }

  /** How far the log may be trimmed at most. */
  heldIndex(node: PaxosNode): LogIndex {
    this.#forget(node);
    let held = Number.POSITIVE_INFINITY;
    for (const { heldIndex } of this.#shipments.values()) {
      if (heldIndex !== undefined) held = Math.min(held, heldIndex);
    }
    return held;
  }

  /** Gives up holding the log for those it costs too much, and forgets those that failed or went silent. */
  #forget({ now, chosenBytes, settings }: PaxosNode): void {
    for (const [id, shipment] of this.#shipments) {
      if (chosenBytes - shipment.heldSinceBytes > settings.maxHeldLogBytes) {
        shipment.heldIndex = undefined;
      }
      if (shipment.shipping) continue;
      const silent = now - shipment.heardAt > 4 * settings.electionTimeoutMs;
      const over = shipment.heldIndex === undefined && now >= shipment.againAt;
      if (silent || over) this.#shipments.delete(id);
    }
  }
}
