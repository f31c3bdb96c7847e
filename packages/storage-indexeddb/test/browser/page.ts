/** The page that the test drives. */
import { equalBytes } from '@quorate/core';
import type { IndexedDbStorage } from '../../src/index.ts';
import { acknowledged, type OpenOutcome, type PageApi, type SuiteResult } from './protocol.ts';
import { codeOf, openStorage, recordAt, snapshotContent } from './records.ts';

let storage: IndexedDbStorage | undefined;
let last = 0;

function opened(): IndexedDbStorage {
  if (storage === undefined) throw new Error('no storage is open in this page');
  return storage;
}

/** The first message of a worker. */
function hear<Message>(script: string, tell?: string): Promise<Message> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, { type: 'module' });
    worker.onmessage = ({ data }: MessageEvent<Message>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    if (tell !== undefined) worker.postMessage(tell);
  });
}

async function appendOne(): Promise<number> {
  const index = last + 1;
  await opened().write([{ type: 'put', index, record: recordAt(index) }]);
  last = index;
  return index;
}

const page: PageApi = {
  runSuite: () => hear<readonly SuiteResult[]>('/suite.worker.js'),
  open: async (name, locks) => {
    const { outcome, storage: made } = await openStorage(name, locks);
    storage = made;
    last = 'records' in outcome ? (outcome.records?.last ?? 0) : 0;
    return outcome;
  },
  openInWorker: (name) => hear<OpenOutcome>('/open.worker.js', name),
  append: async (count) => {
    try {
      for (let done = 0; done < count; done++) await appendOne();
      return last;
    } catch (error) {
      return codeOf(error);
    }
  },
  appendForEver: () => {
    void (async () => {
      for (;;) console.log(`${acknowledged}${String(await appendOne())}`);
    })();
  },
  publish: async (bytes) => {
    const writer = await opened().snapshots.stage();
    await writer.write(snapshotContent(bytes));
    await writer.finish();
    await opened().write([
      { type: 'snapshot', id: writer.id, index: last, context: new Uint8Array() },
      { type: 'dropBefore', index: last },
    ]);
  },
  readAll: async () => {
    const records = await opened().read(1, 2 ** 40, 2 ** 30);
    const wrong = records.find(({ index, record }) => record[99] !== recordAt(index)[99]);
    if (wrong !== undefined) throw new Error(`record ${String(wrong.index)} is another one`);
    let snapshotBytes = 0;
    const current = opened().snapshots.current();
    if (current !== undefined) {
      const content = snapshotContent(current.bytes);
      const reader = await opened().snapshots.read(current.id);
      for (;;) {
        const piece = await reader.read(snapshotBytes, 100_000);
        if (piece.length === 0) break;
        const expected = content.subarray(snapshotBytes, snapshotBytes + piece.length);
        if (!equalBytes(piece, expected)) throw new Error('the snapshot is another one');
        snapshotBytes += piece.length;
      }
      await reader.close();
    }
    return { indexes: records.map(({ index }) => index), snapshotBytes };
  },
  read: async () => {
    try {
      await opened().read(1, 10, 1000);
      return undefined;
    } catch (error) {
      return codeOf(error);
    }
  },
  close: async () => {
    await storage?.close();
    storage = undefined;
  },
};

globalThis.storagePage = page;
