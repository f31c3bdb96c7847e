/**
 * The suite of all storages, in a worker of a real browser.
 *
 * A harness here can neither lose power nor damage anything, and makes no write fail: that is done on
 * a simulated machine, in `conformance.test.ts`.
 */
import {
  type StorageHarness,
  storageSuite,
  type TestFramework,
} from '@quorate/conformance/storage';
import { indexedDbStorage, type IndexedDbStorage } from '../../src/index.ts';
import type { SuiteResult } from './protocol.ts';

interface Test {
  readonly name: string;
  readonly body: () => Promise<void>;
}

/** As much of a test framework as the suite asks for. */
class Collector implements TestFramework {
  readonly tests: Test[] = [];
  readonly #groups: string[] = [];

  describe(name: string, body: () => void): void {
    this.#groups.push(name);
    body();
    this.#groups.pop();
  }

  it(name: string, body: () => Promise<void>): void {
    this.tests.push({ name: [...this.#groups, name].join(' > '), body });
  }
}

let places = 0;

function createPlace(): StorageHarness {
  const name = `suite-${String(++places)}`;
  let last: IndexedDbStorage | undefined;
  return {
    maxRecordBytes: 2 ** 20,
    storage: (options) => {
      last = indexedDbStorage({
        name,
        maxRecordBytes: 2 ** 20,
        // What it takes by itself, said aloud: the browser's own objects fit.
        indexedDB,
        keyRanges: IDBKeyRange,
        locks: navigator.locks,
        ...options,
      });
      return last;
    },
    syncs: () => last?.counters.syncs ?? 0,
    storedSnapshots: () => countSnapshots(name),
    remove: () => deleteDatabase(name),
  };
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error ?? new Error('cannot delete'));
    request.onblocked = () => reject(new Error('a storage is still open'));
  });
}

/** Looks into the database beside the storage that is open. */
function countSnapshots(name: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(name);
    opening.onerror = () => reject(opening.error ?? new Error('cannot open'));
    opening.onsuccess = () => {
      const database = opening.result;
      const reading = database.transaction('chunks');
      const keys = reading.objectStore('chunks').getAllKeys();
      // Not before: with a transaction under way it stays open, and blocks whoever deletes it next.
      reading.oncomplete = () => {
        database.close();
        resolve(new Set(keys.result.flatMap((key) => (Array.isArray(key) ? [key[0]] : []))).size);
      };
    };
  });
}

const framework = new Collector();
storageSuite({
  framework,
  name: 'indexeddb in a browser',
  create: async () => createPlace(),
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
  runs: 5,
});

/** Tests that are under way together: most of their time goes into waiting for the disk. */
const testsAtOnce = 6;

async function runNext(tests: Test[], results: SuiteResult[]): Promise<void> {
  for (let test = tests.shift(); test !== undefined; test = tests.shift()) {
    let failure: string | undefined;
    try {
      await test.body();
    } catch (error) {
      failure = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    results.push({ name: test.name, failure });
  }
}

const results: SuiteResult[] = [];
const tests = [...framework.tests];
await Promise.all(Array.from({ length: testsAtOnce }, () => runNext(tests, results)));
postMessage(results);
