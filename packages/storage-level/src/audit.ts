/**
 * Looks through LevelDB's log files before LevelDB does.
 *
 * When LevelDB opens, it drops what it cannot read in its log and goes on with what follows; the
 * option that would make it stop is out of reach. For a consensus group that is the worst answer: a
 * vote or an acknowledged record would be gone without a word.
 *
 * What tells damage from a torn tail: a batch is begun only after the one before it was synced, and
 * nothing else writes to these files. So a batch that begins behind a damaged place proves that the
 * damaged one had been acknowledged. Without such a proof it is the torn end of a write that nobody
 * was told about, and LevelDB may cut it off. (Damage of the very last batch looks the same.)
 */
import { join } from 'node:path';
import { ByteReader, CorruptError, fromUtf8, LockedError, MalformedError } from '@quorate/core';
import { hasCode, listFolder, readSmallFile } from './files.ts';
import { readLog } from './leveldb-log.ts';

/**
 * Looks whether the log files hold everything that was acknowledged. Changes nothing.
 *
 * @throws CorruptError if something acknowledged is damaged or gone.
 * @throws LockedError if another process is at work there.
 */
export async function auditLogs(database: string): Promise<void> {
  const before = await listFolder(database);
  try {
    await lookThrough(database);
  } catch (cause) {
    // LevelDB's lock is not ours yet. A process that has it takes away the logs that it needs no
    // more: that is no damage, and nobody must be told to empty this folder.
    const now = await listFolder(database);
    if (before.toSorted().join() === now.toSorted().join()) throw cause;
    throw new LockedError(
      `${database} is open in another process, which changes it; stop that one first`,
      { cause },
    );
  }
}

async function lookThrough(database: string): Promise<void> {
  const oldest = await oldestLog(database);
  // LevelDB has its own checks for this file, and names what is wrong better than we could.
  if (oldest === undefined) return;
  const logs = (await listFolder(database))
    .flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .filter((number) => number >= oldest)
    .sort((left, right) => left - right);
  if (oldest > 0 && logs[0] !== oldest) {
    throw new CorruptError(
      `${join(database, logName(oldest))} is gone; restore this node from its peers`,
    );
  }
  let damage: string | undefined;
  for (const number of logs) {
    const path = join(database, logName(number));
    /** Whether a batch has begun and not ended. */
    let inside = false;
    for await (const piece of readLog(path)) {
      if (piece.type === 'damage') {
        damage ??= `${path} at byte ${String(piece.at)}`;
        continue;
      }
      const begins = piece.type === 'whole' || piece.type === 'first';
      // A batch that does not begin where one must, or begins inside another, is damage as well.
      if (begins === inside) damage ??= `${path} before byte ${String(piece.at)}`;
      if (begins && damage !== undefined) {
        throw new CorruptError(
          `${damage} is damaged, and acknowledged data follows; restore this node from its peers`,
        );
      }
      inside = piece.type === 'first' || piece.type === 'middle';
    }
    if (inside) damage ??= `the end of ${path}`;
  }
}

/** The oldest log that is not in the tables yet, as the manifest says; `undefined`: it does not say. */
async function oldestLog(database: string): Promise<number | undefined> {
  let oldest: number | undefined;
  try {
    const current = fromUtf8(await readSmallFile(join(database, 'CURRENT'), 100)).trim();
    if (!/^MANIFEST-\d+$/.test(current)) return undefined;
    let parts: Uint8Array[] = [];
    for await (const piece of readLog(join(database, current))) {
      if (piece.type === 'damage') break;
      if (piece.type === 'whole' || piece.type === 'first') parts = [];
      parts.push(piece.content);
      if (piece.type === 'whole' || piece.type === 'last') {
        oldest = logNumber(Buffer.concat(parts)) ?? oldest;
      }
    }
  } catch (error) {
    if (error instanceof MalformedError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  return oldest;
}

/** The log number that one record of the manifest sets. A record is a row of tagged fields. */
function logNumber(record: Uint8Array): number | undefined {
  const reader = new ByteReader(record);
  let number: number | undefined;
  while (reader.left > 0) {
    const tag = varint(reader);
    switch (tag) {
      case 1: // comparator
        text(reader);
        break;
      case 2: // log number
        number = varint(reader);
        break;
      case 3: // next file number
      case 4: // last sequence
      case 9: // previous log number, no longer used
        varint(reader);
        break;
      case 5: // where a level is to be compacted next
        varint(reader);
        text(reader);
        break;
      case 6: // deleted file
        varint(reader);
        varint(reader);
        break;
      case 7: // new file
        varint(reader);
        varint(reader);
        varint(reader);
        text(reader);
        text(reader);
        break;
      default:
        throw new MalformedError(`unknown tag ${String(tag)} in a manifest of LevelDB`);
    }
  }
  return number;
}

/** An integer in groups of seven bits, the lowest first. */
function varint(reader: ByteReader): number {
  let value = 0;
  for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
    const byte = reader.u8();
    value += (byte % 128) * scale;
    if (byte < 128) return value;
  }
  throw new MalformedError('a number in a manifest of LevelDB is too long');
}

function text(reader: ByteReader): void {
  reader.raw(varint(reader));
}

function logName(number: number): string {
  return `${String(number).padStart(6, '0')}.log`;
}
