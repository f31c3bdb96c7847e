/** One of a few, as a byte: its place in their list. */
import { MalformedError } from '@quorate/core';

/** The one that stands at this place. @throws MalformedError if there is none. */
export function pick<T>(from: readonly T[], at: number, what: string): T {
  const found = from[at];
  if (found === undefined) throw new MalformedError(`unknown kind of ${what}: ${String(at)}`);
  return found;
}
