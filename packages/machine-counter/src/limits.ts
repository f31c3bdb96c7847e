/**
 * Every bound of the machine, and what is wrong with what goes over one.
 *
 * They are constants and not options: each takes part in what `apply` answers, so two replicas with
 * different bounds would come to different states.
 */
import { fromUtf8, utf8 } from '@quorate/core';

/** Longest name of a counter, in bytes of UTF-8. A name has at least one byte. */
export const maxNameBytes = 256;

/** Most bits of a value, its sign not counted: it lies between -2^4096 and 2^4096. */
export const maxValueBits = 4096;

/** Most counters that are not 0. */
export const maxCounters = 1_000_000;

/** Most counters in one answer to `list`. */
export const maxListLimit = 1000;

const bound = 1n << BigInt(maxValueBits);

/** What is wrong with a name, or nothing. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'a name is empty; give it at least one character';
  return prefixProblem(name);
}

/** What is wrong with the beginning of a name, or nothing. The empty text is fine. */
export function prefixProblem(prefix: string): string | undefined {
  const bytes = utf8(prefix);
  if (bytes.length > maxNameBytes) {
    return `a name of ${String(bytes.length)} bytes is over maxNameBytes, ${String(maxNameBytes)}; shorten it`;
  }
  // It would come back from its bytes as another name.
  if (fromUtf8(bytes) !== prefix) return 'a name holds half a surrogate pair; use whole characters';
  return undefined;
}

/** What is wrong with a value, or nothing. */
export function valueProblem(value: bigint): string | undefined {
  if (-bound < value && value < bound) return undefined;
  return `a value has more bits than maxValueBits, ${String(maxValueBits)}; use several counters`;
}

/** What is wrong with the limit of a list, or nothing. */
export function limitProblem(limit: number): string | undefined {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxListLimit) return undefined;
  return `a limit of ${String(limit)} is not from 1 to maxListLimit, ${String(maxListLimit)}; read in pages`;
}
