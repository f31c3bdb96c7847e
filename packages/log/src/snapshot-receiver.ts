/**
 * Takes a snapshot from another node, writes it aside, and hands it to the engine.
 *
 * What arrives is staged under a name made of what it is. So whatever of the very same content has arrived
 * before is taken up again: before the connection was lost, in an earlier life of this node, from another
 * node. Each chunk is checked before it is written, and the whole before it is installed.
 *
 * One at a time. A transfer that makes progress gives way only to a newer snapshot: were any other
 * offer good enough, an old leader and the new one could put each other back to the start for ever.
 * One that has stood still for half of `snapshotTimeoutMs` gives way to any. What gave way is forgotten,
 * since one name is remembered; unless nothing else came, and the same is offered again.
 *
 * Memory holds one window of chunks: none is taken before its transfer has its place on the disk, nor is
 * another transfer before the one in front of it has let go of its own.
 */
import {
  crc32,
  type LogIndex,
  MalformedError,
  type NodeId,
  type SnapshotStore,
  type SnapshotWriter,
  type StagedSnapshot,
  type Timer,
} from '@quorate/core';
import type { LogLimits } from './options.ts';
import {
  type AckState,
  chunkChecksum,
  type FromReceiver,
  type SnapshotChunk,
  type SnapshotOffer,
} from './snapshot-messages.ts';

/** What the receiver needs from its driver. */
export interface SnapshotReceiverRoute {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  send(to: NodeId, message: FromReceiver): void;
  /** Asks the engine to put it in the place of the log; resolves with whether it did. */
  install(snapshot: StagedSnapshot, context: Uint8Array): Promise<boolean>;
  /** Everything up to this index is decided here already: no snapshot of it is needed. */
  decided(): LogIndex;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  failed(error: unknown): void;
}

/** Whose transfer it is. Every run of a node counts its transfers from 1. */
interface Source {
  readonly from: NodeId;
  readonly run: number;
  readonly transfer: number;
}

interface Incoming {
  /** Who sends it, as of the last offer. */
  source: Source;
  /** What it is; see {@link nameOf}. */
  readonly name: string;
  readonly offer: SnapshotOffer;
  /** `opening`: what is there of it is not known yet. `finishing`: all of it has arrived. */
  phase: 'opening' | 'receiving' | 'finishing';
  writer: SnapshotWriter | undefined;
  /** Bytes accepted; what comes for another offset is answered with what is written. */
  next: number;
  /** Bytes written. */
  written: number;
  /** Chunks accepted and not written yet. */
  unwrittenChunks: number;
  /** When the last chunk was accepted, or the source was taken. */
  progressAt: number;
  /** What is written one after the other. */
  work: Promise<void>;
  /** The answer to an offer waits for what is being written. */
  answering: boolean;
  timer: Timer | undefined;
}

/** Most chunks accepted and not written yet, however small they are: each of them costs something too. */
const maxUnwrittenChunks = 1024;

/** The one snapshot that may be on its way to this node. */
export class SnapshotReceiver {
  readonly #route: SnapshotReceiverRoute;
  readonly #snapshots: SnapshotStore;
  readonly #limits: LogLimits;
  /** Chunks accepted and not written yet, in bytes; whoever sends is told of it. */
  readonly #windowBytes: number;
  #incoming: Incoming | undefined;
  /** Transfers that were let go, until they do not use the storage any more. */
  #released: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Bytes of content that were accepted. */
  bytesReceived = 0;
  /** Bytes of content that an offer found here. */
  bytesResumed = 0;
  /** Chunks that came damaged. */
  chunksRefused = 0;
  /** Contents that arrived as a whole, and were not what was offered. */
  contentsDiscarded = 0;

  constructor(route: SnapshotReceiverRoute, snapshots: SnapshotStore, limits: LogLimits) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#limits = limits;
    this.#windowBytes = limits.snapshotChunkBytes * limits.snapshotWindow;
  }

  /**
   * Takes an offer from a run of a node.
   *
   * @throws MalformedError if no snapshot can be like this.
   */
  offer(from: NodeId, run: number, offer: SnapshotOffer): void {
    if (this.#closed) return;
    if (offer.totalBytes > this.#limits.maxSnapshotBytes) {
      throw new MalformedError(
        `a snapshot of ${String(offer.totalBytes)} bytes; raise limits.maxSnapshotBytes to take it`,
      );
    }
    const source = { from, run, transfer: offer.transfer };
    const incoming = this.#incoming;
    if (offer.index <= this.#route.decided()) {
      this.#ack(source, offer.totalBytes, 'done');
    } else if (incoming === undefined) {
      this.#begin(source, offer);
    } else if (isLate(source, incoming.source)) {
      // Its sender has asked again since.
    } else if (nameOf(offer) === incoming.name) {
      this.#offeredAgain(incoming, source);
    } else if (this.#givesWayTo(incoming, source, offer.index)) {
      this.#release(incoming, 'abort');
      this.#begin(source, offer);
    }
    // Otherwise no answer: whoever offers it offers it again, and by then this one may be over.
  }

  /**
   * Takes a chunk from a run of a node.
   *
   * @throws MalformedError if it cannot belong to what was offered.
   */
  chunk(from: NodeId, run: number, chunk: SnapshotChunk): void {
    if (this.#closed) return;
    if (chunk.bytes.length === 0 || chunk.bytes.length > this.#limits.snapshotChunkBytes) {
      throw new MalformedError(`a chunk of ${String(chunk.bytes.length)} bytes`);
    }
    const source = { from, run, transfer: chunk.transfer };
    const incoming = this.#incoming;
    if (incoming === undefined || !isSame(incoming.source, source)) {
      this.#ack(source, 0, 'unknown');
      return;
    }
    if (chunk.offset + chunk.bytes.length > incoming.offer.totalBytes) {
      throw new MalformedError('a chunk that reaches beyond the end of its snapshot');
    }
    // Before the offer is answered nobody can know what to send; behind the end there is nothing.
    if (incoming.phase === 'receiving') this.#take(incoming, chunk);
  }

  /** Lets go of what is not complete; resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    if (this.#incoming !== undefined) this.#release(this.#incoming, 'close');
    await this.#released;
  }

  #givesWayTo(incoming: Incoming, { from, run }: Source, index: LogIndex): boolean {
    // The storage, or the engine, decides about it first.
    if (incoming.phase !== 'receiving') return false;
    const { source, offer } = incoming;
    // Its own sender offers something else instead.
    if (source.from === from && source.run === run) return true;
    return index > offer.index || this.#isStalled(incoming);
  }

  /** The same content is offered: its writer and its place are kept, whoever goes on with it. */
  #offeredAgain(incoming: Incoming, source: Source): void {
    const { from, run } = incoming.source;
    if (source.from !== from && !this.#isStalled(incoming)) return;
    if (source.from !== from || source.run !== run) {
      incoming.progressAt = this.#route.now();
      this.bytesResumed += incoming.next;
    }
    incoming.source = source;
    if (incoming.phase === 'receiving') this.#accept(incoming);
  }

  #isStalled({ progressAt }: Incoming): boolean {
    return this.#route.now() - progressAt >= this.#limits.snapshotTimeoutMs / 2;
  }

  #begin(source: Source, offer: SnapshotOffer): void {
    const incoming: Incoming = {
      source,
      // Kept for long: the rest of its frame must not be kept with it.
      offer: { ...offer, context: offer.context.slice() },
      name: nameOf(offer),
      phase: 'opening',
      writer: undefined,
      next: 0,
      written: 0,
      unwrittenChunks: 0,
      progressAt: this.#route.now(),
      work: Promise.resolve(),
      answering: false,
      timer: undefined,
    };
    this.#incoming = incoming;
    this.#watch(incoming, this.#limits.snapshotTimeoutMs);
    const released = this.#released;
    this.#do(incoming, async () => {
      await released;
      if (this.#incoming === incoming) await this.#stage(incoming);
    });
  }

  async #stage(incoming: Incoming): Promise<void> {
    const { totalBytes } = incoming.offer;
    incoming.writer = await this.#snapshots.stage(incoming.name);
    if (incoming.writer.bytes > totalBytes) {
      await incoming.writer.abort();
      incoming.writer = await this.#snapshots.stage(incoming.name);
    }
    if (this.#incoming !== incoming) return;
    const { bytes } = incoming.writer;
    incoming.next = bytes;
    incoming.written = bytes;
    incoming.progressAt = this.#route.now();
    this.bytesResumed += bytes;
    if (bytes === totalBytes) {
      incoming.phase = 'finishing';
      await this.#finish(incoming, incoming.writer);
    } else {
      incoming.phase = 'receiving';
      this.#accept(incoming);
    }
  }

  /** Tells where to go on, once everything that was accepted is written. */
  #accept(incoming: Incoming): void {
    if (incoming.answering) return;
    incoming.answering = true;
    this.#do(incoming, async () => {
      incoming.answering = false;
      if (incoming.phase !== 'receiving') return;
      const { from, run, transfer } = incoming.source;
      this.#route.send(from, {
        type: 'accept',
        target: run,
        transfer,
        offset: incoming.written,
        chunkBytes: this.#limits.snapshotChunkBytes,
        windowBytes: this.#windowBytes,
      });
    });
  }

  #take(incoming: Incoming, { transfer, offset, checksum, bytes }: SnapshotChunk): void {
    if (incoming.offer.index <= this.#route.decided()) {
      // It came by the log meanwhile.
      this.#release(incoming, 'abort');
      this.#ack(incoming.source, incoming.offer.totalBytes, 'done');
      return;
    }
    if (offset !== incoming.next) {
      this.#ack(incoming.source, incoming.written, 'more');
      return;
    }
    if (chunkChecksum(transfer, offset, bytes) !== checksum) {
      this.#refuse(incoming);
      return;
    }
    // More than was agreed on: it will come again.
    if (offset - incoming.written + bytes.length > this.#windowBytes) return;
    if (incoming.unwrittenChunks >= maxUnwrittenChunks) return;
    incoming.unwrittenChunks += 1;
    incoming.next += bytes.length;
    incoming.progressAt = this.#route.now();
    this.bytesReceived += bytes.length;
    const last = incoming.next === incoming.offer.totalBytes;
    if (last) incoming.phase = 'finishing';
    // A view would keep the whole frame until it is written.
    const content = bytes.slice();
    this.#do(incoming, async () => {
      const { writer } = incoming;
      if (writer === undefined) return;
      await writer.write(content);
      incoming.unwrittenChunks -= 1;
      incoming.written += content.length;
      if (this.#incoming !== incoming) return;
      if (last) await this.#finish(incoming, writer);
      else this.#ack(incoming.source, incoming.written, 'more');
    });
  }

  #refuse({ source, next }: Incoming): void {
    const times = ++this.chunksRefused;
    // The first, second, fourth, eighth … time: a bad link must not fill the log.
    if ((times & (times - 1)) === 0) {
      const { from } = source;
      this.#route.warn('a chunk of a snapshot came damaged', { from, offset: next, times });
    }
    this.#ack(source, next, 'again');
  }

  async #finish(incoming: Incoming, writer: SnapshotWriter): Promise<void> {
    const { index, checksum, context, totalBytes } = incoming.offer;
    if (writer.checksum !== checksum) {
      this.contentsDiscarded += 1;
      const { from } = incoming.source;
      this.#route.warn('a snapshot is not what was offered, and was discarded', { from, index });
      await writer.abort();
      this.#over(incoming);
      this.#ack(incoming.source, totalBytes, 'refused');
      return;
    }
    await writer.finish();
    const installed = await this.#route.install({ id: writer.id, index }, context);
    if (!installed) await writer.abort();
    this.#over(incoming);
    // Refused means that it was not needed any more, or no use: then the leader tries another way.
    const state = installed || index <= this.#route.decided() ? 'done' : 'refused';
    this.#ack(incoming.source, totalBytes, state);
  }

  #do(incoming: Incoming, work: () => Promise<void>): void {
    incoming.work = incoming.work
      .then(async () => {
        if (this.#incoming === incoming) await work();
      })
      .catch((error: unknown) => {
        this.#over(incoming);
        this.#route.failed(error);
      });
  }

  /** A sender that is gone must not keep a file open for ever; what is in it stays. */
  #watch(incoming: Incoming, ms: number): void {
    incoming.timer = this.#route.setTimer(ms, () => {
      const { snapshotTimeoutMs } = this.#limits;
      const leftMs = incoming.progressAt + snapshotTimeoutMs - this.#route.now();
      if (incoming.phase !== 'receiving') this.#watch(incoming, snapshotTimeoutMs);
      else if (leftMs > 0) this.#watch(incoming, leftMs);
      else this.#release(incoming, 'close');
    });
  }

  #release(incoming: Incoming, how: 'close' | 'abort'): void {
    this.#over(incoming);
    const { work } = incoming;
    // What cannot be removed now is removed when the storage is opened next.
    const over = work.then(() => incoming.writer?.[how]()).catch(() => undefined);
    this.#released = Promise.all([this.#released, over]);
  }

  #over(incoming: Incoming): void {
    incoming.timer?.cancel();
    if (this.#incoming === incoming) this.#incoming = undefined;
  }

  #ack({ from, run, transfer }: Source, offset: number, state: AckState): void {
    this.#route.send(from, { type: 'ack', target: run, transfer, offset, state });
  }
}

/**
 * What a snapshot is: two with one name have the very same content. The context is not part of the
 * content, but what is installed belongs together as one node had it.
 */
function nameOf({ index, totalBytes, checksum, context }: SnapshotOffer): string {
  return [index, totalBytes, checksum, crc32(context)].join('-');
}

function isSame(left: Source, right: Source): boolean {
  return left.from === right.from && left.run === right.run && left.transfer === right.transfer;
}

/** Whether the same run has asked under a later number since. */
function isLate(left: Source, right: Source): boolean {
  return left.from === right.from && left.run === right.run && left.transfer < right.transfer;
}
