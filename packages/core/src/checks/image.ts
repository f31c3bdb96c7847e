/**
 * What the disk of one node holds, as checks see it: log records, the engine's state, and which snapshot
 * is current. What is in that snapshot is not kept: it belongs to whoever stands on the log.
 */
import { equalBytes } from '../bytes.ts';
import { crc32 } from '../checksum.ts';
import type { LogIndex } from '../ids.ts';
import type { LogRecord, Recovered, SnapshotInfo, StorageOp } from '../storage.ts';

/** A snapshot without its content. */
export type ImageSnapshot = Pick<SnapshotInfo, 'id' | 'index' | 'context'>;

/** What an {@link Image} is made of. */
export interface ImageContent {
  /** @default none */
  readonly state?: Uint8Array | undefined;
  /** In any order; of two at one index the later one stays. @default none */
  readonly records?: Iterable<LogRecord>;
  /** @default none */
  readonly snapshot?: ImageSnapshot | undefined;
}

/** What a disk holds, or would hold if everything were durable. */
export class Image {
  readonly #records = new Map<LogIndex, Uint8Array>();
  #first = 1;
  #last = 0;
  /** What the engine has put there last. */
  state: Uint8Array | undefined;
  /** The current one. */
  snapshot: ImageSnapshot | undefined;

  /** What somebody found on a disk, or puts there. The bytes are copied. */
  static of({ state, records = [], snapshot }: ImageContent): Image {
    const image = new Image();
    for (const { index, record } of records) image.#put(index, record);
    image.state = state?.slice();
    if (snapshot !== undefined) image.#publish(snapshot);
    return image;
  }

  /** Lowest index with a record; above `last` where there is none. */
  get first(): LogIndex {
    return this.#first;
  }

  /** Highest index with a record; 0 where there is none. */
  get last(): LogIndex {
    return this.#last;
  }

  /** How many records there are; fewer than from `first` to `last` where there are gaps. */
  get size(): number {
    return this.#records.size;
  }

  record(index: LogIndex): Uint8Array | undefined {
    return this.#records.get(index);
  }

  /**
   * What a storage says when it is opened.
   *
   * @param content of the snapshot. @default empty
   */
  recovered(content: Uint8Array = new Uint8Array(0)): Recovered {
    const some = this.#records.size > 0;
    return {
      state: this.state,
      records: some ? { first: this.#first, last: this.#last } : undefined,
      snapshot: this.snapshot && {
        ...this.snapshot,
        bytes: content.length,
        checksum: crc32(content),
      },
      lastRecord: some ? this.#records.get(this.#last) : undefined,
    };
  }

  /** Applies one atomic write. */
  apply(ops: readonly StorageOp[]): void {
    for (const op of ops) {
      switch (op.type) {
        case 'put':
          this.#put(op.index, op.record);
          break;
        case 'state':
          this.state = op.bytes.slice();
          break;
        case 'dropAfter':
          for (; this.#last > op.index && this.#records.size > 0; this.#last--) {
            this.#records.delete(this.#last);
          }
          while (this.#records.size > 0 && !this.#records.has(this.#last)) this.#last--;
          break;
        case 'dropBefore':
          for (; this.#first < op.index && this.#records.size > 0; this.#first++) {
            this.#records.delete(this.#first);
          }
          while (this.#records.size > 0 && !this.#records.has(this.#first)) this.#first++;
          break;
        case 'snapshot':
          this.#publish(op);
      }
      if (this.#records.size === 0) {
        this.#first = 1;
        this.#last = 0;
      }
    }
  }

  copy(): Image {
    const copy = new Image();
    for (const [index, record] of this.#records) copy.#records.set(index, record);
    copy.#first = this.#first;
    copy.#last = this.#last;
    copy.state = this.state;
    copy.snapshot = this.snapshot;
    return copy;
  }

  /** The bytes are copied, as a disk does: whoever changes them later changes only its own. */
  #put(index: LogIndex, record: Uint8Array): void {
    this.#records.set(index, record.slice());
    if (this.#records.size === 1) this.#first = this.#last = index;
    this.#first = Math.min(this.#first, index);
    this.#last = Math.max(this.#last, index);
  }

  #publish({ id, index, context }: ImageSnapshot): void {
    this.snapshot = { id, index, context: context.slice() };
  }
}

/** Whether two disks hold the same. */
export function sameImage(left: Image, right: Image): boolean {
  if (left.size !== right.size || left.first !== right.first || left.last !== right.last) {
    return false;
  }
  for (let index = left.first; index <= left.last; index++) {
    if (!sameBytes(left.record(index), right.record(index))) return false;
  }
  return (
    sameBytes(left.state, right.state) &&
    left.snapshot?.id === right.snapshot?.id &&
    left.snapshot?.index === right.snapshot?.index &&
    sameBytes(left.snapshot?.context, right.snapshot?.context)
  );
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : equalBytes(left, right);
}
