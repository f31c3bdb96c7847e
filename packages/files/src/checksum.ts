/** CRC-32 as in `@quorate/core`, by the runtime's own code where it has some. */
import * as zlib from 'node:zlib';
import { crc32 as portableCrc32 } from '@quorate/core';

/** Below this the call into native code costs more than the work. */
const nativeFromBytes = 64;

// Runtimes other than Node may lack the native one.
const native = (zlib as { readonly crc32?: (bytes: Uint8Array, seed?: number) => number }).crc32;

/** CRC-32 of `bytes`, continuing from `seed`. */
export function crc32(bytes: Uint8Array, seed: number = 0): number {
  return native === undefined || bytes.length < nativeFromBytes
    ? portableCrc32(bytes, seed)
    : native(bytes, seed);
}
