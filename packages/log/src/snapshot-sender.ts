/**
 * Brings the current snapshot to peers that are too far behind for the log.
 *
 * It is offered first, and sent from where the peer says: so it crosses lost connections and restarts
 * of both sides, over any transport. Whenever nothing comes back the offer is made again, under a new
 * number, instead of sending blindly: a lost connection costs what was under way, and no more.
 *
 * A peer that stays silent keeps its snapshot for a while: it is pinned, and as long as the engine is not
 * told of a failure it keeps its log behind the snapshot too. Were the log let go each time a connection
 * breaks, a transfer slower than compaction would start over with a newer snapshot for ever. The engine may
 * give the log up all the same, where it grows too much. Then a snapshot that is under way is brought to
 * its end, since it is better than what the peer has; one whose peer is silent is given up for a newer one.
 */
import {
  CompactedError,
  invariant,
  type LogIndex,
  MalformedError,
  type NodeId,
  type SnapshotReader,
  type SnapshotStore,
  type Timer,
  unreachable,
} from '@quorate/core';
import type { LogLimits } from './options.ts';
import {
  chunkChecksum,
  type FromReceiver,
  type FromSender,
  type SnapshotAccept,
  type SnapshotAck,
} from './snapshot-messages.ts';

/** What the sender needs from its driver. */
export interface SnapshotSenderRoute {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  /** Waits until so many bytes may be sent. */
  pass(bytes: number): Promise<void>;
  send(to: NodeId, message: FromSender): void;
  /** The peer has the snapshot up to this index; `undefined`: it was given up. */
  shipped(to: NodeId, index: LogIndex | undefined): void;
  /** The first index that is still in the log. */
  firstIndex(): LogIndex;
  isMember(peer: NodeId): boolean;
  failed(error: unknown): void;
}

/** A snapshot that is being opened for a peer. */
interface Opening {
  readonly phase: 'opening';
  readonly to: NodeId;
  wasMember: boolean;
}

/** A snapshot that is open for a peer. */
interface Transfer {
  /** `offering`: the peer has to say first where to go on. */
  phase: 'offering' | 'sending';
  readonly to: NodeId;
  wasMember: boolean;
  readonly reader: SnapshotReader;
  /** The number of the last offer. */
  id: number;
  /** Written by the peer. */
  acked: number;
  /** Sent. */
  sent: number;
  chunkBytes: number;
  windowBytes: number;
  /** Where it was sent again because a chunk came damaged: once, then the silence decides. */
  againAt: number | undefined;
  /** When `acked` grew last. */
  progressAt: number;
  /** When the peer was heard last, or was given something to answer after it had answered all. */
  quietSince: number;
  /** A chunk is being read, or waits to pass. */
  busy: boolean;
  timer: Timer | undefined;
}

/** All transfers of this node to others. */
export class SnapshotSender {
  readonly #route: SnapshotSenderRoute;
  readonly #snapshots: SnapshotStore;
  readonly #limits: LogLimits;
  readonly #retryMs: number;
  readonly #transfers = new Map<NodeId, Transfer | Opening>();
  #lastId = 0;

  /** Bytes of content sent, those that were sent again included. */
  bytesSent = 0;

  constructor(route: SnapshotSenderRoute, snapshots: SnapshotStore, limits: LogLimits) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#limits = limits;
    this.#retryMs = limits.snapshotTimeoutMs / 10;
  }

  /** Transfers under way, those whose peer is silent included. */
  get size(): number {
    return this.#transfers.size;
  }

  /** Brings the current snapshot to a peer, or the one that is on its way to it. */
  ship(to: NodeId): void {
    const transfer = this.#transfers.get(to);
    if (transfer === undefined) {
      this.#open(to);
    } else if (transfer.phase !== 'opening' && this.#isStalled(transfer)) {
      if (this.#isUseful(transfer)) {
        this.#ask(transfer);
      } else {
        void this.#drop(transfer);
        this.#open(to);
      }
    }
  }

  /**
   * Takes what a receiver says.
   *
   * @throws MalformedError if it cannot be about what was sent.
   */
  answer(from: NodeId, answer: FromReceiver): void {
    const transfer = this.#transfers.get(from);
    // What belongs to an earlier number says less than what was asked since.
    if (transfer === undefined || transfer.phase === 'opening') return;
    if (transfer.id !== answer.transfer) return;
    if (answer.offset > transfer.reader.info.bytes) {
      throw new MalformedError('more of a snapshot is acknowledged than there is');
    }
    if (answer.type === 'accept') this.#accepted(transfer, answer);
    else this.#acknowledged(transfer, answer);
  }

  /** Gives up what goes to peers that are members no more. */
  membershipChanged(): void {
    for (const transfer of this.#transfers.values()) {
      const isMember = this.#route.isMember(transfer.to);
      if (transfer.wasMember && !isMember) this.#end(transfer, undefined);
      transfer.wasMember = isMember;
    }
  }

  /** Gives every transfer up; resolves when nothing is read any more. */
  async close(): Promise<void> {
    const closing = [...this.#transfers.values()].map((transfer) => this.#drop(transfer));
    await Promise.all(closing);
  }

  #open(to: NodeId): void {
    const current = this.#snapshots.current();
    if (current === undefined) {
      this.#route.shipped(to, undefined);
      return;
    }
    const opening: Opening = { phase: 'opening', to, wasMember: this.#route.isMember(to) };
    this.#transfers.set(to, opening);
    this.#snapshots.read(current.id).then(
      (reader) => {
        if (this.#isCurrent(opening)) this.#begin(opening, reader);
        else reader.close().catch(() => undefined);
      },
      (error: unknown) => {
        if (!this.#isCurrent(opening)) return;
        // Replaced between the two lines above: the engine asks again.
        this.#end(opening, undefined);
        if (!(error instanceof CompactedError)) this.#route.failed(error);
      },
    );
  }

  #begin({ to, wasMember }: Opening, reader: SnapshotReader): void {
    const now = this.#route.now();
    const transfer: Transfer = {
      phase: 'offering',
      to,
      wasMember,
      reader,
      id: ++this.#lastId,
      acked: 0,
      sent: 0,
      chunkBytes: 0,
      windowBytes: 0,
      againAt: undefined,
      progressAt: now,
      quietSince: now,
      busy: false,
      timer: undefined,
    };
    this.#transfers.set(to, transfer);
    this.#watch(transfer);
    this.#ask(transfer);
  }

  /** Asks where to go on; what is said to an earlier offer that was answered counts no more. */
  #ask(transfer: Transfer): void {
    if (transfer.phase === 'sending') {
      transfer.phase = 'offering';
      transfer.id = ++this.#lastId;
    }
    transfer.quietSince = this.#route.now();
    const { index, bytes, checksum, context } = transfer.reader.info;
    this.#route.send(transfer.to, {
      type: 'offer',
      transfer: transfer.id,
      index,
      totalBytes: bytes,
      checksum,
      context,
    });
  }

  #accepted(transfer: Transfer, { offset, chunkBytes, windowBytes }: SnapshotAccept): void {
    if (chunkBytes === 0 || windowBytes < chunkBytes) {
      throw new MalformedError('an offer is accepted without room for anything');
    }
    if (transfer.phase === 'sending') {
      // The offer was made twice, and this is the answer to the second.
      this.#progressed(transfer, offset);
    } else {
      const { snapshotChunkBytes, snapshotWindow } = this.#limits;
      transfer.phase = 'sending';
      transfer.chunkBytes = Math.min(chunkBytes, snapshotChunkBytes);
      transfer.windowBytes = Math.min(windowBytes, snapshotChunkBytes * snapshotWindow);
      transfer.againAt = undefined;
      transfer.quietSince = this.#route.now();
      if (offset > transfer.acked) transfer.progressAt = this.#route.now();
      // A peer that was restarted may have less than it had acknowledged.
      transfer.acked = offset;
      transfer.sent = offset;
    }
    this.#pump(transfer);
  }

  #acknowledged(transfer: Transfer, { state, offset }: SnapshotAck): void {
    switch (state) {
      case 'done':
        this.#end(transfer, transfer.reader.info.index);
        return;
      case 'refused':
        this.#end(transfer, undefined);
        return;
      case 'unknown':
        if (transfer.phase === 'sending') this.#ask(transfer);
        return;
      case 'more':
        this.#progressed(transfer, offset);
        break;
      case 'again':
        this.#repeat(transfer, offset);
        break;
      default:
        unreachable(state);
    }
    this.#pump(transfer);
  }

  #progressed(transfer: Transfer, offset: number): void {
    // Acknowledgements may overtake each other: only a higher one says something new.
    if (transfer.phase !== 'sending' || offset <= transfer.acked) return;
    transfer.acked = offset;
    // What is written need not be sent again after a repeat has begun.
    transfer.sent = Math.max(transfer.sent, offset);
    transfer.progressAt = this.#route.now();
    transfer.quietSince = this.#route.now();
  }

  #repeat(transfer: Transfer, offset: number): void {
    if (transfer.phase !== 'sending' || transfer.againAt === offset) return;
    if (offset < transfer.acked || offset >= transfer.sent) return;
    transfer.againAt = offset;
    transfer.sent = offset;
    transfer.quietSince = this.#route.now();
  }

  #pump(transfer: Transfer): void {
    const { reader, id, sent: offset } = transfer;
    const bytes = Math.min(transfer.chunkBytes, reader.info.bytes - offset);
    if (transfer.phase !== 'sending' || transfer.busy || bytes === 0) return;
    if (offset - transfer.acked + bytes > transfer.windowBytes) return;
    transfer.busy = true;
    this.#read(reader, offset, bytes).then(
      (chunk) => {
        transfer.busy = false;
        if (!this.#isCurrent(transfer)) return;
        if (transfer.id === id && transfer.sent === offset) this.#send(transfer, chunk);
        this.#pump(transfer);
      },
      (error: unknown) => {
        transfer.busy = false;
        // Closed while it was read, because the transfer is over: no wonder.
        if (!this.#isCurrent(transfer)) return;
        this.#end(transfer, undefined);
        this.#route.failed(error);
      },
    );
  }

  async #read(reader: SnapshotReader, offset: number, maxBytes: number): Promise<Uint8Array> {
    const chunk = await reader.read(offset, maxBytes);
    invariant(chunk.length > 0, 'a snapshot has as many bytes as it says');
    await this.#route.pass(chunk.length);
    return chunk;
  }

  #send(transfer: Transfer, bytes: Uint8Array): void {
    const { id, sent: offset } = transfer;
    if (offset === transfer.acked) transfer.quietSince = this.#route.now();
    transfer.sent = offset + bytes.length;
    this.bytesSent += bytes.length;
    const checksum = chunkChecksum(id, offset, bytes);
    this.#route.send(transfer.to, { type: 'chunk', transfer: id, offset, checksum, bytes });
  }

  #watch(transfer: Transfer): void {
    transfer.timer = this.#route.setTimer(this.#retryMs, () => {
      if (this.#isWaitingForItself(transfer)) {
        // Reading is slow here, or others pass first: that is not the peer's silence.
        transfer.progressAt = Math.min(transfer.progressAt + this.#retryMs, this.#route.now());
      } else if (this.#isOver(transfer)) {
        this.#end(transfer, undefined);
        return;
      } else if (this.#route.now() - transfer.quietSince >= this.#retryMs) {
        this.#ask(transfer);
      }
      this.#watch(transfer);
    });
  }

  /** Whether the peer has answered everything, and more is to be sent. */
  #isWaitingForItself({ phase, acked, sent, reader }: Transfer): boolean {
    return phase === 'sending' && acked === sent && sent < reader.info.bytes;
  }

  #isOver(transfer: Transfer): boolean {
    if (!this.#isStalled(transfer)) return false;
    if (!this.#isUseful(transfer)) return true;
    const { snapshotTimeoutMs, snapshotPinMs } = this.#limits;
    const pinMs = this.#route.isMember(transfer.to) ? snapshotPinMs : 0;
    return this.#silentMs(transfer) >= snapshotTimeoutMs + pinMs;
  }

  #isStalled(transfer: Transfer): boolean {
    return this.#silentMs(transfer) >= this.#limits.snapshotTimeoutMs;
  }

  /** Whether the log still goes on behind it. */
  #isUseful({ reader }: Transfer): boolean {
    return this.#route.firstIndex() <= reader.info.index + 1;
  }

  #silentMs({ progressAt }: Transfer): number {
    return this.#route.now() - progressAt;
  }

  #isCurrent(transfer: Transfer | Opening): boolean {
    return this.#transfers.get(transfer.to) === transfer;
  }

  #end(transfer: Transfer | Opening, index: LogIndex | undefined): void {
    if (!this.#isCurrent(transfer)) return;
    void this.#drop(transfer);
    this.#route.shipped(transfer.to, index);
  }

  /** Lets go of a snapshot; resolves when it is not read any more. */
  async #drop(transfer: Transfer | Opening): Promise<void> {
    this.#transfers.delete(transfer.to);
    if (transfer.phase === 'opening') return;
    transfer.timer?.cancel();
    // Whoever closes the storage hears of what is wrong with it.
    await transfer.reader.close().catch(() => undefined);
  }
}
