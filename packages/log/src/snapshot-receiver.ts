/**
 * Takes a snapshot from another node, piece by piece, writes it aside, and hands it to the engine.
 *
 * One at a time. A transfer that makes progress gives way only to a newer snapshot: were any other
 * offer good enough, an old leader and the new one could put each other back to the start for ever.
 * One that has stood still for half of `snapshotTimeoutMs` gives way to any.
 */
import {
  type LogIndex,
  MalformedError,
  type NodeId,
  type SnapshotStore,
  type SnapshotWriter,
  type StagedSnapshot,
} from '@quorate/core';
import type { AckState, PeerMessage } from './frames.ts';
import type { LogLimits } from './options.ts';

type Chunk = Extract<PeerMessage, { readonly type: 'chunk' }>;

/** What the receiver needs from its driver. */
export interface SnapshotReceiverRoute {
  now(): number;
  send(to: NodeId, message: PeerMessage): void;
  /** Asks the engine to put it in the place of the log; resolves with whether it did. */
  install(snapshot: StagedSnapshot, context: Uint8Array): Promise<boolean>;
  /** Everything up to this index is decided here already: no snapshot of it is needed. */
  decided(): LogIndex;
  failed(error: unknown): void;
}

/** Whose transfer it is. Every run of a node counts its transfers from 1. */
interface Source {
  readonly from: NodeId;
  readonly run: number;
  readonly transfer: number;
}

interface Incoming extends Source {
  readonly index: LogIndex;
  readonly totalBytes: number;
  readonly context: Uint8Array;
  writer: SnapshotWriter | undefined;
  /** Bytes accepted; what comes for another offset is answered with this one. */
  next: number;
  /** Bytes written. */
  written: number;
  /** When the last piece was accepted. */
  progressAt: number;
  /** What is written one after the other. */
  work: Promise<void>;
  finishing: boolean;
}

/** The one snapshot that may be on its way to this node. */
export class SnapshotReceiver {
  readonly #route: SnapshotReceiverRoute;
  readonly #snapshots: SnapshotStore;
  /** Pieces accepted and not written yet, in bytes; whoever sends keeps the same window. */
  readonly #maxUnwrittenBytes: number;
  readonly #patienceMs: number;
  #incoming: Incoming | undefined;
  /** Transfers that were given up, until they have let go of the storage. */
  #givenUp: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(route: SnapshotReceiverRoute, snapshots: SnapshotStore, limits: LogLimits) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#maxUnwrittenBytes = limits.snapshotChunkBytes * limits.snapshotWindow;
    this.#patienceMs = limits.snapshotTimeoutMs / 2;
  }

  /**
   * Takes a piece from a run of a node.
   *
   * @throws MalformedError if it cannot belong to a snapshot.
   */
  chunk(from: NodeId, run: number, chunk: Chunk): void {
    if (this.#closed) return;
    const { index, offset, totalBytes, transfer } = chunk;
    if (offset + chunk.bytes.length > totalBytes) {
      throw new MalformedError('a piece of a snapshot that reaches beyond its end');
    }
    if (chunk.bytes.length === 0 && offset < totalBytes) {
      throw new MalformedError('an empty piece of a snapshot');
    }
    const source = { from, run, transfer };
    let incoming = this.#incoming;
    if (incoming === undefined || !isSame(incoming, source)) {
      if (index <= this.#route.decided()) {
        this.#ack(source, 0, 'done');
        return;
      }
      // No answer: whoever sends it tries again, and by then this one is over.
      if (incoming !== undefined && !this.#givesWayTo(incoming, index)) return;
      if (offset !== 0) {
        // The rest of a transfer whose beginning this run has not seen: ask for it.
        this.#ack(source, 0, 'restart');
        return;
      }
      this.#drop();
      incoming = this.#begin(source, chunk);
    }
    this.#take(incoming, chunk);
  }

  /** Forgets what is not complete; resolves when nothing is being written any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#drop();
    await this.#givenUp;
  }

  #givesWayTo(incoming: Incoming, index: LogIndex): boolean {
    // Being installed: the engine decides about it first.
    if (incoming.finishing) return false;
    return index > incoming.index || this.#route.now() - incoming.progressAt >= this.#patienceMs;
  }

  #begin(source: Source, { index, totalBytes, context }: Chunk): Incoming {
    const incoming: Incoming = {
      ...source,
      index,
      totalBytes,
      context,
      writer: undefined,
      next: 0,
      written: 0,
      progressAt: this.#route.now(),
      work: Promise.resolve(),
      finishing: false,
    };
    this.#incoming = incoming;
    this.#do(incoming, async () => {
      incoming.writer = await this.#snapshots.stage();
    });
    return incoming;
  }

  #take(incoming: Incoming, chunk: Chunk): void {
    if (incoming.finishing) return;
    if (chunk.offset !== incoming.next) {
      this.#ack(incoming, incoming.written, 'more');
      return;
    }
    const unwritten = incoming.next - incoming.written;
    // Faster than the disk and than its window allows: it will come again.
    if (unwritten > 0 && unwritten + chunk.bytes.length > this.#maxUnwrittenBytes) return;
    incoming.next += chunk.bytes.length;
    incoming.progressAt = this.#route.now();
    const last = incoming.next === incoming.totalBytes;
    if (last) incoming.finishing = true;
    this.#do(incoming, async () => {
      await incoming.writer?.write(chunk.bytes);
      incoming.written += chunk.bytes.length;
      if (last) await this.#finish(incoming);
      else this.#ack(incoming, incoming.written, 'more');
    });
  }

  async #finish(incoming: Incoming): Promise<void> {
    const { writer } = incoming;
    if (writer === undefined) return;
    await writer.finish();
    const installed = await this.#route.install(
      { id: writer.id, index: incoming.index },
      incoming.context,
    );
    if (!installed) await writer.abort();
    if (this.#incoming === incoming) this.#incoming = undefined;
    // Refused means that it was not needed any more, or no use: then the leader tries another way.
    const state = installed || incoming.index <= this.#route.decided() ? 'done' : 'refused';
    this.#ack(incoming, incoming.totalBytes, state);
  }

  #do(incoming: Incoming, work: () => Promise<void>): void {
    incoming.work = incoming.work
      .then(async () => {
        if (this.#incoming === incoming) await work();
      })
      .catch((error: unknown) => {
        if (this.#incoming === incoming) this.#incoming = undefined;
        this.#route.failed(error);
      });
  }

  #drop(): void {
    const incoming = this.#incoming;
    if (incoming === undefined) return;
    this.#incoming = undefined;
    // What cannot be removed now is removed when the storage is opened next.
    const over = incoming.work.then(() => incoming.writer?.abort()).catch(() => undefined);
    this.#givenUp = Promise.all([this.#givenUp, over]);
  }

  #ack({ from, run, transfer }: Source, offset: number, state: AckState): void {
    this.#route.send(from, { type: 'ack', target: run, transfer, offset, state });
  }
}

function isSame(left: Source, right: Source): boolean {
  return left.from === right.from && left.run === right.run && left.transfer === right.transfer;
}
