/**
 * A closed loop: so many clients, each of which hands in its next command when the last one is done.
 *
 * It says how fast a system is when its clients wait for it. It hides queueing: clients that wait do
 * not add to the load.
 */
import { type Figures, type Measurement, Recorder } from '../results/measurement.ts';

/** What a loop is to do. */
export interface LoopTask {
  /** Commands in flight. */
  readonly clients: number;
  readonly seconds: number;
  /** Worked before that, and not counted. */
  readonly warmUpSeconds: number;
  /** How many of those in flight are handed in by one call. @default 1 */
  readonly commandsPerCall?: number;
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

/**
 * Rejects with whatever `execute` rejects with; then no further command is handed in.
 *
 * @param execute hands in a command, or as many as one call has, of the client with that number.
 * @param watch begins to count other things; what it gives ends that.
 */
export function closedLoop(
  execute: (client: number) => Promise<unknown>,
  task: LoopTask,
  watch: () => () => Figures,
  span: Span = timed(task),
): Promise<Measurement> {
  const { clients, commandsPerCall = 1 } = task;
  return new Promise((resolve, reject) => {
    const recorder = new Recorder();
    let counting: { readonly since: number; readonly figures: () => Figures } | undefined;
    let ended = false;

    const end = (settle: () => void): void => {
      if (ended) return;
      ended = true;
      settle();
    };
    const fail = (error: unknown): void => {
      end(() => reject(error instanceof Error ? error : new Error(String(error))));
    };
    const finish = (since: number, now: number, figures: () => Figures): void => {
      end(() => resolve(recorder.result(now - since, figures())));
    };
    const client = (number: number): void => {
      let sentAt = 0;
      const send = (now: number): void => {
        sentAt = now;
        execute(number).then(done, fail);
      };
      const done = (): void => {
        if (ended) return;
        const now = performance.now();
        if (counting !== undefined) {
          recorder.record(now - sentAt, commandsPerCall);
          if (span.ends(now, counting.since)) {
            finish(counting.since, now, counting.figures);
            return;
          }
        } else if (span.begins(now)) {
          counting = { since: now, figures: watch() };
        }
        send(now);
      };
      send(performance.now());
    };
    for (let number = 0; number < clients; number += commandsPerCall) client(number);
  });
}
