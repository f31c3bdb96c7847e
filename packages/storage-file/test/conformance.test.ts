/** Storage on files passes the suite of all storages, on a simulated disk and on the real file system. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storageSuite } from '@quorate/conformance/storage';
import { describe, it } from 'vitest';
import { type FileStorage, fileStorage } from '../src/index.ts';
import { SimulatedPlace } from './harness.ts';

storageSuite({
  framework: { describe, it },
  name: 'file, on a simulated disk',
  create: async (seed) => new SimulatedPlace(seed),
});

storageSuite({
  framework: { describe, it },
  name: 'file, on the real file system',
  create: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'quorate-file-'));
    let last: FileStorage | undefined;
    return {
      storage: (options) =>
        (last = fileStorage({
          directory,
          segmentBytes: 64 * 1024,
          maxRecordBytes: 2 ** 21,
          ...options,
        })),
      syncs: () => last?.counters.syncs ?? 0,
      storedSnapshots: async () => (await readdir(join(directory, 'snapshots'))).length,
      maxRecordBytes: 2 ** 21,
      remove: () => rm(directory, { recursive: true }),
    };
  },
  runs: 5,
  // A real disk loses power, fails and rots in tooling/faults; here the simulated one does.
  without: [
    'crash',
    'operations',
    'crashAt',
    'crashed',
    'failNextWrite',
    'failNextSync',
    'kill',
    'damageRecord',
    'damageSnapshot',
    'storedBytes',
    'flipBit',
  ],
});
