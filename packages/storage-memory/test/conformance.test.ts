/** Storage in memory passes the suite of all storages. */
import { type StorageHarness, storageSuite } from '@quorate/conformance/storage';
import { seededRandom } from '@quorate/core';
import { describe, it } from 'vitest';
import { memoryDisk, type MemoryDiskOptions } from '../src/index.ts';

function harness(options: MemoryDiskOptions): StorageHarness {
  const disk = memoryDisk({ maxRecordBytes: 2 ** 20, ...options });
  return {
    storage: (storageOptions) => disk.storage(storageOptions),
    crash: async () => {
      disk.crash();
    },
    operations: () => disk.operations,
    crashAt: (nth, loss) => {
      disk.crashAt(nth, loss);
    },
    crashed: () => disk.crashed,
    failNextWrite: async () => {
      disk.failWrite();
    },
    failNextSync: async () => {
      disk.failWrite();
    },
    kill: async () => {
      disk.crash({ keep: Infinity });
    },
    damageRecord: async (index) => {
      disk.damage(index);
    },
    syncs: () => disk.counters.syncs,
    storedSnapshots: async () => disk.storedSnapshots,
    maxRecordBytes: 2 ** 20,
    remove: async () => undefined,
  };
}

storageSuite({
  framework: { describe, it },
  name: 'memory, durable at once',
  without: ['damageSnapshot', 'storedBytes', 'flipBit'],
  create: async () => harness({}),
});

storageSuite({
  framework: { describe, it },
  name: 'memory, with a disk that takes its time',
  without: ['damageSnapshot', 'storedBytes', 'flipBit'],
  create: async (seed) => harness({ latencyMs: [0.1, 1], random: seededRandom(seed) }),
});
