/**
 * What lies in the database. Format 1 is version 1 of the database, with three object stores:
 *
 *     meta      'fence'             generation (u48)
 *               'owner'             cluster, node, algorithm (strings)
 *               'head'              which records there must be, versions of state and snapshots
 *               'state'             version (u48), the engine's state
 *               'published'         version (u48), the published snapshots, newest first
 *     records   index               a record
 *     chunks    'fence'             generation (u48)
 *               'staged'            number (u48) and name of what is staged under a name
 *               [number, at]        a piece of a snapshot's content; an empty one if there is none
 *
 * A value is a CRC-32 over its place and its content, then the content: a value that ends up in
 * another place fails its check like a damaged one. That a value is missing, or an old one in its
 * place, is seen from the head, which is written in the same transaction.
 *
 * A value has a buffer of its own. A view would be stored with all of the buffer behind it.
 */
import {
  ByteReader,
  ByteWriter,
  CorruptError,
  crc32,
  describeError,
  type IndexSpan,
  type LogIndex,
  putU48,
  type SnapshotInfo,
  type StorageOwner,
  utf8,
} from '@quorate/core';
import { Presence } from './presence.ts';

/** The number of this format, and the version of the database. */
export const formatNumber = 1;

/** The object stores. */
export type StoreName = 'meta' | 'records' | 'chunks';
export const storeNames: readonly StoreName[] = ['meta', 'records', 'chunks'];

/** Keys of the values that are there once. */
export type NamedKey = 'fence' | 'owner' | 'head' | 'state' | 'published' | 'staged';

/** Content of a whole chunk. */
export const chunkBytes: number = 256 * 1024;

/** Chunks of so much content. One at least: a content that is gone is never taken for an empty one. */
export function chunkCount(bytes: number): number {
  return Math.max(Math.ceil(bytes / chunkBytes), 1);
}

const checksumBytes = 4;

/** Where a value lies: bytes for its checksum, and words for a message. */
export interface ValuePlace {
  readonly bytes: Uint8Array;
  name(): string;
}

export function namedPlace(store: StoreName, key: NamedKey): ValuePlace {
  const name = `${store}/${key}`;
  return { bytes: utf8(name), name: () => name };
}

export function recordPlace(index: LogIndex): ValuePlace {
  const bytes = new Uint8Array(7);
  putU48(new DataView(bytes.buffer), 0, index);
  bytes[6] = 1;
  return { bytes, name: () => `the record at index ${String(index)}` };
}

export function chunkPlace(number: number, at: number): ValuePlace {
  const bytes = new Uint8Array(13);
  const view = new DataView(bytes.buffer);
  putU48(view, 0, number);
  putU48(view, 6, at);
  bytes[12] = 2;
  return { bytes, name: () => `chunk ${String(at)} of snapshot ${String(number)}` };
}

/** The value to be stored for a content. */
export function seal({ bytes }: ValuePlace, content: Uint8Array): Uint8Array {
  const value = new Uint8Array(checksumBytes + content.length);
  value.set(content, checksumBytes);
  new DataView(value.buffer).setUint32(0, crc32(content, crc32(bytes)));
  return value;
}

/**
 * The content of a value that was stored.
 *
 * @throws CorruptError if it fails its check.
 */
export function unseal(place: ValuePlace, value: unknown): Uint8Array {
  // Not `instanceof`: the value may come from another realm.
  if (ArrayBuffer.isView(value) && value.byteLength >= checksumBytes) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    const content = bytes.subarray(checksumBytes);
    if (new ByteReader(bytes).u32() === crc32(content, crc32(place.bytes))) return content;
  }
  throw damaged(place, 'fails its check');
}

/** A value is not what it must be. */
export function damaged(place: ValuePlace, what: string): CorruptError {
  return new CorruptError(`${place.name()} ${what}; restore this node from its peers`);
}

/** What must be in the database. */
export interface Head {
  readonly presence: Presence;
  /** No record is larger; decides how many are fetched at once. */
  readonly largestRecordBytes: number;
  /** Number of the state that was written last; 0: none was. */
  readonly stateVersion: number;
  /** Number of the list of snapshots that was written last; 0: none was. */
  readonly publishedVersion: number;
}

export const emptyHead: Head = {
  presence: new Presence(),
  largestRecordBytes: 0,
  stateVersion: 0,
  publishedVersion: 0,
};

export function encodeHead(head: Head): Uint8Array {
  const { runs, knownFrom } = head.presence;
  const writer = new ByteWriter(64);
  writer.u48(head.stateVersion).u48(head.publishedVersion).u48(head.largestRecordBytes);
  writer.u48(knownFrom).u32(runs.length);
  for (const { first, last } of runs) writer.u48(first).u48(last);
  return writer.take();
}

export function decodeHead(content: Uint8Array): Head {
  return decode(namedPlace('meta', 'head'), content, (reader) => {
    const stateVersion = reader.u48();
    const publishedVersion = reader.u48();
    const largestRecordBytes = reader.u48();
    const knownFrom = reader.u48();
    const count = reader.count(12);
    const runs: IndexSpan[] = [];
    for (let at = 0; at < count; at++) runs.push({ first: reader.u48(), last: reader.u48() });
    const presence = new Presence(runs, knownFrom);
    return { presence, largestRecordBytes, stateVersion, publishedVersion };
  });
}

export function encodeGeneration(generation: number): Uint8Array {
  return new ByteWriter(6).u48(generation).take();
}

export function decodeGeneration(store: StoreName, content: Uint8Array): number {
  return decode(namedPlace(store, 'fence'), content, (reader) => reader.u48());
}

export function encodeOwner({ cluster, node, algorithm }: StorageOwner): Uint8Array {
  return new ByteWriter().string(cluster).string(node).string(algorithm).take();
}

export function decodeOwner(content: Uint8Array): StorageOwner {
  return decode(namedPlace('meta', 'owner'), content, (reader) => ({
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
  return decode(namedPlace('meta', 'state'), content, (reader) => ({
    version: reader.u48(),
    value: reader.raw(reader.left),
  }));
}

export function encodePublished(version: number, published: readonly SnapshotInfo[]): Uint8Array {
  const writer = new ByteWriter().u48(version).u32(published.length);
  for (const { id, index, bytes, checksum, context } of published) {
    writer.string(id).u48(index).u48(bytes).u32(checksum).bytes(context);
  }
  return writer.take();
}

export function decodePublished(content: Uint8Array): Versioned<readonly SnapshotInfo[]> {
  return decode(namedPlace('meta', 'published'), content, (reader) => {
    const version = reader.u48();
    const count = reader.count(24);
    const value: SnapshotInfo[] = [];
    for (let at = 0; at < count; at++) {
      const id = reader.string();
      const [index, bytes, checksum] = [reader.u48(), reader.u48(), reader.u32()];
      value.push({ id, index, context: reader.bytes().slice(), bytes, checksum });
    }
    return { version, value };
  });
}

/** What is staged under a name. */
export interface Staged {
  readonly number: number;
  readonly name: string;
}

export function encodeStaged({ number, name }: Staged): Uint8Array {
  return new ByteWriter().u48(number).string(name).take();
}

export function decodeStaged(content: Uint8Array): Staged {
  return decode(namedPlace('chunks', 'staged'), content, (reader) => ({
    number: reader.u48(),
    name: reader.string(),
  }));
}

/** Decodes a whole content; what passed its check and still makes no sense is damage too. */
function decode<T>(place: ValuePlace, content: Uint8Array, read: (reader: ByteReader) => T): T {
  try {
    const reader = new ByteReader(content);
    const decoded = read(reader);
    reader.end();
    return decoded;
  } catch (cause) {
    throw new CorruptError(
      `${place.name()} cannot be read: ${describeError(cause)}; restore this node from its peers`,
      { cause },
    );
  }
}
