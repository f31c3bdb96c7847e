/**
 * Snapshots that are staged under a name, as a transfer from a peer does: each name has a content of
 * its own, so that whatever is taken up again can be told from anything else.
 */
import { crc32, type SnapshotWriter, type Storage, utf8 } from '@quorate/core';
import { check, equal } from '../check.ts';
import { sample } from './samples.ts';

/** Size of every content. */
export const transferBytes = 1_200_000;

/** Large enough for two blocks of a storage that takes up whole blocks only. */
export const severalBlocks = 600_000;

const contents = new Map<string, Uint8Array>();

/** The content that belongs to a name. */
export function contentOf(name: string): Uint8Array {
  const known = contents.get(name);
  if (known !== undefined) return known;
  const content = sample(crc32(utf8(name)), transferBytes);
  contents.set(name, content);
  return content;
}

/**
 * Stages under a name, and checks that what is taken up is the beginning of its content.
 *
 * @param atMost how many bytes of it can be there.
 */
export async function takeUp(
  storage: Storage,
  name: string,
  atMost: number,
): Promise<SnapshotWriter> {
  const writer = await storage.snapshots.stage(name);
  const { bytes } = writer;
  check(
    bytes <= atMost,
    `${String(bytes)} bytes are taken up as ${name}, no more than ${String(atMost)} can be there`,
  );
  equal(
    writer.checksum,
    crc32(contentOf(name).subarray(0, bytes)),
    `checksum of the ${String(bytes)} bytes that are taken up as ${name}`,
  );
  return writer;
}

/** Writes on, up to so many bytes of the content, in pieces. */
export async function carryOn(
  writer: SnapshotWriter,
  name: string,
  upTo: number,
  pieceBytes: number = 64 * 1024,
): Promise<void> {
  for (let at = writer.bytes; at < upTo; at = writer.bytes) {
    await writer.write(contentOf(name).subarray(at, Math.min(at + pieceBytes, upTo)));
    check(writer.bytes > at, `the writer counts the bytes of ${name}`);
  }
}
