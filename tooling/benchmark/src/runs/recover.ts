/**
 * `recover`: how long a storage takes to open after its process was killed in the middle of a write,
 * and how much memory. Opened by a fresh process that does nothing else, each time on a copy of what
 * the killed one left.
 */
import { cp, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measurement } from '../results/measurement.ts';
import { durableStorageNames } from '../storages.ts';
import type { Benchmark, Context } from './bench.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

/** Far more than the slowest disk needs for a write. */
const fillMsPerWrite = 100;
/** Far less than any storage goes through. */
const entriesPerMs = 10;

/** The benchmark. */
export const recover: Benchmark = {
  summary: 'opening a storage after a kill -9: seconds, memory, bytes on disk',
  variants: ['killed'],
  // Entries of the writes that filled it.
  windows: [16, 1024],
  storages: { known: durableStorageNames, usual: durableStorageNames },
  async run(context) {
    const { storages, valueBytes, windows } = context.settings;
    const matches: Match[] = [];
    for (const clients of windows) {
      const contestants: Contestant[] = [];
      for (const name of storages) {
        context.progress(`killed, ${clients} in a write, ${name}: filling`);
        const left = await leave(context, name, clients);
        contestants.push({
          ...{ algorithm: null, name, row: { storage: name } },
          measure: () => openCopy(context, name, left),
        });
      }
      matches.push({
        subject: {
          ...{ bench: 'recover', variant: 'killed', operation: 'open', connections: 0 },
          ...{ clients, valueBytes },
        },
        contestants,
      });
    }
    return interleave(matches, context);
  },
};

/** Fills a storage, kills its process while it goes on writing, and gives the folder. */
async function leave({ settings, stage }: Context, name: string, batch: number): Promise<string> {
  const { entries, valueBytes } = settings;
  const directory = await stage.folder();
  const journal = { name, directory, valueBytes, mostEntries: batch };
  const { worker } = await stage.worker({ kind: 'journal', journal });
  const writes = Math.ceil(entries / batch);
  await worker.fill({ entries, batch, goOn: true }, writes * fillMsPerWrite);
  worker.kill();
  await worker.close();
  return directory;
}

async function openCopy(context: Context, storage: string, left: string): Promise<Measurement> {
  const { settings, stage } = context;
  const { entries, valueBytes } = settings;
  const directory = await stage.folder();
  await copyFolder(left, directory);
  const opening = { storage, directory, valueBytes, entries };
  const { worker } = await stage.worker({ kind: 'opening', opening });
  const task = { clients: 1, seconds: 0, warmUpSeconds: 0 };
  const measurement = await worker.measure(task, entries / entriesPerMs);
  await worker.close();
  await stage.discard(directory);
  return measurement;
}

/** Copies a folder durably: what is not on the disk yet would have to be written by whoever syncs next. */
async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true });
  for (const entry of await readdir(to, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = await open(join(entry.parentPath, entry.name), 'r+');
    await file.sync();
    await file.close();
  }
}
