/**
 * Takes snapshots of the applied state: on demand, and when enough of the log has been applied
 * since the last one. The content is written aside while deliveries go on; the engine's write then
 * makes it visible and trims the log in one atomic step.
 */
import { ClosedError, type LogIndex, type SnapshotStore, type StagedSnapshot } from '@quorate/core';

/** What the taker needs from its driver. */
export interface SnapshotTakerRoute {
  /** The state as of the call. */
  snapshot(): { readonly index: LogIndex; readonly chunks: AsyncIterable<Uint8Array> };
  /** Asks the engine to publish it and to trim; resolves with whether it did. */
  compact(snapshot: StagedSnapshot): Promise<boolean>;
  applied(): LogIndex;
  taken(index: LogIndex, bytes: number): void;
  failed(error: unknown): void;
}

/** Takes one snapshot at a time. */
export class SnapshotTaker {
  readonly #route: SnapshotTakerRoute;
  readonly #snapshots: SnapshotStore;
  readonly #dueBytes: number;
  #bytes = 0;
  #running: Promise<LogIndex> | undefined;
  #stopped = false;

  /** @param dueBytes bytes of applied records that make the next snapshot due. */
  constructor(route: SnapshotTakerRoute, snapshots: SnapshotStore, dueBytes: number) {
    this.#route = route;
    this.#snapshots = snapshots;
    this.#dueBytes = dueBytes;
  }

  /** Counts records that were applied, and takes a snapshot when enough have come together. */
  applied(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < this.#dueBytes || this.#running !== undefined) return;
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
        for await (const chunk of chunks) {
          this.#checkOpen();
          await writer.write(chunk);
        }
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

  #checkOpen(): void {
    if (this.#stopped) throw new ClosedError('the log is closed; the snapshot was given up');
  }
}
