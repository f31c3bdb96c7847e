/**
 * Backups of a node that runs: the state as of now, out of its own storage.
 */
import {
  CompactedError,
  OverloadedError,
  type SnapshotReader,
  type SnapshotStore,
  UnavailableError,
} from '@quorate/core';
import { kv } from '@quorate/machine-kv';
import type { ReadCallOptions } from '../http/params.ts';
import type { KvReplica } from '../http/context.ts';
import type { StreamBody } from '../http/reply.ts';
import { version } from '../version.ts';
import { backupBytes, type BackupHeader, machineName } from './format.ts';
import { writeBackup } from './writer.ts';

/** What {@link Backups} needs. */
export interface BackupsSetup {
  readonly replica: Pick<KvReplica, 'node' | 'status' | 'read' | 'snapshot'>;
  readonly snapshots: Pick<SnapshotStore, 'current' | 'read'>;
  readonly algorithm: string;
  readonly now?: () => Date;
}

/** A backup on its way out. */
export interface OpenBackup {
  readonly header: BackupHeader;
  /** Holds the snapshot in place until it is closed. */
  readonly stream: StreamBody;
}

/** Each keeps a snapshot from being removed, and reads it from the disk. */
const maxOpenBackups = 4;
/** Others may take snapshots at the same time, which come in between. */
const maxTries = 8;

/** Makes them. */
export class Backups {
  readonly #setup: BackupsSetup;
  #open = 0;

  constructor(setup: BackupsSetup) {
    this.#setup = setup;
  }

  /**
   * Opens one. Everything that was acknowledged before the call is in it, unless a `local` one is wanted:
   * that has what this node has applied.
   *
   * @throws OverloadedError if too many are open.
   * @throws UnavailableError if there is nothing yet.
   * @throws QuorateError of the read that finds out what has to be in it.
   */
  async open(options: ReadCallOptions): Promise<OpenBackup> {
    if (this.#open >= maxOpenBackups) {
      throw new OverloadedError(
        `${String(maxOpenBackups)} backups are being taken here already; wait for one, or ask another node`,
      );
    }
    this.#open += 1;
    try {
      const snapshot = await this.#snapshot(options);
      return this.#opened(snapshot);
    } catch (error) {
      this.#open -= 1;
      throw error;
    }
  }

  #opened(snapshot: SnapshotReader): OpenBackup {
    const { replica, algorithm, now = () => new Date() } = this.#setup;
    const { index, bytes, checksum } = snapshot.info;
    const header: BackupHeader = {
      cluster: replica.status.cluster,
      node: replica.node,
      algorithm,
      machine: machineName,
      program: version,
      time: now().toISOString(),
      index,
      bytes,
      checksum,
    };
    let closing: Promise<void> | undefined;
    const close = async (): Promise<void> => {
      this.#open -= 1;
      await snapshot.close();
    };
    return {
      header,
      stream: {
        bytes: backupBytes(header),
        chunks: () => writeBackup(header, snapshot),
        close: () => (closing ??= close()),
      },
    };
  }

  async #snapshot(options: ReadCallOptions): Promise<SnapshotReader> {
    const { replica, snapshots } = this.#setup;
    const { consistency, signal } = options;
    // Any read will do: once it is answered, everything that was acknowledged before is applied here.
    if (consistency !== 'local') await replica.read(kv.get('any'), options);
    const wanted = replica.status.appliedIndex;
    for (let tries = 0; tries < maxTries && wanted > 0; tries++) {
      if ((snapshots.current()?.index ?? 0) < wanted) await replica.snapshot({ signal });
      const current = snapshots.current();
      // The one that was taken may have been begun before.
      if (current === undefined || current.index < wanted) continue;
      try {
        return await snapshots.read(current.id);
      } catch (error) {
        // Another one took its place in this very moment.
        if (!(error instanceof CompactedError)) throw error;
      }
    }
    throw new UnavailableError(
      wanted === 0
        ? 'this node has applied nothing yet, so there is nothing to back up; ask another one'
        : 'this node has come to no snapshot; ask again, or another one',
    );
  }
}
