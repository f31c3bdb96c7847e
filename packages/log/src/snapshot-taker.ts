/**
 * Takes snapshots of the applied state: on demand, and when enough of the log has been applied
 * since the last one. The content is written aside while deliveries go on; the engine's write then
 * makes it visible and trims the log in one atomic step. However large it is, it is written in pieces,
 * one a turn of the event loop and not faster than the throttle lets them pass.
 */
import {
  ClosedError,
  type LogIndex,
  type SnapshotStore,
  type SnapshotWriter,
  type StagedSnapshot,
} from '@quorate/core';
import type { LogLimits } from './options.ts';

/** What the taker needs from its driver. */
export interface SnapshotTakerRoute {
  /** The state as of the call. */
  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> };
  /** Asks the engine to publish it and to trim; resolves with whether it did. */
  compact(snapshot: StagedSnapshot): Promise<boolean>;
  applied(): LogIndex;
  /** Waits until so many bytes may be written. */
  pass(bytes: number): Promise<void>;
  taken(index: LogIndex, bytes: number): void;
  failed(error: unknown): void;
}

/** Takes one snapshot at a time. */
export class SnapshotTaker {
  readonly #route: SnapshotTakerRoute;
  readonly #snapshots: SnapshotStore;
  readonly #limits: LogLimits;
  #bytes = 0;
  #running: Promise<LogIndex> | undefined;
  #stopped = false;

  constructor(route: SnapshotTakerRoute, snapshots: SnapshotStore, limits: LogLimits) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#limits = limits;
  }

  /** Counts records that were applied, and takes a snapshot when enough have come together. */
  applied(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#limits.snapshotLogBytes || this.#running !== undefined) return;
    const last = this.#snapshots.current()?.bytes ?? 0;
    if (this.#bytes < last * this.#limits.snapshotLogFactor) return;
    // A failure was reported where it happened.
    this.take().catch(() => undefined);
  }

  /** Takes a snapshot now, or waits for the one under way. Resolves with the index it covers. */
  take(): Promise<LogIndex> {
    this.#running ??= this.#take().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Gives up what is under way, and waits until it has let go of the storage. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#running?.catch(() => undefined);
  }

  async #take(): Promise<LogIndex> {
    const current = this.#snapshots.current()?.index ?? 0;
    this.#checkOpen();
    if (this.#route.applied() <= current) return current;
    this.#bytes = 0;
    try {
      // The state first: staging takes its time, and deliveries go on meanwhile.
      const { index, chunks } = this.#route.snapshot();
      const writer = await this.#snapshots.stage();
      try {
        for await (const chunk of chunks) await this.#write(writer, chunk);
        await writer.finish();
      } catch (error) {
        // What cannot be removed now is removed when the storage is opened next.
        await writer.abort().catch(() => undefined);
        throw error;
      }
      const { bytes } = writer;
      if (await this.#route.compact({ id: writer.id, index })) {
        this.#route.taken(index, bytes);
        return index;
      }
      await writer.abort();
      this.#checkOpen();
      // A snapshot of another node overtook this one.
      return this.#snapshots.current()?.index ?? 0;
    } catch (error) {
      if (!this.#stopped) this.#route.failed(error);
      throw error;
    }
  }

  async #write(writer: SnapshotWriter, chunk: Uint8Array): Promise<void> {
    const { snapshotChunkBytes } = this.#limits;
    for (let at = 0; at < chunk.length; at += snapshotChunkBytes) {
      const piece = chunk.subarray(at, at + snapshotChunkBytes);
      this.#checkOpen();
      await this.#route.pass(piece.length);
      this.#checkOpen();
      await writer.write(piece);
    }
  }

  #checkOpen(): void {
    if (this.#stopped) throw new ClosedError('the log is closed; the snapshot was given up');
  }
}
