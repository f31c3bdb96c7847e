/**
 * `storage`: every storage alone, between what the disk can do and what LevelDB does by itself. One
 * write at a time, of more and more entries.
 */
import { type Comparison, nameOf } from '../results/row.ts';
import { storageNames } from '../storages.ts';
import { rawNames } from '../subjects/journal-load.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import type { Benchmark, Context } from './bench.ts';
import { warmUpShare } from './replicas.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

/** Entries of a write while a log is filled: as fast as it goes. */
const fillBatch = 1024;
/** Far more than the slowest disk needs for a write. */
const fillMsPerWrite = 100;

const comparisons: readonly Comparison[] = [
  { to: rawNames.append, of: 'speed' },
  { to: rawNames.level, of: 'speed' },
];

/** The benchmark. */
export const storage: Benchmark = {
  summary: 'storages alone, between a raw synced append and classic-level',
  variants: ['append'],
  windows: [1, 16, 256, 1024],
  storages: { known: storageNames, usual: storageNames },
  async run(context) {
    const { seconds, valueBytes, windows } = context.settings;
    const logs = await startAll(context);
    const matches = windows.map(
      (clients): Match => ({
        subject: {
          ...{ bench: 'storage', variant: 'append', operation: 'write', connections: 0 },
          ...{ clients, valueBytes },
        },
        contestants: logs.map(
          ({ worker, ...log }): Contestant => ({
            ...log,
            measure: () =>
              worker.measure({ clients, seconds, warmUpSeconds: seconds * warmUpShare }),
          }),
        ),
        comparisons,
      }),
    );
    return interleave(matches, context);
  },
};

interface Log extends Omit<Contestant, 'measure'> {
  readonly worker: WorkerProcess;
}

/** Each in a process of its own, one after the other: filling is work for the disk. */
async function startAll(context: Context): Promise<readonly Log[]> {
  const { settings, stage, progress } = context;
  const { entries, storages, valueBytes, windows } = settings;
  const mostEntries = Math.max(fillBatch, ...windows);
  const logs: Log[] = [];
  for (const name of [rawNames.append, rawNames.level, ...storages]) {
    const log = { algorithm: null, name, row: { storage: name } };
    progress(`${nameOf(log) ?? ''}: starting`);
    const directory = await stage.folder();
    const journal = { name, directory, valueBytes, mostEntries };
    const { worker } = await stage.worker({ kind: 'journal', journal });
    if (name !== rawNames.append && name !== 'memory') {
      const writes = Math.ceil(entries / fillBatch);
      await worker.fill({ entries, batch: fillBatch, goOn: false }, writes * fillMsPerWrite);
    }
    logs.push({ ...log, worker });
  }
  return logs;
}
