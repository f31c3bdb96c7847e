/** Spreads seeds over threads. */
import { Worker } from 'node:worker_threads';
import { runSeeds, type SeedRange } from './seeds.ts';
import { emptyTally, merge, type Tally } from './tally.ts';

/** So many seeds are given to a thread at a time. */
const chunkSeeds = 10;

/**
 * Runs the seeds of a range on several threads, or on this one where there is only one.
 *
 * @param progress hears of what is done so far; ends it by `false`.
 */
export async function runOnThreads(
  range: SeedRange,
  jobs: number,
  progress: (tally: Tally) => boolean,
): Promise<Tally> {
  if (jobs === 1) return runSeeds(range, progress);
  const total = emptyTally();
  const chunks = chunksOf(range);
  let goesOn = true;
  await Promise.all(
    Array.from({ length: Math.min(jobs, chunks.length) }, async () => {
      const worker = new Worker(new URL('worker.js', import.meta.url));
      try {
        for (;;) {
          const chunk = goesOn ? chunks.shift() : undefined;
          if (chunk === undefined) return;
          merge(total, await answerOf(worker, chunk));
          goesOn = progress(total) && goesOn;
        }
      } finally {
        await worker.terminate();
      }
    }),
  );
  total.failures.sort((left, right) => left.seed - right.seed);
  return total;
}

function chunksOf(range: SeedRange): SeedRange[] {
  const chunks: SeedRange[] = [];
  const end = range.from + range.count;
  for (let from = range.from; from < end; from += chunkSeeds) {
    chunks.push({ ...range, from, count: Math.min(chunkSeeds, end - from) });
  }
  return chunks;
}

/** What a thread that runs `worker.ts` says of a range. */
export function answerOf(worker: Worker, range: SeedRange): Promise<Tally> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown): void => {
      worker.off('message', onMessage);
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onMessage = (tally: Tally): void => {
      worker.off('error', onError);
      resolve(tally);
    };
    worker.once('message', onMessage);
    worker.once('error', onError);
    worker.postMessage(range);
  });
}
