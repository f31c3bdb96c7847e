/** Work on a database behind the storage's back. */
import type { LogIndex } from '@quorate/core';
import { ClassicLevel } from 'classic-level';
import type { Database } from '../../src/database.ts';
import { recordKey } from '../../src/format.ts';

/** Opens a database, works on it, and closes it. */
export async function withDatabase(
  location: string,
  work: (database: Database) => Promise<void>,
): Promise<void> {
  const database: Database = new ClassicLevel<Uint8Array, Uint8Array>(location, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  try {
    await work(database);
  } finally {
    await database.close();
  }
}

/** The stored value of a record. */
export async function valueOf(database: Database, index: LogIndex): Promise<Uint8Array> {
  const value = await database.get(recordKey(index));
  if (value === undefined) throw new Error(`no record ${String(index)}`);
  return value;
}

/** Flips a bit of the stored value of a record. */
export function damageValue(location: string, index: LogIndex): Promise<void> {
  return withDatabase(location, async (database) => {
    const value = await valueOf(database, index);
    value[value.length - 1] = (value.at(-1) ?? 0) ^ 0x10;
    await database.put(recordKey(index), value);
  });
}
