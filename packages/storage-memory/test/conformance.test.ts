/** Storage in memory passes the suite of all storages. */
import { storageSuite, type StorageHarness } from '@quorate/conformance/storage';
import { seededRandom } from '@quorate/core';
import { describe, it } from 'vitest';
import { memoryDisk, type MemoryDiskOptions } from '../src/index.ts';

function harness(options: MemoryDiskOptions): StorageHarness {
  const disk = memoryDisk({ maxRecordBytes: 2 ** 20, ...options });
  return {
    storage: () => disk.storage(),
    crash: async () => {
      disk.crash();
    },
    failNextWrite: async () => {
      disk.failWrite();
    },
    damageRecord: async (index) => {
      disk.damage(index);
    },
    syncs: () => disk.counters.syncs,
    maxRecordBytes: 2 ** 20,
    remove: async () => undefined,
  };
}

let seed = 0;

storageSuite({
  framework: { describe, it },
  name: 'memory, durable at once',
  without: ['damageSnapshot', 'storedSnapshots'],
  create: async () => harness({}),
});

storageSuite({
  framework: { describe, it },
  name: 'memory, with a disk that takes its time',
  without: ['damageSnapshot', 'storedSnapshots'],
  create: async () => harness({ latencyMs: [0.1, 1], random: seededRandom(++seed) }),
});
