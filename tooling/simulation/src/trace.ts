/** Traces and plans in files. */
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import type { Plan, TraceEvent } from '@quorate/simulator';
import { UsageError } from './options.ts';

/** A file that takes a trace, one line of JSON for each event. */
export class TraceFile {
  readonly #descriptor: number;
  #lines: string[] = [];

  constructor(path: string) {
    this.#descriptor = openSync(path, 'w');
  }

  add(event: TraceEvent): void {
    this.#lines.push(`${JSON.stringify(event, plain)}\n`);
    if (this.#lines.length >= 1000) this.#flush();
  }

  close(): void {
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#lines.join(''));
    this.#lines = [];
  }
}

/** Bytes become hexadecimal text, numbers that JSON does not know their names. */
function plain(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return Object.fromEntries(value);
  if (value instanceof Set) return [...value];
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

/** @throws UsageError if there is no plan in it. */
export function readPlan(path: string): Plan {
  let plan: unknown;
  try {
    plan = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `${path} holds no plan: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (typeof plan === 'object' && plan !== null && 'faults' in plan && 'seed' in plan) {
    return plan as Plan;
  }
  throw new UsageError(`${path} holds no plan; --save writes one`);
}

export function writePlan(path: string, plan: Plan): void {
  writeFileSync(path, `${JSON.stringify(plan, null, 2)}\n`);
}
