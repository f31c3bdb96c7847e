/** What a power loss takes. */
import type { Random } from '@quorate/core';

/**
 * What a power loss takes, of what was not made durable by a sync:
 *
 * - `nothing`: the operating system had written back everything it was given.
 * - `unsynced`: all of it: content, sizes, names.
 * - `partly`: some of it, drawn at random: sectors in any order, sizes, and in each folder the name
 *   changes from some point on.
 * - `garbage`: like `partly`, and what was being written may hold random bytes.
 */
export type Loss = 'nothing' | 'unsynced' | 'partly' | 'garbage';

/**
 * How far garbage reaches: the whole sector of an unsynced write, or only the bytes that the write
 * changed (disks that promise "powersafe overwrite", as SQLite calls it).
 */
export type GarbageReach = 'sectors' | 'bytes';

/** How a power loss goes. */
export interface PowerLoss {
  readonly loss: Loss;
  readonly garbage: GarbageReach;
  readonly random: Random;
}
