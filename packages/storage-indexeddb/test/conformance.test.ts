/** Storage on IndexedDB passes the suite of all storages, on a machine that can lose power. */
import { storageSuite } from '@quorate/conformance/storage';
import { describe, it } from 'vitest';
import { MachinePlace } from './harness/place.ts';

storageSuite({
  framework: { describe, it },
  name: 'indexeddb',
  create: async (seed) => new MachinePlace(seed),
  // A browser says of a transaction that it is durable or that it failed; there is no sync to fail alone.
  without: ['failNextSync', 'kill'],
});
