/**
 * What stands on the log in these tests: a state machine that is nothing but a checksum of all it
 * was given, so that any difference between two nodes shows at once and for ever.
 */
import { ByteReader, ByteWriter } from '@quorate/core';
import type { CommittedRecord } from '@quorate/core';
import { chained } from '@quorate/core/checks';

/** The state machine of one node. */
export class Consumer {
  readonly #headerBytes: number;
  /** Last index applied. */
  applied = 0;
  /** Checksum over everything applied. */
  chain = 0;

  constructor(headerBytes: number) {
    this.#headerBytes = headerBytes;
  }

  apply({ index, record }: CommittedRecord): void {
    if (index !== this.applied + 1) {
      throw new Error(`record ${String(index)} delivered after ${String(this.applied)}`);
    }
    this.chain = chained(this.chain, record, this.#headerBytes);
    this.applied = index;
  }

  snapshot(): Uint8Array {
    return new ByteWriter(10).u48(this.applied).u32(this.chain).take();
  }

  restore(content: Uint8Array): void {
    const reader = new ByteReader(content);
    this.applied = reader.u48();
    this.chain = reader.u32();
  }
}
