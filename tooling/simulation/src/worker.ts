/** A thread that runs the seeds it is given. */
import { parentPort } from 'node:worker_threads';
import { runSeeds, type SeedRange } from './seeds.ts';

parentPort?.on('message', (range: SeedRange) => {
  runSeeds(range, () => true).then(
    (tally) => {
      parentPort?.postMessage(tally);
    },
    (error: unknown) => {
      // Ends the thread, and tells the one that started it.
      queueMicrotask(() => {
        throw error;
      });
    },
  );
});
