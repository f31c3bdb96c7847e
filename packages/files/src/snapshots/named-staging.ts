/**
 * What is staged under a name: one at a time, and taken up again where its file still is, by another
 * writer or by another process.
 */
import type { SnapshotId } from '@quorate/core';
import type { FileSystem } from '../file-system.ts';
import { newestPartial, type Partial, partialName } from './file-names.ts';
import { SnapshotFileWriter } from './snapshot-file.ts';
import type { StoredWriter } from './writer.ts';

/** What the staging needs of the store that it is part of. */
export interface StagingSetup {
  readonly files: FileSystem;
  readonly folder: string;
  /** @throws ClosedError or StorageFailedError unless the storage is open and well. */
  check(): void;
  nextId(): SnapshotId;
  /** Makes a writer on a file that is still to be opened. */
  make(partial: Partial, open: () => Promise<SnapshotFileWriter>): Promise<StoredWriter>;
  /** Removes a file in the background. */
  remove(fileName: string): void;
}

/** The staging under names of one store. */
export class NamedStaging {
  readonly #setup: StagingSetup;
  #partial: Partial | undefined;
  /** Whoever writes it. */
  #writer: StoredWriter | undefined;
  /** The one that a former process left, as long as it has not been taken up. */
  #inherited: SnapshotId | undefined;
  /** One is begun after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(setup: StagingSetup) {
    this.#setup = setup;
  }

  /** Name of the file of what can be taken up again. */
  get fileName(): string | undefined {
    return this.#partial === undefined ? undefined : partialName(this.#partial);
  }

  /** Looks among the files of a folder for what a former process left. */
  adopt(fileNames: readonly string[]): void {
    this.#partial = newestPartial(fileNames);
    this.#inherited = this.#partial?.id;
  }

  /** Goes on with what was staged under this name, or begins. */
  stage(name: string): Promise<StoredWriter> {
    const staging = this.#last.then(() => this.#stage(name));
    this.#last = staging.catch(() => undefined);
    return staging;
  }

  /** It was finished or forgotten: the next one begins anew. */
  ended(id: SnapshotId): void {
    if (this.#partial?.id === id) this.#partial = undefined;
  }

  /** Waits for what is being begun. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #stage(name: string): Promise<StoredWriter> {
    this.#setup.check();
    const before = this.#writer;
    this.#writer = undefined;
    await before?.takeOver();
    const found = this.#partial;
    if (found !== undefined && found.name !== name) {
      this.#partial = undefined;
      this.#setup.remove(partialName(found));
    }
    const resumed = found?.name === name ? found : undefined;
    const partial = resumed ?? { id: this.#setup.nextId(), name };
    const writer = await this.#setup.make(partial, () =>
      resumed === undefined ? this.#begin(partial) : this.#resume(partial),
    );
    this.#partial = partial;
    this.#writer = writer;
    return writer;
  }

  async #begin(partial: Partial): Promise<SnapshotFileWriter> {
    const { files, folder } = this.#setup;
    const file = await SnapshotFileWriter.create(files, this.#path(partial), partial.id);
    try {
      // Without its name a power loss would take all of it, and not the last bytes alone.
      await files.syncFolder(folder);
    } catch (error) {
      await file.close();
      this.#setup.remove(partialName(partial));
      throw error;
    }
    return file;
  }

  async #resume(partial: Partial): Promise<SnapshotFileWriter> {
    const { id } = partial;
    const rewrite = this.#inherited === id;
    const { files } = this.#setup;
    const file = await SnapshotFileWriter.resume(files, this.#path(partial), id, rewrite);
    this.#inherited = undefined;
    return file;
  }

  #path(partial: Partial): string {
    return `${this.#setup.folder}/${partialName(partial)}`;
  }
}
