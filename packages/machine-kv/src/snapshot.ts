/**
 * Snapshots: the map as it was at the compact revision, and the changes since, in order.
 *
 * Restoring does the changes again, with the code that did them first; versions, chains, history
 * and digest come out as they were, and there is no second description of them that could differ.
 *
 *     preamble   'QKVS', u16 format
 *     block      u8 kind, u32 length, so many bytes, u32 CRC of all that, continued from the block
 *                before: a block that is missing, doubled or misplaced is found too
 *     1 header   revision, compact revision, retained revisions, retained bytes, clock, next lease (u48 each)
 *     2 base     versions in force at the compact revision, each key once
 *     3 changes  revision, whether it is a put, key, value, lease
 *     4 leases   id, time to live in ms, when it runs out (u48 each); in the order of the ids
 *     5 end      digest of the state; nothing may follow
 *
 * Which keys hang on a lease is said by their newest versions. The lease (u48; 0: none) of an older version
 * may have ended since.
 *
 * Format 1 had no leases. No release wrote it, so it is not read.
 */
import { ByteWriter, crc32 } from '@quorate/core';
import type { FrozenStore } from './frozen.ts';
import { maxKeyBytes, maxValueBytes } from './limits.ts';
import type { Store } from './store.ts';
import type { VersionId } from './version-table.ts';

/** First bytes of every snapshot. */
export const magic = 0x514b_5653;
export const format = 2;
export const preambleBytes = 6;
/** Kind and length in front of a block, checksum behind it. */
export const headBytes = 5;
export const crcBytes = 4;
export const kind = { header: 1, base: 2, changes: 3, leases: 4, end: 5 } as const;

/** A block is closed once it has so many bytes. */
const blockBytes = 64 * 1024;

/** No block is longer: the last record of one may be a large one. */
export const maxBlockBytes: number = blockBytes + maxKeyBytes + maxValueBytes + 128;

type BlockKind = (typeof kind)[keyof typeof kind];

/** Writes the state in chunks of about 64 KiB, or as long as the value in it. */
export async function* writeSnapshot(
  store: Store,
  state: FrozenStore,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* writeState(store, state);
  } finally {
    state.release();
  }
}

function* writeState(store: Store, state: FrozenStore): Generator<Uint8Array, void, undefined> {
  const blocks = new BlockWriter();
  const { writer } = blocks;
  yield new ByteWriter(preambleBytes).u32(magic).u16(format).take();
  writer.u48(state.revision).u48(state.compactRevision);
  writer.u48(state.retention.revisions).u48(state.retention.bytes);
  writer.u48(state.leases.clock).u48(state.leases.next);
  yield blocks.close(kind.header);
  for (const id of state.base()) {
    writeBase(store, id, writer);
    if (blocks.isFull) yield blocks.close(kind.base);
  }
  if (!blocks.isEmpty) yield blocks.close(kind.base);
  for (const id of state.changes()) {
    writeChange(store, id, writer);
    if (blocks.isFull) yield blocks.close(kind.changes);
  }
  if (!blocks.isEmpty) yield blocks.close(kind.changes);
  for (const { id, ttlMs, expiresAt } of state.leases.records()) {
    writer.u48(id).u48(ttlMs).u48(expiresAt);
    if (blocks.isFull) yield blocks.close(kind.leases);
  }
  if (!blocks.isEmpty) yield blocks.close(kind.leases);
  writer.string(state.hash);
  yield blocks.close(kind.end);
}

function writeBase(store: Store, id: VersionId, writer: ByteWriter): void {
  const { versions } = store;
  writer
    .string(store.keyOf(id))
    .bytes(store.viewOfValue(id))
    .u48(versions.createRevision(id))
    .u48(versions.modRevision(id))
    .u32(versions.position(id))
    .u48(versions.version(id))
    .u48(versions.lease(id));
}

function writeChange(store: Store, id: VersionId, writer: ByteWriter): void {
  const { versions } = store;
  const isLive = versions.isLive(id);
  writer.u48(versions.modRevision(id)).boolean(isLive).string(store.keyOf(id));
  if (isLive) writer.bytes(store.viewOfValue(id)).u48(versions.lease(id));
}

/** Gathers records into blocks. */
class BlockWriter {
  readonly writer = new ByteWriter(blockBytes).skip(headBytes);
  #crc = 0;

  get isEmpty(): boolean {
    return this.writer.length === headBytes;
  }

  get isFull(): boolean {
    return this.writer.length >= blockBytes;
  }

  close(blockKind: BlockKind): Uint8Array {
    const block = this.writer.skip(crcBytes).take();
    const view = new DataView(block.buffer, block.byteOffset, block.length);
    const end = block.length - crcBytes;
    view.setUint8(0, blockKind);
    view.setUint32(1, end - headBytes);
    this.#crc = crc32(block.subarray(0, end), this.#crc);
    view.setUint32(end, this.#crc);
    this.writer.skip(headBytes);
    return block;
  }
}
