/**
 * The cheapest machine there is: it counts commands and keeps none. What is measured on it is
 * replication, not the work of a machine.
 *
 * It may have a state of any size, for the sake of its snapshots. That is made up while it is
 * written and looked through while it is read, and never in memory.
 */
import {
  ByteReader,
  ByteWriter,
  type Codec,
  MalformedError,
  type StateMachine,
} from '@quorate/core';

const bytes: Codec<Uint8Array> = {
  encode: (value, writer) => void writer.raw(value),
  decode: (reader: ByteReader) => reader.raw(reader.left),
};

const count: Codec<number> = {
  encode: (value, writer) => void writer.u48(value),
  decode: (reader) => reader.u48(),
};

const nothing: Codec<undefined> = {
  encode: () => undefined,
  decode: () => undefined,
};

const countBytes = 6;
/** The chunks of a snapshot that travel best. */
const chunkBytes = 64 * 1024;

/** Answers each command, and the query, with how many there were. */
export class CountingMachine implements StateMachine<Uint8Array, number, undefined, number> {
  readonly commands: Codec<Uint8Array> = bytes;
  readonly results: Codec<number> = count;
  readonly queries: Codec<undefined> = nothing;
  readonly answers: Codec<number> = count;
  readonly #stateBytes: number;
  #count = 0;

  /** @param stateBytes size of the state beside the count. */
  constructor(stateBytes: number = 0) {
    this.#stateBytes = stateBytes;
  }

  apply(): number {
    this.#count += 1;
    return this.#count;
  }

  query(): number {
    return this.#count;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return chunksOf(new ByteWriter(countBytes).u48(this.#count).take(), this.#stateBytes);
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let head = new ByteWriter(countBytes);
    let found = 0;
    for await (const chunk of chunks) {
      const missing = Math.max(countBytes - found, 0);
      if (missing > 0) head = head.raw(chunk.subarray(0, missing));
      found += chunk.length;
    }
    if (found !== countBytes + this.#stateBytes) {
      throw new MalformedError(`a state of ${found} bytes, not ${countBytes + this.#stateBytes}`);
    }
    this.#count = new ByteReader(head.take()).u48();
  }
}

async function* chunksOf(head: Uint8Array, stateBytes: number): AsyncGenerator<Uint8Array> {
  yield head;
  const chunk = new Uint8Array(chunkBytes).fill(0x78);
  for (let left = stateBytes; left > 0; left -= chunkBytes) {
    yield left < chunkBytes ? chunk.subarray(0, left) : chunk;
  }
}
