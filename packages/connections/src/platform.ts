/** What every platform can do, in plain code. */
import { crc32 } from '@quorate/core';
import type { Platform } from './link.ts';

export const portablePlatform: Platform = {
  crc32,
  allocate: (length) => new Uint8Array(length),
};
