/**
 * The records of all events, in order, with the hashes over them. Append only: what is written once is
 * never written again, so that whoever knows a length (a snapshot being written) can read up to it at
 * leisure while the journal grows.
 *
 * Records lie in pages of 1024, each behind its length (u16), which is how snapshots carry them.
 */
import { ByteWriter, invariant } from '@quorate/core';
import { HashChain } from './chain.ts';
import type { LedgerEvent } from './events.ts';
import { leafHash, leafPrefix, prefixedLeafHash } from './hashing.ts';
import { MerkleTree } from './merkle.ts';
import { recordIndex, recordTime, writeRecord } from './record.ts';

const pageBits = 10;
const pageRecords = 2 ** pageBits;
const lengthBytes = 2;
const firstPageBytes = 4096;
/** Largest piece that is handed out at once. */
const pieceBytes = 64 * 1024;

interface Page {
  bytes: Uint8Array;
  /** Where each record ends. */
  readonly ends: Uint32Array;
}

export class Journal {
  readonly #pages: Page[] = [];
  readonly #writer = new ByteWriter();
  readonly #chain = new HashChain((sequence) => leafHash(this.record(sequence)));
  readonly tree: MerkleTree = new MerkleTree((sequence) => leafHash(this.record(sequence)));
  #length = 0;
  #recordBytes = 0;

  /** Number of records. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of all records. */
  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** The hash chain over all records. */
  get head(): Uint8Array {
    return this.#chain.head;
  }

  /** The hash chain over the first records. */
  headAt(length: number): Uint8Array {
    return this.#chain.headAt(length);
  }

  append(event: LedgerEvent): void {
    invariant(event.sequence === this.#length, 'events are numbered without a gap');
    writeRecord(event, this.#writer.u8(leafPrefix));
    const prefixed = this.#writer.take();
    const leaf = prefixedLeafHash(prefixed);
    this.#store(prefixed.subarray(1));
    this.#chain.append(leaf);
    this.tree.append(leaf);
  }

  /** The bytes of a record; a view. */
  record(sequence: number): Uint8Array {
    const page = this.#pages[sequence >> pageBits];
    invariant(page !== undefined && sequence < this.#length, 'a record is read where one is');
    const at = sequence & (pageRecords - 1);
    return page.bytes.subarray(startOf(page, at) + lengthBytes, page.ends[at]);
  }

  /** The log index of a record. */
  indexOf(sequence: number): number {
    return recordIndex(this.record(sequence));
  }

  /** The log time of a record. */
  timeOf(sequence: number): number {
    return recordTime(this.record(sequence));
  }

  /** The first records, each behind its length, cut anywhere. The journal may grow meanwhile. */
  *pieces(length: number): Generator<Uint8Array, void, undefined> {
    for (let first = 0; first < length; first += pageRecords) {
      const page = this.#pages[first >> pageBits];
      invariant(page !== undefined, 'a journal has the pages of its length');
      const end = startOf(page, Math.min(length - first, pageRecords));
      for (let at = 0; at < end; at += pieceBytes) {
        yield page.bytes.subarray(at, Math.min(at + pieceBytes, end));
      }
    }
  }

  #store(record: Uint8Array): void {
    const at = this.#length & (pageRecords - 1);
    const page = at === 0 ? this.#newPage() : this.#pages.at(-1);
    invariant(page !== undefined, 'a record has a page');
    const start = startOf(page, at);
    const end = start + lengthBytes + record.length;
    if (end > page.bytes.length) page.bytes = resized(page.bytes, Math.max(end, 2 * start));
    page.bytes[start] = record.length >> 8;
    page.bytes[start + 1] = record.length & 0xff;
    page.bytes.set(record, start + lengthBytes);
    page.ends[at] = end;
    this.#length += 1;
    this.#recordBytes += record.length;
  }

  #newPage(): Page {
    const full = this.#pages.at(-1);
    if (full !== undefined) full.bytes = resized(full.bytes, startOf(full, pageRecords));
    // The next page will be about as long as this one: it need not grow to that step by step.
    const bytes = new Uint8Array(full?.bytes.length ?? firstPageBytes);
    const page = { bytes, ends: new Uint32Array(pageRecords) };
    this.#pages.push(page);
    return page;
  }
}

function startOf({ ends }: Page, at: number): number {
  return at === 0 ? 0 : (ends[at - 1] ?? 0);
}

function resized(bytes: Uint8Array, length: number): Uint8Array {
  const copy = new Uint8Array(length);
  copy.set(bytes.length > length ? bytes.subarray(0, length) : bytes);
  return copy;
}
