/**
 * Every storage that compositions run on, one line each: as disks, which outlive the nodes on them.
 */
import { join } from 'node:path';
import { type NodeId, type Storage, StorageFailedError } from '@quorate/core';
import { fileStorage } from '@quorate/storage-file';
import { levelStorage } from '@quorate/storage-level';
import { memoryDisk } from '@quorate/storage-memory';

/** Where the data of one node lies, through all of its lives. */
export interface Disk {
  storage(): Storage;
  /** The process of the node dies: from here on nothing that it writes arrives. */
  crash(): void;
}

/**
 * A segment is filled with zeros, and synced, before the first write: at the usual size a test of some hundred
 * small writes would be one of a gigabyte. So small, a log goes through several of them too.
 */
const segmentBytes = 64 * 1024;

/** A storage to test with. */
export interface TestedStorage {
  readonly name: string;
  /** @param folder of this group, which is there. */
  disk(folder: string, node: NodeId): Disk;
}

export const storages: readonly TestedStorage[] = [
  { name: 'memory', disk: () => memoryDisk() },
  {
    name: 'file',
    disk: (folder, node) =>
      mortal(() => fileStorage({ directory: join(folder, node), segmentBytes })),
  },
  {
    name: 'level',
    disk: (folder, node) => mortal(() => levelStorage({ directory: join(folder, node) })),
  },
];

/** A disk that can be cut off from its node, on a storage that knows no such thing. */
function mortal(make: () => Storage): Disk {
  let cutOff = (): void => undefined;
  return {
    storage: () => {
      const base = make();
      let alive = true;
      cutOff = () => {
        alive = false;
      };
      const checkAlive = (): void => {
        if (!alive) throw new StorageFailedError('the process is dead (simulated)');
      };
      return {
        snapshots: base.snapshots,
        open: (owner) => base.open(owner),
        read: (from, to, maxBytes) => base.read(from, to, maxBytes),
        write: async (ops) => {
          checkAlive();
          await base.write(ops);
          // It may be durable, but nobody hears of it any more.
          checkAlive();
        },
        close: () => base.close(),
      };
    },
    crash: () => {
      cutOff();
    },
  };
}
