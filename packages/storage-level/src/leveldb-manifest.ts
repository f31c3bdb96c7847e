/**
 * LevelDB's manifest, read only: which tables there are, and which logs are not in them yet.
 *
 * `CURRENT` names the manifest. It is framed like a log; each record in it is a row of tagged fields
 * that changes what the records before it said.
 */
import { ByteReader, concatBytes, fromUtf8, MalformedError } from '@quorate/core';
import { type FileSystem, hasCode, readUpTo } from '@quorate/files';
import { lengthAndBytes, varint } from './leveldb-fields.ts';
import { readLog } from './leveldb-log.ts';

/** What a manifest says. */
export interface Manifest {
  /** Number of the oldest log whose batches are not in the tables yet. */
  readonly oldestLog: number;
  /** Number and size of each table. */
  readonly tables: ReadonlyMap<number, number>;
}

/** Reads the manifest of a database; `undefined` where it is gone or says nothing. */
export async function readManifest(
  files: FileSystem,
  database: string,
): Promise<Manifest | undefined> {
  const name = await currentName(files, database);
  if (name === undefined) return undefined;
  const path = `${database}/${name}`;
  const tables = new Map<number, number>();
  let oldestLog: number | undefined;
  let parts: Uint8Array[] = [];
  try {
    for await (const piece of readLog(files, path)) {
      // LevelDB takes it for a torn end, or refuses it. What an older state names is gone by now.
      if (piece.type === 'damage') break;
      if (piece.type === 'whole' || piece.type === 'first') parts = [];
      parts.push(piece.content);
      if (piece.type === 'whole' || piece.type === 'last') {
        oldestLog = apply(concatBytes(parts), tables) ?? oldestLog;
      }
    }
  } catch (error) {
    if (error instanceof MalformedError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  return oldestLog === undefined ? undefined : { oldestLog, tables };
}

async function currentName(files: FileSystem, database: string): Promise<string | undefined> {
  try {
    const file = await files.open(`${database}/CURRENT`, 'read');
    try {
      const text = fromUtf8(await readUpTo(file, 100, 0));
      return /^(MANIFEST-\d+)\n$/.exec(text)?.[1];
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof MalformedError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Takes a record in. Gives the log number that it sets, if it does. */
function apply(record: Uint8Array, tables: Map<number, number>): number | undefined {
  const reader = new ByteReader(record);
  let logNumber: number | undefined;
  while (reader.left > 0) {
    const tag = varint(reader);
    switch (tag) {
      case 1: // comparator
        lengthAndBytes(reader);
        break;
      case 2: // log number
        logNumber = varint(reader);
        break;
      case 3: // next file number
      case 4: // last sequence
      case 9: // previous log number, no longer used
        varint(reader);
        break;
      case 5: // where a level is to be compacted next
        varint(reader);
        lengthAndBytes(reader);
        break;
      case 6: // a table that is not used any more, and its level
        varint(reader);
        tables.delete(varint(reader));
        break;
      case 7: {
        // A new table: level, number, size, and the keys between which it lies.
        varint(reader);
        const number = varint(reader);
        tables.set(number, varint(reader));
        lengthAndBytes(reader);
        lengthAndBytes(reader);
        break;
      }
      default:
        throw new MalformedError(`unknown tag ${String(tag)} in a manifest of LevelDB`);
    }
  }
  return logNumber;
}
