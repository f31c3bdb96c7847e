/**
 * What is put in order when a folder is opened after a sudden end. Each step may be cut short itself
 * and is then done again by the next open.
 *
 * Nothing is ever written to a segment that was found: it is cut behind its last batch, and the log
 * goes on in a new one. So no leftover of a torn write can be taken for a part of a later batch.
 */
import { CorruptError } from '@quorate/core';
import { type FileSystem, markPath, readUpTo, writeAll } from '@quorate/files';
import type { Draft } from './batch.ts';
import type { Manifest } from './manifest.ts';
import { payloadPasses, recordHeaderBytes } from './record.ts';
import type { RecoveredLog, Segment } from './recovery.ts';
import { isUsedSegment, segmentIn, segmentName } from './segment-file.ts';

/** Of a torn write at most so much is kept for a look, and of so many. */
const maxTornBytes = 4 * 1024 * 1024;
const maxTornFiles = 8;

/**
 * A folder without a mark is a new one, unless its log was written to.
 *
 * @throws CorruptError then: the node must not start as if it were new.
 */
export async function refuseLostMark(files: FileSystem, folder: string): Promise<void> {
  for (const name of await files.list(folder)) {
    const file = await files.open(`${folder}/${name}`, 'read');
    try {
      if (!(await isUsedSegment(file))) continue;
    } finally {
      await file.close();
    }
    const mark = markPath(folder.slice(0, folder.lastIndexOf('/')));
    throw new CorruptError(
      `${folder} holds a log, but ${mark} is gone; restore it, or this node from its peers`,
    );
  }
}

/**
 * The records of the last batch that a checkpoint does not hold, to be written once more.
 *
 * @throws CorruptError if they are not any more what they were a moment ago, when the log was read: written
 * again, they would pass every check.
 */
export async function draftsOfBatch(
  files: FileSystem,
  folder: string,
  { batch, segment }: NonNullable<RecoveredLog['lastBatch']>,
): Promise<readonly Draft[]> {
  const file = await files.open(`${folder}/${segmentName(segment.id)}`, 'read');
  try {
    const drafts: Draft[] = [];
    for (const { header, position } of batch.records) {
      const { index, kind, length } = header;
      if (kind !== 'put' && kind !== 'dropAfter' && kind !== 'dropBefore') continue;
      const payload = await readUpTo(file, length, position + recordHeaderBytes);
      if (!payloadPasses(header, payload)) {
        throw new CorruptError(
          `a record of the last batch has changed while it was read (${segmentName(segment.id)}, byte ${String(position)}); restore this node from its peers`,
        );
      }
      drafts.push({ kind, index, payload });
    }
    return drafts;
  } finally {
    await file.close();
  }
}

/** Keeps what stands behind the last batch of a segment, for whoever wants to know what happened. */
export async function saveTorn(
  files: FileSystem,
  directory: string,
  { end, id }: Segment,
): Promise<void> {
  const folder = `${directory}/torn`;
  await files.makeFolder(folder);
  const segment = await files.open(`${directory}/segments/${segmentName(id)}`, 'read');
  try {
    const bytes = withoutZeros(await readUpTo(segment, maxTornBytes, end));
    const path = `${folder}/${segmentName(id)}.${String(end)}`;
    await files.remove(path);
    const copy = await files.open(path, 'create');
    try {
      await writeAll(copy, [bytes], 0);
      await copy.sync();
    } finally {
      await copy.close();
    }
  } finally {
    await segment.close();
  }
  const names = (await files.list(folder)).toSorted();
  for (const name of names.slice(0, -maxTornFiles)) await files.remove(`${folder}/${name}`);
  await files.syncFolder(folder);
}

/** Cuts the last segments behind their last batch. */
export async function cutSegments(
  files: FileSystem,
  folder: string,
  { lastBatch, torn }: RecoveredLog,
): Promise<void> {
  for (const segment of new Set([lastBatch?.segment, ...torn])) {
    if (segment === undefined || segment.bytes === segment.end) continue;
    const file = await files.open(`${folder}/${segmentName(segment.id)}`, 'write');
    try {
      await file.truncate(segment.end);
      await file.sync();
    } finally {
      await file.close();
    }
    segment.bytes = segment.end;
  }
}

/** Files that the manifest does not name: some can be used again, the others go. */
export async function takeLeftovers(
  files: FileSystem,
  folder: string,
  { first, last }: Manifest,
  { bytes, most }: { readonly bytes: number; readonly most: number },
): Promise<readonly string[]> {
  const spares: string[] = [];
  for (const name of await files.list(folder)) {
    const id = segmentIn(name);
    if (id !== undefined && id >= first && id <= last) continue;
    const path = `${folder}/${name}`;
    if (id !== undefined && id < first && spares.length < most) {
      const file = await files.open(path, 'read');
      const size = await file.size();
      await file.close();
      if (size === bytes) {
        spares.push(name);
        continue;
      }
    }
    await files.remove(path);
  }
  return spares;
}

function withoutZeros(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}
