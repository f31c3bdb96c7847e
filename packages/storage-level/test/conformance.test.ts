/** Storage on LevelDB passes the suite of all storages. */
import { storageSuite } from '@quorate/conformance/storage';
import { seededRandom } from '@quorate/core';
import { describe, it } from 'vitest';
import { TestFolder } from './harness.ts';

let seed = 0;

storageSuite({
  framework: { describe, it },
  name: 'level',
  create: async () => new TestFolder(seededRandom(++seed)),
  runs: 40,
});
