/**
 * Reads snapshots, whose format is in snapshot.ts, and believes nothing of what they say.
 *
 * The new state grows beside the old one and is handed out only when it is whole.
 */
import { ByteReader, CorruptError, crc32, ForeignDataError, MalformedError } from '@quorate/core';
import { keyProblem } from './keys.ts';
import { noLease } from './leases/none.ts';
import { maxKeyBytes, maxLeases, maxLeaseTtlMs, maxValueBytes, minLeaseTtlMs } from './limits.ts';
import {
  crcBytes,
  format,
  headBytes,
  kind,
  magic,
  maxBlockBytes,
  preambleBytes,
} from './snapshot.ts';
import { firstRevision, Store } from './store.ts';
import { noVersion } from './version-table.ts';

const hashDigits = 16;

/**
 * Reads a whole state.
 *
 * @throws CorruptError if a check fails, ForeignDataError if it is no snapshot of this machine.
 */
export async function readSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<Store> {
  const reader = new SnapshotReader();
  for await (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

/** Builds a store out of chunks, cut anywhere. Each part is gathered whole and checked, then believed. */
class SnapshotReader {
  #part: 'preamble' | 'head' | 'body' = 'preamble';
  #bytes: Uint8Array = new Uint8Array(preambleBytes);
  #filled = 0;
  #head: Uint8Array = new Uint8Array(0);
  #crc = 0;
  #lastKind = 0;
  #revision = 0;
  #compactRevision = 0;
  #store: Store | undefined;
  /** Revision of the change read last. */
  #changing = 0;
  #whole = false;

  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      check(!this.#whole, 'something follows the end');
      const piece = chunk.subarray(at, at + this.#bytes.length - this.#filled);
      this.#bytes.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#bytes.length) this.#take(this.#bytes);
    }
  }

  finish(): Store {
    const store = this.#store;
    if (!this.#whole || store === undefined) throw new CorruptError('a snapshot is cut short');
    return store;
  }

  #take(bytes: Uint8Array): void {
    switch (this.#part) {
      case 'preamble': {
        const reader = new ByteReader(bytes);
        if (reader.u32() !== magic) throw new ForeignDataError('not a snapshot of a key-value map');
        const found = reader.u16();
        if (found !== format) {
          throw new ForeignDataError(
            `a snapshot has format ${String(found)}, this version reads ${String(format)}`,
          );
        }
        this.#expect('head', headBytes);
        return;
      }
      case 'head': {
        const length = new ByteReader(bytes, 1).u32();
        check(length <= maxBlockBytes, 'a block is too long');
        this.#head = bytes;
        this.#expect('body', length + crcBytes);
        return;
      }
      case 'body': {
        const end = bytes.length - crcBytes;
        this.#crc = crc32(bytes.subarray(0, end), crc32(this.#head, this.#crc));
        check(new ByteReader(bytes, end).u32() === this.#crc, 'a block fails its checksum');
        this.#block(this.#head[0] ?? 0, new ByteReader(bytes.subarray(0, end)));
        this.#expect('head', headBytes);
        return;
      }
    }
  }

  #expect(part: 'head' | 'body', bytes: number): void {
    this.#part = part;
    this.#bytes = new Uint8Array(bytes);
    this.#filled = 0;
  }

  /** A checksum tells that bytes are those that were written, not that what was written is sound. */
  #block(blockKind: number, reader: ByteReader): void {
    const store = this.#store;
    check(
      (blockKind === kind.header) === (store === undefined),
      'the header is not the first block',
    );
    check(blockKind >= this.#lastKind && blockKind <= kind.end, 'a block is not where it belongs');
    this.#lastKind = blockKind;
    try {
      if (store === undefined) this.#readHeader(reader);
      else if (blockKind === kind.end) this.#readEnd(reader, store);
      else {
        while (reader.left > 0) {
          if (blockKind === kind.base) this.#readBase(reader, store);
          else if (blockKind === kind.changes) this.#readChange(reader, store);
          else this.#readLease(reader, store);
        }
      }
      reader.end();
    } catch (cause) {
      if (!(cause instanceof MalformedError)) throw cause;
      throw new CorruptError(`a snapshot is not sound: ${cause.message}`, { cause });
    }
  }

  #readHeader(reader: ByteReader): void {
    this.#revision = reader.u48();
    this.#compactRevision = reader.u48();
    check(
      firstRevision <= this.#compactRevision && this.#compactRevision <= this.#revision,
      'the revisions contradict each other',
    );
    this.#store = new Store(this.#compactRevision);
    this.#store.retain({ revisions: reader.u48(), bytes: reader.u48() });
    const clock = reader.u48();
    const next = reader.u48();
    check(next > noLease, 'the next lease has no number');
    this.#store.leases.load(clock, next);
  }

  #readBase(reader: ByteReader, store: Store): void {
    const key = readKey(reader);
    const value = reader.bytes(maxValueBytes);
    const createRevision = reader.u48();
    const modRevision = reader.u48();
    const position = reader.u32();
    const version = reader.u48();
    const lease = reader.u48();
    check(
      firstRevision < createRevision &&
        createRevision <= modRevision &&
        modRevision <= this.#compactRevision,
      'the revisions of a key contradict each other',
    );
    const changes = modRevision - createRevision;
    check(
      changes === 0 ? version === 1 : 1 < version && version <= changes + 1,
      'the version of a key contradicts its revisions',
    );
    const isNew = store.load({ key, value, createRevision, modRevision, position, version, lease });
    check(isNew, 'a key is there twice');
  }

  #readChange(reader: ByteReader, store: Store): void {
    const revision = reader.u48();
    if (revision !== this.#changing) {
      store.commit();
      check(
        revision === store.revision + 1 && revision <= this.#revision,
        'a revision is missing, doubled or misplaced',
      );
      this.#changing = revision;
    }
    const isPut = reader.boolean();
    const key = readKey(reader);
    const newest = store.newest(key);
    check(
      newest === noVersion || store.versions.modRevision(newest) !== revision,
      'a key changes twice in one revision',
    );
    if (isPut) {
      const value = reader.bytes(maxValueBytes);
      store.put(key, value, reader.u48());
      return;
    }
    const live = store.live(key);
    if (live === noVersion) throw new CorruptError('a snapshot deletes a key that is not there');
    store.delete(live);
  }

  /** Comes behind the changes: so nothing hung on a lease that was there at some time and has ended since. */
  #readLease(reader: ByteReader, store: Store): void {
    const lease = { id: reader.u48(), ttlMs: reader.u48(), expiresAt: reader.u48() };
    check(lease.id !== noLease, 'a lease has no number');
    check(
      minLeaseTtlMs <= lease.ttlMs && lease.ttlMs <= maxLeaseTtlMs,
      'a lease lives too short or too long',
    );
    check(store.leases.loadRecord(lease), 'a lease is there twice');
    check(store.leases.size <= maxLeases, 'there are too many leases');
  }

  #readEnd(reader: ByteReader, store: Store): void {
    store.commit();
    check(store.revision === this.#revision, 'changes are missing');
    check(store.compactRevision === this.#compactRevision, 'it holds more history than it retains');
    check(store.attachLeases(), 'a key has a lease that is not there, or full');
    check(reader.string(hashDigits) === store.hash(), 'its digest is another one');
    this.#whole = true;
  }
}

function readKey(reader: ByteReader): string {
  const key = reader.string(maxKeyBytes);
  check(keyProblem(key) === undefined, 'a key is empty');
  return key;
}

function check(holds: boolean, problem: string): asserts holds {
  if (!holds) throw new CorruptError(`a snapshot is not sound: ${problem}`);
}
