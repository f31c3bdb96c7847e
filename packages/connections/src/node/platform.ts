/** What Node does faster than the portable code. */
import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { Platform } from '../link.ts';

export const nodePlatform: Platform = {
  crc32,
  // Never from a pool, since receivers keep it, and not zeroed.
  allocate: (length) => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer),
};
