/**
 * `engine`: three engines of each algorithm alone, without IO, codecs or a machine. What the algorithm
 * itself costs, for all three nodes together.
 */
import type { LoopTask } from '../subjects/closed-loop.ts';
import type { Packing } from '../subjects/engine-load.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import type { Benchmark, Context } from './bench.ts';
import { type Contestant, interleave, type Match } from './rounds.ts';

const packings: readonly Packing[] = ['batch', 'single'];

/** A part of each measurement goes before it and does not count. */
const warmUpShare = 0.25;

/** The benchmark. */
export const engine: Benchmark = {
  summary: 'engines alone: microseconds a command, in batches and one command an entry',
  variants: packings,
  windows: [1, 64, 256, 1024],
  async run(context) {
    const { settings } = context;
    const { seconds, valueBytes } = settings;
    const matches: Match[] = [];
    for (const packing of packings) {
      if (!settings.variants.includes(packing)) continue;
      const workers = await startAll(context, packing);
      for (const clients of settings.windows) {
        const task: LoopTask = { clients, seconds, warmUpSeconds: seconds * warmUpShare };
        matches.push({
          subject: {
            ...{ bench: 'engine', variant: packing, operation: 'propose' },
            ...{ connections: 0, clients, valueBytes },
          },
          contestants: workers.map(
            ({ algorithm, worker }): Contestant => ({
              algorithm,
              measure: () => worker.measure(task),
            }),
          ),
        });
      }
    }
    return interleave(matches, context);
  },
};

interface Engines {
  readonly algorithm: string;
  readonly worker: WorkerProcess;
}

function startAll({ settings, stage }: Context, packing: Packing): Promise<readonly Engines[]> {
  const { valueBytes } = settings;
  return Promise.all(
    settings.algorithms.map(async (algorithm) => {
      const { worker } = await stage.worker({ kind: 'engines', algorithm, valueBytes, packing });
      return { algorithm, worker };
    }),
  );
}
