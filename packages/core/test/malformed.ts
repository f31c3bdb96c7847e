/** What a decoder may do with bytes that nobody vouches for: give a value, or say that there is none. */
import { MalformedError } from '../src/errors.ts';

/**
 * Runs a decoder on hostile bytes.
 *
 * @returns what it decoded; `undefined` where it refused with a `MalformedError`. Anything else that
 * it throws goes through and fails the test.
 */
export function decodedOrRefused<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}
