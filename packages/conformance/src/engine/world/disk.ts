/**
 * The disk of one node, with the semantics of core's `storage.ts`.
 *
 * Writes are atomic and become durable in order, some time after they were handed over. A crash
 * keeps a prefix of the writes under way, any prefix, and forgets the rest together with the
 * snapshots that were never published.
 */
import {
  crc32,
  type LogRecord,
  type Random,
  type Recovered,
  type SnapshotInfo,
  type StorageOp,
  type Write,
  type WriteId,
} from '@quorate/core';
import type { Conditions } from './conditions.ts';
import type { Schedule } from './schedule.ts';

/** A snapshot as a whole. */
export interface StoredSnapshot {
  readonly id: string;
  readonly index: number;
  /** The engine's bytes. */
  readonly context: Uint8Array;
  /** The consumer's bytes. */
  readonly content: Uint8Array;
}

function snapshotInfo({ id, index, context, content }: StoredSnapshot): SnapshotInfo {
  return { id, index, context, bytes: content.length, checksum: crc32(content) };
}

/** What a disk holds, or would hold if everything were durable. */
export class Image {
  readonly #records = new Map<number, Uint8Array>();
  #first = 1;
  #last = 0;
  state: Uint8Array | undefined;
  snapshot: StoredSnapshot | undefined;

  /** Lowest index with a record; above `last` where there is none. */
  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#last;
  }

  record(index: number): Uint8Array | undefined {
    return this.#records.get(index);
  }

  /** What a storage says when it is opened. */
  recovered(): Recovered {
    const some = this.#records.size > 0;
    return {
      state: this.state,
      records: some ? { first: this.#first, last: this.#last } : undefined,
      snapshot: this.snapshot && snapshotInfo(this.snapshot),
      lastRecord: some ? this.#records.get(this.#last) : undefined,
    };
  }

  /** Applies one atomic write. */
  apply(ops: readonly StorageOp[], content: (id: string) => Uint8Array): void {
    for (const op of ops) {
      switch (op.type) {
        case 'put':
          // Copied, as a disk does: whoever changes the bytes later changes only its own.
          this.#records.set(op.index, op.record.slice());
          if (this.#records.size === 1) this.#first = this.#last = op.index;
          this.#first = Math.min(this.#first, op.index);
          this.#last = Math.max(this.#last, op.index);
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
        case 'snapshot': {
          const { id, index } = op;
          this.snapshot = { id, index, context: op.context.slice(), content: content(id) };
        }
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
}

/** Who is told that a group of writes is durable, in ascending order. */
export type Durable = (ids: readonly WriteId[]) => void;

/** The disk of one node; outlives its crashes. */
export class SimDisk {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #conditions: Conditions;
  readonly #staged = new Map<string, Uint8Array>();
  #durable = new Image();
  #written = new Image();
  #waiting: Write[] = [];
  #syncing = false;
  #stalled = false;
  #life = 0;
  #snapshots = 0;
  #writes = 0;
  #onDurable: Durable = () => undefined;

  constructor(schedule: Schedule, random: Random, conditions: Conditions) {
    this.#schedule = schedule;
    this.#random = random;
    this.#conditions = conditions;
  }

  /** What survives a crash now for certain. */
  get durable(): Image {
    return this.#durable;
  }

  /** With everything that was handed over. */
  get written(): Image {
    return this.#written;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Puts content on the disk of a node that never ran. */
  fill(image: Image): void {
    this.#durable = image.copy();
    this.#written = image.copy();
  }

  /** Writes while nobody runs on it: durable at once. */
  rewrite(ops: readonly StorageOp[]): void {
    this.#durable.apply(ops, (id) => this.#contentOf(id));
    this.#written = this.#durable.copy();
    this.#staged.clear();
  }

  /** Begins a life: nothing is under way, and `onDurable` hears of its writes alone. */
  open(onDurable: Durable): Recovered {
    this.#onDurable = onDurable;
    return this.#durable.recovered();
  }

  /** Writes that were handed over so far, in all lives. */
  get writes(): number {
    return this.#writes;
  }

  /** Writes that were handed over and are not durable. */
  get underWay(): number {
    return this.#waiting.length;
  }

  write(write: Write): void {
    this.#writes += 1;
    this.#waiting.push(write);
    this.#written.apply(write.ops, (id) => this.#contentOf(id));
    this.#sync();
  }

  /**
   * Loses power: a prefix of what is under way made it, the rest never happened.
   *
   * @param keep how many writes made it. @default any number of them
   */
  crash(keep: number = this.#random.below(this.#waiting.length + 1)): void {
    const kept = this.#waiting.slice(0, keep);
    for (const write of kept) this.#durable.apply(write.ops, (id) => this.#contentOf(id));
    this.#life += 1;
    this.#waiting = [];
    this.#syncing = false;
    this.#staged.clear();
    this.#written = this.#durable.copy();
    this.#onDurable = () => undefined;
  }

  /** While stalled, no write becomes durable. */
  stall(stalled: boolean): void {
    this.#stalled = stalled;
    if (!stalled) this.#sync();
  }

  /** Makes a snapshot durable and invisible. */
  stage(content: Uint8Array): string {
    const id = `snapshot-${String(this.#life)}-${String(++this.#snapshots)}`;
    this.#staged.set(id, content);
    return id;
  }

  /**
   * Reads as a driver does beside its own writes: each read sees the disk with or without the
   * writes under way.
   */
  read(from: number, to: number, maxBytes: number): readonly LogRecord[] {
    const image = this.#random.chance(0.5) ? this.#durable : this.#written;
    const records: LogRecord[] = [];
    let bytes = 0;
    for (let index = Math.max(from, image.first); index <= Math.min(to, image.last); index++) {
      const record = image.record(index);
      if (record === undefined) continue;
      bytes += record.length;
      if (records.length > 0 && bytes > maxBytes) break;
      records.push({ index, record });
    }
    return records;
  }

  #sync(): void {
    if (this.#syncing || this.#stalled || this.#waiting.length === 0) return;
    this.#syncing = true;
    const life = this.#life;
    const group = 1 + this.#random.below(this.#waiting.length);
    const [from, to] = this.#conditions.syncMs;
    this.#schedule.after(this.#random.between(from, to), () => {
      this.#finish(life, group);
    });
  }

  #finish(life: number, group: number): void {
    if (life !== this.#life) return;
    this.#syncing = false;
    // A disk that stalls keeps what it was about to finish.
    if (this.#stalled) return;
    const writes = this.#waiting.splice(0, group);
    for (const write of writes) this.#durable.apply(write.ops, (id) => this.#contentOf(id));
    this.#sync();
    this.#onDurable(writes.map((write) => write.id));
  }

  #contentOf(id: string): Uint8Array {
    const content = this.#staged.get(id);
    if (content === undefined) throw new Error(`${id} was published and never staged`);
    return content;
  }
}
