/**
 * Writes a backup, piece by piece, out of a snapshot that is open for reading.
 */
import { CorruptError, type SnapshotReader } from '@quorate/core';
import { crc32 } from '@quorate/files';
import {
  type BackupHeader,
  writtenChunkBytes,
  encodeChunkHead,
  encodeEnd,
  encodeStart,
} from './format.ts';

/**
 * The bytes of a backup, as fast as they are asked for; not more than one chunk is held.
 *
 * @throws CorruptError if the storage gives other content than it had been given.
 */
export async function* writeBackup(
  header: BackupHeader,
  snapshot: Pick<SnapshotReader, 'read'>,
): AsyncGenerator<Uint8Array, void> {
  yield encodeStart(header);
  let bytes = 0;
  let checksum = 0;
  // Of equal length, but for the last one: the size of the file is known before the first byte.
  for (;;) {
    const chunk = await readWhole(snapshot, bytes, writtenChunkBytes);
    if (chunk.length === 0) break;
    bytes += chunk.length;
    checksum = crc32(chunk, checksum);
    yield encodeChunkHead(chunk);
    yield chunk;
  }
  // Whoever takes it sees no end, and throws it away.
  if (bytes !== header.bytes || checksum !== header.checksum) {
    throw new CorruptError(
      `the snapshot at ${String(header.index)} reads as ${String(bytes)} bytes that fail their check; take the backup at another node, and look at the disk of this one`,
    );
  }
  yield encodeEnd(header);
}

/** As much as was asked for, unless it ends before: a storage may give less at once. */
async function readWhole(
  snapshot: Pick<SnapshotReader, 'read'>,
  offset: number,
  bytes: number,
): Promise<Uint8Array> {
  const first = await snapshot.read(offset, bytes);
  if (first.length === bytes || first.length === 0) return first;
  const parts = [first];
  for (let length = first.length; length < bytes; ) {
    const part = await snapshot.read(offset + length, bytes - length);
    if (part.length === 0) break;
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts);
}
