/** A snapshot while it is written. */
import { ClosedError, type SnapshotId, type SnapshotWriter } from '@quorate/core';
import { failed } from './errors.ts';
import type { SnapshotFileWriter } from './snapshot-file.ts';
import type { SnapshotFiles } from './snapshot-store.ts';

/** What a writer is made of. */
export interface StoredWriterParts {
  readonly id: SnapshotId;
  readonly file: SnapshotFileWriter;
  /** Under which it can be taken up again. */
  readonly name: string | undefined;
}

/** Writes one snapshot into its file. */
export class StoredWriter implements SnapshotWriter {
  readonly id: SnapshotId;
  readonly name: string | undefined;
  readonly #store: SnapshotFiles;
  readonly #file: SnapshotFileWriter;
  #bytes: number;
  #phase: 'writing' | 'finished' | 'failed' | 'closed' | 'taken over' | 'aborted' = 'writing';
  /** The step under way; steps follow each other in the order of the calls. */
  #step: Promise<void> = Promise.resolve();
  #released: Promise<void> | undefined;
  #aborted: Promise<void> | undefined;

  constructor(store: SnapshotFiles, { id, file, name }: StoredWriterParts) {
    this.id = id;
    this.name = name;
    this.#store = store;
    this.#file = file;
    this.#bytes = file.bytes;
    store.opened(this);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get checksum(): number {
    return this.#file.checksum;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#checkWriting();
    this.#bytes += chunk.length;
    await this.#next(() => this.#file.write(chunk));
  }

  async finish(): Promise<void> {
    this.#checkWriting();
    this.#phase = 'finished';
    await this.#next(async () => {
      await this.#file.finish();
      this.#store.released(this);
      await this.#store.finished(this);
    });
  }

  async close(): Promise<void> {
    // Finished or failed, there is nothing that could be taken up again.
    if (this.name === undefined || this.#phase === 'finished' || this.#phase === 'failed') {
      await this.abort();
    } else {
      await this.release();
    }
  }

  abort(): Promise<void> {
    this.#aborted ??= this.#abort();
    return this.#aborted;
  }

  /** Lets go of the file, and keeps what is in it. */
  async release(): Promise<void> {
    if (this.#phase === 'writing') this.#phase = 'closed';
    await this.#letGo();
  }

  /** Lets go of what it has not finished: it belongs to another writer from now on. */
  async takeOver(): Promise<void> {
    if (this.#phase === 'writing' || this.#phase === 'closed') this.#phase = 'taken over';
    await (this.#aborted ?? this.#letGo());
  }

  async #abort(): Promise<void> {
    const forgets = this.#phase !== 'taken over';
    this.#phase = 'aborted';
    await this.#letGo();
    if (forgets) await this.#store.forget(this);
  }

  #letGo(): Promise<void> {
    this.#released ??= this.#step
      .catch(() => undefined)
      .then(() => this.#file.close())
      .catch(() => undefined)
      .then(() => {
        this.#store.released(this);
      });
    return this.#released;
  }

  /** After a step that failed every later one fails too: a sync is not retried, nor a gap left. */
  async #next(run: () => Promise<void>): Promise<void> {
    this.#step = this.#step.then(run);
    try {
      await this.#step;
    } catch (cause) {
      if (this.#phase !== 'aborted') {
        this.#phase = 'failed';
        // The kernel may call pages clean that it lost: what is there is not to be built upon.
        await Promise.all([this.#letGo(), this.#store.forget(this)]);
      }
      throw failed(`snapshot ${this.id} cannot be written`, cause);
    }
  }

  #checkWriting(): void {
    this.#store.check();
    if (this.#phase !== 'writing') {
      throw new ClosedError(`snapshot ${this.id} is ${this.#phase}; stage another one`);
    }
  }
}
