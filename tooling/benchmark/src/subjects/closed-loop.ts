/**
 * A closed loop: so many clients, each of which hands in its next command when the last one is done.
 *
 * It says how fast a system is when its clients wait for it. It hides queueing: clients that wait do
 * not add to the load.
 */
import { type Measurement, Recorder } from '../results/measurement.ts';
import { figuresOf, type Tally } from './tally.ts';

/** What a loop is to do. */
export interface LoopTask {
  /** Commands in flight. */
  readonly clients: number;
  readonly seconds: number;
  /** Worked before that, and not counted. */
  readonly warmUpSeconds: number;
}

/** Rejects with whatever `execute` rejects with; then no further command is handed in. */
export function closedLoop(
  execute: () => Promise<unknown>,
  task: LoopTask,
  tally: () => Tally,
): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const recorder = new Recorder();
    const begin = performance.now() + task.warmUpSeconds * 1000;
    let counting: { readonly since: number; readonly tally: Tally } | undefined;
    let ended = false;

    const end = (settle: () => void): void => {
      if (ended) return;
      ended = true;
      settle();
    };
    const fail = (error: unknown): void => {
      end(() => reject(error instanceof Error ? error : new Error(String(error))));
    };
    const finish = (since: number, now: number, before: Tally): void => {
      end(() => resolve(recorder.result(now - since, figuresOf(before, tally()))));
    };
    const client = (): void => {
      let sentAt = 0;
      const send = (): void => {
        sentAt = performance.now();
        execute().then(done, fail);
      };
      const done = (): void => {
        if (ended) return;
        const now = performance.now();
        if (counting !== undefined) {
          recorder.record(now - sentAt);
          if (now - counting.since >= task.seconds * 1000) {
            finish(counting.since, now, counting.tally);
            return;
          }
        } else if (now >= begin) {
          counting = { since: now, tally: tally() };
        }
        send();
      };
      send();
    };
    for (let each = 0; each < task.clients; each++) client();
  });
}
