/**
 * The cheapest machine there is: it counts commands and keeps none. What is measured on it is
 * replication, not the work of a machine.
 */
import {
  type ByteReader,
  ByteWriter,
  type Codec,
  concatBytes,
  decode,
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

/** Answers each command, and the query, with how many there were. */
export class CountingMachine implements StateMachine<Uint8Array, number, undefined, number> {
  readonly commands: Codec<Uint8Array> = bytes;
  readonly results: Codec<number> = count;
  readonly queries: Codec<undefined> = nothing;
  readonly answers: Codec<number> = count;
  #count = 0;

  apply(): number {
    this.#count += 1;
    return this.#count;
  }

  query(): number {
    return this.#count;
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return chunkOf(new ByteWriter(8).u48(this.#count).take());
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const all: Uint8Array[] = [];
    for await (const chunk of chunks) all.push(chunk);
    this.#count = decode(count, concatBytes(all));
  }
}

async function* chunkOf(chunk: Uint8Array): AsyncGenerator<Uint8Array> {
  yield chunk;
}
