/**
 * Keys and values in the database. Format 2:
 *
 *     r <index u48>       a record
 *     ~format             u16, this format's number
 *     ~head.a, ~head.b    number of the batch, bounds of the log, versions of state and snapshots;
 *                         twice the same, in every batch
 *     ~owner              cluster, node, algorithm (strings)
 *     ~snapshot           version (u48), count (u16), then for each published snapshot, newest first:
 *                         id (string), index (u48), bytes (u48), checksum (u32), context
 *     ~state              version (u48), the engine's state
 *
 * A value is a CRC-32 over its key and its content, then the content: a value that ends up under
 * another key fails its check like a damaged one. A damaged *key* is harder to see: LevelDB does not
 * check its blocks when it reads, and would give the value before the last in its place, or none.
 * Hence the head: it says which records must be there, which version of state and snapshots is the
 * last, and it stands there twice, so that an old head does not go unnoticed either. The number of
 * its batch tells, together with the mark of the folder, whether both are old.
 *
 * Everything that is not a record sorts behind all records, because LevelDB compacts whole key
 * ranges: new records and the head then span none of the old records, which would otherwise be
 * rewritten with every compaction.
 */
import {
  ByteReader,
  ByteWriter,
  CorruptError,
  describeError,
  type LogIndex,
  type SnapshotInfo,
  type StorageOwner,
  utf8,
} from '@quorate/core';
import { crc32 } from '@quorate/files';
import type { Bounds } from './layout.ts';

/** The number of this format. */
export const formatVersion = 2;

/** Bytes that each value takes besides its content. */
export const valueOverheadBytes = 4;

const recordPrefix = 0x72;
const recordKeyBytes = 7;

/** Names of everything that is not a record. */
export type MetaName = 'format' | 'head' | 'headAgain' | 'owner' | 'snapshot' | 'state';

/** Keys of everything that is not a record. */
export const keys: Readonly<Record<MetaName, Uint8Array>> = {
  format: utf8('~format'),
  head: utf8('~head.a'),
  headAgain: utf8('~head.b'),
  owner: utf8('~owner'),
  snapshot: utf8('~snapshot'),
  state: utf8('~state'),
};

/** The key of a record. */
export function recordKey(index: LogIndex): Uint8Array {
  const key = Buffer.allocUnsafe(recordKeyBytes);
  key[0] = recordPrefix;
  key.writeUIntBE(index, 1, 6);
  return key;
}

/**
 * The index of a record's key.
 *
 * @throws CorruptError if it is no such key.
 */
export function recordIndex(key: Uint8Array): LogIndex {
  if (key.length !== recordKeyBytes || key[0] !== recordPrefix) {
    throw new CorruptError(
      `${describeKey(key)} is not the key of a record; restore this node from its peers`,
    );
  }
  return new ByteReader(key, 1).u48();
}

/** The value to be stored for a content under a key. */
export function seal(key: Uint8Array, content: Uint8Array): Uint8Array {
  const value = Buffer.allocUnsafe(valueOverheadBytes + content.length);
  value.writeUInt32BE(crc32(content, crc32(key)), 0);
  value.set(content, valueOverheadBytes);
  return value;
}

/**
 * The content of a value that was stored under a key.
 *
 * @throws CorruptError if it fails its check.
 */
export function unseal(key: Uint8Array, value: Uint8Array): Uint8Array {
  if (value.length >= valueOverheadBytes) {
    const content = new Uint8Array(
      value.buffer,
      value.byteOffset + valueOverheadBytes,
      value.byteLength - valueOverheadBytes,
    );
    if (new ByteReader(value).u32() === crc32(content, crc32(key))) return content;
  }
  throw new CorruptError(
    `the value of ${describeKey(key)} fails its check; restore this node from its peers`,
  );
}

/** What must be in the database. */
export interface Head {
  /** Number of the batch that it came with. */
  readonly batch: number;
  readonly live: Bounds | undefined;
  /** Number of the state that was written last; 0: none was. */
  readonly stateVersion: number;
  /** Number of the list of snapshots that was written last; 0: none was. */
  readonly snapshotVersion: number;
}

export const emptyHead: Head = { batch: 0, live: undefined, stateVersion: 0, snapshotVersion: 0 };

export function encodeHead({ batch, live, stateVersion, snapshotVersion }: Head): Uint8Array {
  return new ByteWriter(36)
    .u48(batch)
    .u48(live?.first ?? 1)
    .u48(live?.last ?? 0)
    .u48(live?.denseFrom ?? 1)
    .u48(stateVersion)
    .u48(snapshotVersion)
    .take();
}

export function decodeHead(content: Uint8Array): Head {
  return decode(keys.head, content, (reader) => {
    const batch = reader.u48();
    const live = { first: reader.u48(), last: reader.u48(), denseFrom: reader.u48() };
    return {
      batch,
      live: live.first <= live.last ? live : undefined,
      stateVersion: reader.u48(),
      snapshotVersion: reader.u48(),
    };
  });
}

export function encodeFormat(): Uint8Array {
  return new ByteWriter(2).u16(formatVersion).take();
}

export function decodeFormat(content: Uint8Array): number {
  return decode(keys.format, content, (reader) => reader.u16());
}

export function encodeOwner({ cluster, node, algorithm }: StorageOwner): Uint8Array {
  return new ByteWriter().string(cluster).string(node).string(algorithm).take();
}

export function decodeOwner(content: Uint8Array): StorageOwner {
  return decode(keys.owner, content, (reader) => ({
    cluster: reader.string(),
    node: reader.string(),
    algorithm: reader.string(),
  }));
}

/** Something that is there in one version. */
export interface Versioned<T> {
  readonly version: number;
  readonly value: T;
}

export function encodeState(version: number, state: Uint8Array): Uint8Array {
  return new ByteWriter(6 + state.length).u48(version).raw(state).take();
}

export function decodeState(content: Uint8Array): Versioned<Uint8Array> {
  return decode(keys.state, content, (reader) => ({
    version: reader.u48(),
    value: reader.raw(reader.left),
  }));
}

/** @param published newest first. */
export function encodeSnapshots(version: number, published: readonly SnapshotInfo[]): Uint8Array {
  const writer = new ByteWriter().u48(version).u16(published.length);
  for (const { id, index, bytes, checksum, context } of published) {
    writer.string(id).u48(index).u48(bytes).u32(checksum).bytes(context);
  }
  return writer.take();
}

export function decodeSnapshots(content: Uint8Array): Versioned<readonly SnapshotInfo[]> {
  return decode(keys.snapshot, content, (reader) => {
    const version = reader.u48();
    const value: SnapshotInfo[] = [];
    for (let left = reader.u16(); left > 0; left--) {
      const id = reader.string();
      const index = reader.u48();
      const bytes = reader.u48();
      const checksum = reader.u32();
      value.push({ id, index, bytes, checksum, context: reader.bytes() });
    }
    return { version, value };
  });
}

/** Decodes a whole content; what passed its check and still makes no sense is damage too. */
function decode<T>(key: Uint8Array, content: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(content);
    const decoded = read(reader);
    reader.end();
    return decoded;
  } catch (cause) {
    throw new CorruptError(
      `the value of ${describeKey(key)} cannot be read: ${describeError(cause)}; restore this node from its peers`,
      { cause },
    );
  }
}

function describeKey(key: Uint8Array): string {
  if (key.length === recordKeyBytes && key[0] === recordPrefix) {
    return `the record at index ${String(new ByteReader(key, 1).u48())}`;
  }
  return `key ${JSON.stringify(Buffer.from(key).toString('latin1'))}`;
}
