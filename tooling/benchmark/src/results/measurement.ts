/** One stretch of timed work: what comes out of it, and the recorder that it comes out of. */
import { createHistogram } from 'node:perf_hooks';

/** What one stretch of work came to. Latencies in microseconds. */
export interface Measurement {
  readonly seconds: number;
  readonly operationsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** What was counted meanwhile, such as `syncsPerCommand`. Counts do not depend on the hour. */
  readonly figures: Figures;
}

/** Counts and costs per command, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Latencies are kept in nanoseconds with three significant digits, up to ten minutes. */
const longestNs = 600e9;

/** Gathers latencies; memory does not grow with their number. */
export class Recorder {
  readonly #latencies = createHistogram({ lowest: 1, highest: longestNs, figures: 3 });
  #operations = 0;

  /** Operations so far. */
  get operations(): number {
    return this.#operations;
  }

  /** Notes that one call took this long and completed so many operations. */
  record(ms: number, operations: number = 1): void {
    this.#operations += operations;
    this.#latencies.record(Math.min(Math.max(Math.round(ms * 1e6), 1), longestNs));
  }

  /** Forgets everything: the warm-up is over. */
  reset(): void {
    this.#latencies.reset();
    this.#operations = 0;
  }

  /** @throws RangeError if nothing was completed. */
  result(elapsedMs: number, figures: Figures): Measurement {
    if (this.#operations === 0) throw new RangeError('nothing was completed in the time given');
    const us = (ns: number): number => ns / 1000;
    return {
      seconds: elapsedMs / 1000,
      operationsPerSecond: (this.#operations * 1000) / elapsedMs,
      p50: us(this.#latencies.percentile(50)),
      p99: us(this.#latencies.percentile(99)),
      p999: us(this.#latencies.percentile(99.9)),
      max: us(this.#latencies.max),
      figures,
    };
  }
}
