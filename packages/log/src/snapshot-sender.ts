/**
 * Brings the current snapshot to peers that are too far behind for the log.
 *
 * A window of pieces, cumulative acknowledgements, and a repeat from the last acknowledged byte
 * when nothing comes back: so it crosses lost connections, and any transport can carry it. The
 * snapshot stays readable while it is sent, also when a newer one is published meanwhile.
 */
import {
  CompactedError,
  type LogIndex,
  type NodeId,
  type SnapshotReader,
  type SnapshotStore,
  type Timer,
  unreachable,
} from '@quorate/core';
import type { PeerMessage } from './frames.ts';
import type { LogLimits } from './options.ts';

/** What the sender needs from its driver. */
export interface SnapshotSenderRoute {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  send(to: NodeId, message: PeerMessage): void;
  /** The peer has the snapshot up to this index; `undefined`: the transfer failed. */
  shipped(to: NodeId, index: LogIndex | undefined): void;
  failed(error: unknown): void;
  nextTransfer(): number;
}

interface Transfer {
  readonly id: number;
  readonly to: NodeId;
  readonly reader: SnapshotReader;
  /** Acknowledged by the peer. */
  acked: number;
  /** Sent; falls back to `acked` when nothing comes back. */
  sent: number;
  /** Whether the last piece, which may be empty, has been sent. */
  ended: boolean;
  progressAt: number;
  reading: boolean;
  timer: Timer | undefined;
}

/** All transfers of this node. */
export class SnapshotSender {
  readonly #route: SnapshotSenderRoute;
  readonly #snapshots: SnapshotStore;
  readonly #limits: LogLimits;
  readonly #transfers = new Map<NodeId, Transfer | 'opening'>();

  constructor(route: SnapshotSenderRoute, snapshots: SnapshotStore, limits: LogLimits) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#limits = limits;
  }

  /** Transfers under way. */
  get size(): number {
    return this.#transfers.size;
  }

  /** Starts to bring the current snapshot to a peer; does nothing if that is under way. */
  ship(to: NodeId): void {
    if (this.#transfers.has(to)) return;
    const current = this.#snapshots.current();
    if (current === undefined) {
      this.#route.shipped(to, undefined);
      return;
    }
    this.#transfers.set(to, 'opening');
    this.#snapshots.read(current.id).then(
      (reader) => {
        this.#begin(to, reader);
      },
      (error: unknown) => {
        this.#transfers.delete(to);
        // Replaced between the two lines above: the engine asks again.
        if (error instanceof CompactedError) this.#route.shipped(to, undefined);
        else this.#route.failed(error);
      },
    );
  }

  /** Takes an acknowledgement. */
  ack(from: NodeId, ack: Extract<PeerMessage, { readonly type: 'ack' }>): void {
    const transfer = this.#transfers.get(from);
    if (transfer === undefined || transfer === 'opening' || transfer.id !== ack.transfer) return;
    switch (ack.state) {
      case 'done':
      case 'refused':
        this.#end(transfer, ack.state === 'done');
        return;
      case 'restart':
        transfer.acked = 0;
        transfer.sent = 0;
        transfer.ended = false;
        break;
      case 'more':
        // Acknowledgements may overtake each other: only a higher one says something new.
        if (ack.offset <= transfer.acked || ack.offset > transfer.reader.info.bytes) return;
        transfer.acked = ack.offset;
        // What is acknowledged need not be sent again after a repeat has begun.
        transfer.sent = Math.max(transfer.sent, ack.offset);
        transfer.progressAt = this.#route.now();
        break;
      default:
        unreachable(ack.state);
    }
    this.#pump(transfer);
  }

  /** Gives every transfer up; resolves when nothing is read any more. */
  async close(): Promise<void> {
    const closing: Promise<void>[] = [];
    for (const transfer of this.#transfers.values()) {
      if (transfer === 'opening') continue;
      transfer.timer?.cancel();
      closing.push(transfer.reader.close());
    }
    this.#transfers.clear();
    await Promise.allSettled(closing);
  }

  #begin(to: NodeId, reader: SnapshotReader): void {
    if (!this.#transfers.has(to)) {
      // Closed while it was being opened.
      reader.close().catch(() => undefined);
      return;
    }
    const transfer: Transfer = {
      id: this.#route.nextTransfer(),
      to,
      reader,
      acked: 0,
      sent: 0,
      ended: false,
      progressAt: this.#route.now(),
      reading: false,
      timer: undefined,
    };
    this.#transfers.set(to, transfer);
    this.#watch(transfer);
    this.#pump(transfer);
  }

  #pump(transfer: Transfer): void {
    const { snapshotChunkBytes, snapshotWindow } = this.#limits;
    const total = transfer.reader.info.bytes;
    if (transfer.reading || transfer.ended) return;
    if (transfer.sent - transfer.acked >= snapshotChunkBytes * snapshotWindow) return;
    const offset = transfer.sent;
    transfer.reading = true;
    transfer.reader.read(offset, snapshotChunkBytes).then(
      (bytes) => {
        transfer.reading = false;
        if (this.#transfers.get(transfer.to) !== transfer) return;
        if (transfer.sent === offset) {
          this.#sendPiece(transfer, offset, bytes);
          transfer.sent = offset + bytes.length;
          transfer.ended = transfer.sent >= total;
        }
        this.#pump(transfer);
      },
      (error: unknown) => {
        transfer.reading = false;
        // Closed while it was read, because the transfer is over: no wonder.
        if (this.#transfers.get(transfer.to) !== transfer) return;
        this.#end(transfer, false);
        this.#route.failed(error);
      },
    );
  }

  #sendPiece(transfer: Transfer, offset: number, bytes: Uint8Array): void {
    const { info } = transfer.reader;
    this.#route.send(transfer.to, {
      type: 'chunk',
      transfer: transfer.id,
      index: info.index,
      totalBytes: info.bytes,
      context: offset === 0 ? info.context : new Uint8Array(0),
      offset,
      bytes,
    });
  }

  #watch(transfer: Transfer): void {
    const retryMs = this.#limits.snapshotTimeoutMs / 10;
    transfer.timer = this.#route.setTimer(retryMs, () => {
      const silentMs = this.#route.now() - transfer.progressAt;
      if (silentMs >= this.#limits.snapshotTimeoutMs) {
        this.#end(transfer, false);
        return;
      }
      if (silentMs >= retryMs && !transfer.reading) {
        transfer.sent = transfer.acked;
        transfer.ended = false;
        this.#pump(transfer);
      }
      this.#watch(transfer);
    });
  }

  #end(transfer: Transfer, done: boolean): void {
    if (this.#transfers.get(transfer.to) !== transfer) return;
    this.#transfers.delete(transfer.to);
    transfer.timer?.cancel();
    transfer.reader.close().catch(() => undefined);
    this.#route.shipped(transfer.to, done ? transfer.reader.info.index : undefined);
  }
}
