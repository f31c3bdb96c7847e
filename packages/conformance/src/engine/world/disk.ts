/**
 * The disk of one node, with the semantics of core's `storage.ts`.
 *
 * Writes are atomic and become durable in order, some time after they were handed over. A crash
 * keeps a prefix of the writes under way, any prefix, and forgets the rest together with the
 * snapshots that were never published.
 */
import type { LogRecord, Random, Recovered, StorageOp, Write, WriteId } from '@quorate/core';
import { Image, type ImageSnapshot } from '@quorate/core/checks';
import type { Conditions } from './conditions.ts';
import type { Schedule } from './schedule.ts';

/** A snapshot as a whole. */
export interface StoredSnapshot extends ImageSnapshot {
  /** The consumer's bytes. */
  readonly content: Uint8Array;
}

/** Who is told that a group of writes is durable, in ascending order. */
export type Durable = (ids: readonly WriteId[]) => void;

/** The disk of one node; outlives its crashes. */
export class SimDisk {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #conditions: Conditions;
  /** What may be published in this life. */
  readonly #staged = new Map<string, Uint8Array>();
  /** What was published, by its id. */
  readonly #contents = new Map<string, Uint8Array>();
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

  /** The current snapshot, as far as it is durable. */
  get snapshot(): StoredSnapshot | undefined {
    const { snapshot } = this.#durable;
    if (snapshot === undefined) return undefined;
    const content = this.#contents.get(snapshot.id);
    if (content === undefined)
      throw new Error(`${snapshot.id} is current, and its content is gone`);
    return { ...snapshot, content };
  }

  /** What a storage says when it is opened. */
  recovered(): Recovered {
    return this.#durable.recovered(this.snapshot?.content);
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /**
   * Puts something on the disk of a node that does not run, in the place of all that was there.
   *
   * @param content of the snapshot in it. @default empty
   */
  fill(image: Image, content: Uint8Array = new Uint8Array(0)): void {
    this.#durable = image.copy();
    this.#written = image.copy();
    this.#staged.clear();
    this.#contents.clear();
    if (image.snapshot !== undefined) this.#contents.set(image.snapshot.id, content);
  }

  /** Writes while nobody runs on it: durable at once. */
  rewrite(ops: readonly StorageOp[]): void {
    this.#publish(ops);
    this.#durable.apply(ops);
    this.#written = this.#durable.copy();
    this.#forget();
  }

  /** Begins a life: nothing is under way, and `onDurable` hears of its writes alone. */
  open(onDurable: Durable): Recovered {
    this.#onDurable = onDurable;
    return this.recovered();
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
    this.#publish(write.ops);
    this.#written.apply(write.ops);
    this.#sync();
  }

  /**
   * Loses power: a prefix of what is under way made it, the rest never happened.
   *
   * @param keep how many writes made it. @default any number of them
   */
  crash(keep: number = this.#random.below(this.#waiting.length + 1)): void {
    const kept = this.#waiting.slice(0, keep);
    for (const write of kept) this.#durable.apply(write.ops);
    this.#life += 1;
    this.#waiting = [];
    this.#syncing = false;
    this.#forget();
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
    for (const write of writes) this.#durable.apply(write.ops);
    this.#sync();
    this.#onDurable(writes.map((write) => write.id));
  }

  #publish(ops: readonly StorageOp[]): void {
    for (const op of ops) {
      if (op.type !== 'snapshot') continue;
      const content = this.#staged.get(op.id);
      if (content === undefined) throw new Error(`${op.id} was published and never staged`);
      this.#contents.set(op.id, content);
    }
  }

  /** Only what is current outlives a life. */
  #forget(): void {
    const { snapshot } = this;
    this.#staged.clear();
    this.#contents.clear();
    if (snapshot !== undefined) this.#contents.set(snapshot.id, snapshot.content);
  }
}
