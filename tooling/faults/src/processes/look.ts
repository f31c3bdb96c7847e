/** Reads all that a storage holds, and notes what does not fit together by itself. */
import type { LogIndex, LogRecord, Recovered, SnapshotInfo, Storage } from '@quorate/core';
import { crc32 } from '@quorate/core';
import { type Fingerprint, fingerprintOf } from '../plan/content.ts';
import type { Found } from '../plan/judge.ts';
import type { ModelSnapshot } from '../plan/model.ts';

/** Records and snapshots are read in pieces of this size. */
const pieceBytes = 64 * 1024;

/** Looks at a storage that was just opened. */
export async function look(storage: Storage, recovered: Recovered): Promise<Found> {
  const flaws: string[] = [];
  const records = await readAll(storage, recovered.records, flaws);
  const snapshots: ModelSnapshot[] = [];
  for (const info of storage.snapshots.list()) {
    snapshots.push(await readSnapshot(storage, info, flaws));
  }
  const { snapshot } = recovered;
  if (snapshot?.id !== storage.snapshots.list()[0]?.id) {
    flaws.push('the newest snapshot of the list is not the one that the open named');
  }
  const [state, lastRecord] = [recovered.state, recovered.lastRecord].map((bytes) =>
    bytes === undefined ? undefined : fingerprintOf(bytes),
  );
  return { records, span: recovered.records, lastRecord, state, snapshot: snapshots[0], flaws };
}

async function readAll(
  storage: Storage,
  span: Recovered['records'],
  flaws: string[],
): Promise<readonly (readonly [LogIndex, Fingerprint])[]> {
  const found: (readonly [LogIndex, Fingerprint])[] = [];
  // From the very first index: nothing may be there that the open did not name.
  let from = 1;
  while (true) {
    const some: readonly LogRecord[] = await storage.read(from, 2 ** 48 - 1, pieceBytes);
    for (const { index, record } of some) {
      if (index < from) flaws.push(`record ${index} came when ${from} and more was asked for`);
      found.push([index, fingerprintOf(record)]);
      from = index + 1;
    }
    if (some.length === 0) break;
  }
  if (found[0]?.[0] !== span?.first || found.at(-1)?.[0] !== span?.last) {
    flaws.push('the records that can be read are not those that the open named');
  }
  return found;
}

async function readSnapshot(
  storage: Storage,
  info: SnapshotInfo,
  flaws: string[],
): Promise<ModelSnapshot> {
  const reader = await storage.snapshots.read(info.id);
  let bytes = 0;
  let checksum = 0;
  try {
    while (true) {
      const piece = await reader.read(bytes, pieceBytes);
      if (piece.length === 0) break;
      bytes += piece.length;
      checksum = crc32(piece, checksum);
    }
  } finally {
    await reader.close();
  }
  if (bytes !== info.bytes || checksum !== info.checksum) {
    flaws.push(`the content of snapshot ${info.id} is not what its description says`);
  }
  return {
    index: info.index,
    context: fingerprintOf(info.context),
    content: `${bytes}:${checksum.toString(16).padStart(8, '0')}`,
  };
}
