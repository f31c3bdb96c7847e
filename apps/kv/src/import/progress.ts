/**
 * Shows on stderr how an import gets on: one line that is rewritten on a terminal, a line every few
 * seconds elsewhere.
 */
import type { ServiceError } from '../errors.ts';

/** The part of `process.stderr` that is used. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const terminalIntervalMs = 200;
const logIntervalMs = 2_000;
/** Enough to see what is wrong; the number of all stands in the summary. */
const maxSkippedShown = 20;

/** Counts, and shows. */
export class Progress {
  readonly #stream: ProgressStream;
  readonly #terminal: boolean;
  readonly #startedAt = performance.now();
  #records = 0;
  #bytes = 0;
  #skipped = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(stream: ProgressStream) {
    this.#stream = stream;
    this.#terminal = stream.isTTY === true;
  }

  start(): void {
    const intervalMs = this.#terminal ? terminalIntervalMs : logIntervalMs;
    this.#timer = setInterval(() => {
      this.#stream.write(this.#terminal ? `\r\x1b[K${this.#line()}` : `${this.#line()}\n`);
    }, intervalMs);
  }

  acknowledged(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
  }

  /** Says something besides. */
  note(text: string): void {
    this.#stream.write(this.#terminal ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  skipped(error: ServiceError): void {
    this.#skipped += 1;
    if (this.#skipped <= maxSkippedShown) this.note(`skipped: ${error.code}: ${error.message}`);
  }

  /** Ends with the summary. */
  stop(how: 'done' | 'stopped'): void {
    clearInterval(this.#timer);
    this.note(`${how}: ${this.#line()}`);
  }

  #line(): string {
    const seconds = Math.max((performance.now() - this.#startedAt) / 1_000, 0.001);
    const parts = [
      `${String(this.#records)} records`,
      `${(this.#bytes / 1_000_000).toFixed(1)} MB`,
      `${seconds.toFixed(1)} s`,
      `${String(Math.round(this.#records / seconds))} records/s`,
    ];
    if (this.#skipped > 0) parts.push(`${String(this.#skipped)} skipped`);
    return parts.join(', ');
  }
}
