/**
 * What happened in a run: a checksum over every input and effect, which two runs of one seed must
 * share, and, where somebody wants to read it, a line for each.
 */
import { crc32, utf8 } from '@quorate/core';

/** The record of one run. */
export class Trace {
  readonly #write: ((line: string) => void) | undefined;
  #hash = 0;

  /** @param write takes each line, where a person wants to read along. */
  constructor(write?: (line: string) => void) {
    this.#write = write;
  }

  /** Checksum over all so far. */
  get hash(): number {
    return this.#hash;
  }

  add(time: number, what: string, details: unknown): void {
    const line = `${time.toFixed(3).padStart(11)} ${what} ${JSON.stringify(details, shorten)}`;
    this.#hash = crc32(utf8(line), this.#hash);
    this.#write?.(line);
  }
}

/** Bytes as length and checksum; infinity, which JSON does not have, by name. */
function shorten(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return `${String(value.length)}#${crc32(value).toString(16)}`;
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}
