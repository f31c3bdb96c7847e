/**
 * Reads snapshots, whose format is in snapshot.ts, and believes nothing of what they say.
 *
 * The new state grows beside the old one and is handed out only when it is whole.
 */
import {
  ByteReader,
  CorruptError,
  equalBytes,
  ForeignDataError,
  type Runtime,
} from '@quorate/core';
import { hashBytes, hex } from './hashing.ts';
import { Ledger } from './ledger.ts';
import { maxRecordBytes } from './record.ts';
import { format, headerBytes, lengthBytes, magic, preambleBytes } from './snapshot.ts';

/** Records that are done again in one go: about a millisecond. */
const sliceRecords = 100;

/**
 * Reads a whole state.
 *
 * @param runtime lets others have a turn every 100 records; without one, only between chunks
 * @throws CorruptError if a check fails, ForeignDataError if it is no snapshot of this machine.
 */
export async function readSnapshot(
  chunks: AsyncIterable<Uint8Array>,
  runtime: Runtime | undefined,
): Promise<Ledger> {
  const reader = new SnapshotReader();
  for await (const chunk of chunks) {
    let left = chunk;
    while (left.length > 0) {
      left = reader.push(left, sliceRecords);
      if (left.length > 0 && runtime !== undefined) await nextTurn(runtime);
    }
  }
  return reader.finish();
}

/** Builds a ledger out of chunks, cut anywhere. */
class SnapshotReader {
  readonly #ledger = new Ledger();
  #part: 'preamble' | 'header' | 'length' | 'record' = 'preamble';
  #bytes = new Uint8Array(preambleBytes);
  #filled = 0;
  #length = 0;
  #head = new Uint8Array(hashBytes);

  /** Takes in a chunk until so many records are done, and returns what is left of it. */
  push(chunk: Uint8Array, records: number): Uint8Array {
    const until = this.#done + records;
    let at = 0;
    while (at < chunk.length && this.#done < until) {
      check(!this.#isWhole, 'something follows the end');
      const piece = chunk.subarray(at, at + this.#bytes.length - this.#filled);
      this.#bytes.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === this.#bytes.length) this.#take(this.#bytes);
    }
    return chunk.subarray(at);
  }

  finish(): Ledger {
    check(this.#isWhole, 'it is cut short');
    check(
      equalBytes(this.#ledger.state.journal.head, this.#head),
      `its records lead to the head ${hex(this.#ledger.state.journal.head)}, not ${hex(this.#head)}`,
    );
    return this.#ledger;
  }

  get #done(): number {
    return this.#ledger.state.journal.length;
  }

  get #isWhole(): boolean {
    return this.#part === 'length' && this.#filled === 0 && this.#done === this.#length;
  }

  #take(bytes: Uint8Array): void {
    switch (this.#part) {
      case 'preamble': {
        const reader = new ByteReader(bytes);
        if (reader.u32() !== magic) throw new ForeignDataError('not a snapshot of a ledger');
        const found = reader.u16();
        if (found !== format) {
          throw new ForeignDataError(
            `a snapshot has format ${String(found)}, this version reads ${String(format)}`,
          );
        }
        this.#expect('header', headerBytes);
        return;
      }
      case 'header': {
        const reader = new ByteReader(bytes);
        this.#length = reader.u48();
        this.#head = reader.raw(hashBytes).slice();
        this.#expect('length', lengthBytes);
        return;
      }
      case 'length': {
        const length = new ByteReader(bytes).u16();
        check(length > 0 && length <= maxRecordBytes, 'a record has a length that none has');
        this.#expect('record', length);
        return;
      }
      case 'record': {
        const record = this.#done;
        const problem = this.#ledger.replay(bytes);
        check(problem === undefined, `record ${String(record)}: ${problem ?? ''}`);
        this.#expect('length', lengthBytes);
        return;
      }
    }
  }

  #expect(part: 'header' | 'length' | 'record', bytes: number): void {
    this.#part = part;
    this.#bytes = new Uint8Array(bytes);
    this.#filled = 0;
  }
}

function check(holds: boolean, problem: string): asserts holds {
  if (!holds) {
    throw new CorruptError(`a snapshot is not sound, fetch it again: ${problem}`);
  }
}

function nextTurn(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => {
    runtime.nextTurn(resolve);
  });
}
