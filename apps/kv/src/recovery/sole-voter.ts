/**
 * Copies what a node holds into another storage, where it is the only voter of its group.
 *
 * A copy and not a change in place: the old storage stays as it is, whatever happens, and the new one can
 * belong to another cluster.
 */
import {
  type Algorithm,
  CorruptError,
  type Member,
  type Recovered,
  type SnapshotInfo,
  type StagedSnapshot,
  type Storage,
} from '@quorate/core';

/** Bytes of records, or of a snapshot, that are held at once; a single record may be larger. */
const pageBytes = 1024 * 1024;

/** What is copied. */
export interface CopySetup<Message> {
  readonly algorithm: Algorithm<Message>;
  /** Open, and not to be changed. */
  readonly from: Pick<Storage, 'read' | 'snapshots'>;
  readonly recovered: Recovered;
  /** Open, and empty. */
  readonly to: Pick<Storage, 'write' | 'snapshots'>;
  readonly member: Member;
}

/**
 * Does it. Only the last write makes anything of what is in `to`.
 *
 * @returns how many records were copied.
 * @throws CorruptError if something cannot be read.
 * @throws InvalidArgumentError if there is nothing to go on from.
 */
export async function copyAsSoleVoter<Message>({
  algorithm,
  from,
  recovered,
  to,
  member,
}: CopySetup<Message>): Promise<number> {
  const { snapshot: info, records } = recovered;
  const snapshot = info && (await copySnapshot(from, to, info));
  const sole = algorithm.forceSoleVoter({ recovered, member, snapshot });
  for (let span = sole.unseen; span !== undefined; span = sole.unseen) {
    sole.see(await from.read(span.first, span.last, pageBytes));
  }
  let copied = 0;
  let next = Math.max(records?.first ?? 1, (info?.index ?? 0) + 1);
  const last = records?.last ?? 0;
  while (next <= last) {
    const page = await from.read(next, last, pageBytes);
    const end = page[page.length - 1];
    if (end === undefined) break;
    await to.write(page.map(({ index, record }) => ({ type: 'put', index, record })));
    copied += page.length;
    next = end.index + 1;
  }
  await to.write(sole.steps());
  return copied;
}

async function copySnapshot(
  from: Pick<Storage, 'snapshots'>,
  to: Pick<Storage, 'snapshots'>,
  { id, index, bytes, checksum }: SnapshotInfo,
): Promise<StagedSnapshot> {
  const reader = await from.snapshots.read(id);
  try {
    const writer = await to.snapshots.stage();
    for (;;) {
      const chunk = await reader.read(writer.bytes, pageBytes);
      if (chunk.length === 0) break;
      await writer.write(chunk);
    }
    if (writer.bytes !== bytes || writer.checksum !== checksum) {
      throw new CorruptError(
        `the snapshot at ${String(index)} reads as ${String(writer.bytes)} bytes that fail their check; go on with another node`,
      );
    }
    await writer.finish();
    return { id: writer.id, index };
  } finally {
    await reader.close();
  }
}
