import { storageSuite } from '@quorate/conformance/storage';
import { memoryDisk } from '@quorate/storage-memory';
import { describe, it } from 'vitest';

storageSuite({
  framework: { describe, it },
  name: 'storage-memory',
  without: ['damageSnapshot', 'storedSnapshots'],
  create: async () => {
    const maxRecordBytes = 1024 * 1024;
    const disk = memoryDisk({ maxRecordBytes });
    return {
      storage: () => disk.storage(),
      crash: async () => disk.crash(),
      failNextWrite: async () => disk.failWrite(),
      damageRecord: async (index) => disk.damage(index),
      syncs: () => disk.counters.syncs,
      maxRecordBytes,
      remove: async () => undefined,
    };
  },
});
