/**
 * Small files of JSON that people may read and nobody should edit: replaced as a whole, in one
 * durable step, and checked. The last field is a CRC-32 of all others.
 */
import { CorruptError, describeError, fromUtf8, InvalidArgumentError, utf8 } from '@quorate/core';
import { crc32 } from './checksum.ts';
import { type FileSystem, folderOf, hasCode, readUpTo, writeAll } from './file-system.ts';

/** The fields of such a file. */
export type JsonFields = Readonly<Record<string, unknown>>;

const draftSuffix = '.new';

/**
 * Puts the fields in the place of what the file held before; durable when it resolves.
 *
 * @throws InvalidArgumentError if one of them is called `checksum`.
 */
export async function writeJsonFile(
  files: FileSystem,
  path: string,
  fields: JsonFields,
): Promise<void> {
  if ('checksum' in fields) {
    throw new InvalidArgumentError(`${path} has a checksum of its own; rename the field`);
  }
  const draft = draftOf(path);
  await files.remove(draft);
  const file = await files.open(draft, 'create');
  try {
    const text = JSON.stringify({ ...fields, checksum: checksumOf(fields) }, undefined, 2);
    await writeAll(file, [utf8(`${text}\n`)], 0);
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(draft, path);
  await files.syncFolder(folderOf(path));
}

/**
 * The fields of a file; `undefined` where there is none.
 *
 * @throws CorruptError if it fails its check.
 */
export async function readJsonFile(
  files: FileSystem,
  path: string,
  maxBytes: number,
): Promise<JsonFields | undefined> {
  let bytes: Uint8Array;
  try {
    const file = await files.open(path, 'read');
    try {
      bytes = await readUpTo(file, maxBytes + 1, 0);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    if (bytes.length > maxBytes) throw new Error(`it is larger than ${String(maxBytes)} bytes`);
    const value: unknown = JSON.parse(fromUtf8(bytes));
    if (typeof value !== 'object' || value === null) throw new Error('it is not a JSON object');
    const { checksum, ...fields } = value as { readonly checksum?: unknown };
    if (checksum !== checksumOf(fields)) throw new Error('it fails its check');
    return fields;
  } catch (cause) {
    throw new CorruptError(
      `${path} is damaged: ${describeError(cause)}; restore it, or this node from its peers`,
      { cause },
    );
  }
}

/** What a replacement that was cut short leaves behind. */
export function draftOf(path: string): string {
  return `${path}${draftSuffix}`;
}

function checksumOf(fields: JsonFields): string {
  return crc32(utf8(JSON.stringify(fields)))
    .toString(16)
    .padStart(8, '0');
}
