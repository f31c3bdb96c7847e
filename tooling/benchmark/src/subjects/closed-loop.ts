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

/** Which commands count. Asked each time one is done, with the time; cheap. */
export interface Span {
  /** Whether the next ones count. */
  begins(now: number): boolean;
  /** Whether this one was the last, of a span that began at `since`. */
  ends(now: number, since: number): boolean;
}

/** So many seconds, after others that do not count. */
export function timed({ seconds, warmUpSeconds }: LoopTask): Span {
  const begin = performance.now() + warmUpSeconds * 1000;
  return {
    begins: (now) => now >= begin,
    ends: (now, since) => now - since >= seconds * 1000,
  };
}

/** Rejects with whatever `execute` rejects with; then no further command is handed in. */
export function closedLoop(
  execute: () => Promise<unknown>,
  task: LoopTask,
  tally: () => Tally,
  span: Span = timed(task),
): Promise<Measurement> {
  return new Promise((resolve, reject) => {
    const recorder = new Recorder();
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
          if (span.ends(now, counting.since)) {
            finish(counting.since, now, counting.tally);
            return;
          }
        } else if (span.begins(now)) {
          counting = { since: now, tally: tally() };
        }
        send();
      };
      send();
    };
    for (let each = 0; each < task.clients; each++) client();
  });
}
