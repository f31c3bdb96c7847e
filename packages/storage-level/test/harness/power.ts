/**
 * What a power loss leaves of a LevelDB database.
 *
 * LevelDB appends every batch to its log and syncs it. A power loss is therefore: the files as they
 * are at one moment, and of the log, behind what the last finished sync covered, anything.
 */
import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Random } from '@quorate/core';
import type { Loss } from '@quorate/files/simulated';

const sectorBytes = 512;

/** Size of each log file of a database. */
export type LogSizes = ReadonlyMap<string, number>;

export function logSizes(database: string): LogSizes {
  const names = readdirSync(database).filter((name) => name.endsWith('.log'));
  return new Map(names.map((name) => [name, statSync(join(database, name)).size]));
}

/** Copies a folder as it is at one moment, also while LevelDB is at work in it. */
export function copyAtOnce(from: string, to: string): void {
  const state = (): string =>
    readdirSync(from, { recursive: true, withFileTypes: true })
      .map((entry) => {
        const { size } = statSync(join(entry.parentPath, entry.name));
        return `${entry.name} ${String(size)}`;
      })
      .join('\n');
  for (let attempt = 0; attempt < 1000; attempt++) {
    try {
      const before = state();
      cpSync(from, to, { recursive: true, force: true });
      if (state() === before) return;
    } catch {
      // A file went away meanwhile.
    }
  }
  throw new Error(`${from} does not come to rest`);
}

/** Takes from the logs what was not synced, as far as the loss goes. */
export function loseUnsynced(
  database: string,
  durable: LogSizes,
  loss: Loss,
  random: Random,
): void {
  for (const [name, size] of logSizes(database)) {
    const safe = durable.get(name) ?? 0;
    const path = join(database, name);
    switch (loss) {
      case 'nothing':
        break;
      case 'unsynced':
        truncateSync(path, safe);
        break;
      case 'partly':
      case 'garbage':
        loseSectors(path, { safe, size, garbage: loss === 'garbage', random });
        // The size is changed by itself: it may be durable without the content, or the other way.
        if (random.chance(0.5)) truncateSync(path, safe + random.below(size - safe + 1));
        break;
    }
  }
}

interface Sectors {
  readonly safe: number;
  readonly size: number;
  readonly garbage: boolean;
  readonly random: Random;
}

/** Some sectors of what was being written stay zeros, some may hold anything. */
function loseSectors(path: string, { safe, size, garbage, random }: Sectors): void {
  const survival = random.pick([0.1, 0.5, 0.9]);
  const file = openSync(path, 'r+');
  for (let at = safe; at < size; ) {
    const end = Math.min(at - (at % sectorBytes) + sectorBytes, size);
    const bytes = new Uint8Array(end - at);
    readSync(file, bytes, 0, bytes.length, at);
    if (garbage && random.chance(0.3)) {
      for (let byte = 0; byte < bytes.length; byte++) bytes[byte] = random.below(256);
    } else if (!random.chance(survival)) bytes.fill(0);
    writeSync(file, bytes, 0, bytes.length, at);
    at = end;
  }
  closeSync(file);
}
