/** Storage on LevelDB passes the suite of all storages. */
import { storageSuite } from '@quorate/conformance/storage';
import { describe, it } from 'vitest';
import { LevelPlace } from './harness/place.ts';

storageSuite({
  framework: { describe, it },
  name: 'level',
  create: async (seed) => new LevelPlace(seed),
  runs: 20,
  // Each run draws others. All of them take minutes: LevelDB opens and closes slowly.
  crashPoints: { sample: 6 },
  flips: { sample: 15 },
});
