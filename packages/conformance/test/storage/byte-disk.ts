/**
 * A disk of a few named files that tells what was written from what is durable, loses power before
 * any operation in every way, and flips bits. Just enough for the storages that are wrong on purpose.
 *
 * Names are simpler than on a real disk: one is there with the first sync, and gone with its removal.
 */
import type { Random } from '@quorate/core';
import type { Loss } from '../../src/storage/index.ts';

/** What may be kept or lost by itself. */
const sectorBytes = 64;

type Change =
  | { readonly type: 'write'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly type: 'cut'; readonly bytes: number };

/** Bytes that grow at their end. */
class Content {
  size = 0;
  #bytes = new Uint8Array(256);

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.size);
  }

  apply(change: Change): void {
    if (change.type === 'cut') {
      this.#bytes.fill(0, change.bytes, this.size);
      this.size = Math.min(this.size, change.bytes);
      return;
    }
    const end = change.at + change.bytes.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(change.bytes, change.at);
    this.size = Math.max(this.size, end);
  }
}

class DiskFile {
  readonly written = new Content();
  readonly durable = new Content();
  synced = false;
  #unsynced: Change[] = [];

  change(change: Change): void {
    this.written.apply(change);
    this.#unsynced.push(change);
  }

  sync(): void {
    this.synced = true;
    for (const change of this.#unsynced) this.durable.apply(change);
    this.#unsynced = [];
  }

  /** What is left of it. */
  lose(loss: Loss, random: Random): DiskFile {
    const kept = loss === 'unsynced' ? [] : this.#unsynced;
    for (const change of kept) {
      if (loss === 'nothing') this.durable.apply(change);
      else if (change.type === 'cut') {
        if (random.chance(0.5)) this.durable.apply(change);
      } else {
        for (const sector of sectorsOf(change, loss, random)) this.durable.apply(sector);
      }
    }
    const file = new DiskFile();
    file.change({ type: 'write', at: 0, bytes: this.durable.bytes.slice() });
    file.sync();
    return file;
  }
}

/** The disk; it outlives the processes on it. */
export class ByteDisk {
  operations = 0;
  syncs = 0;
  crashed = false;
  failing = false;
  readonly #random: Random;
  readonly #files = new Map<string, DiskFile>();
  #armed: { readonly operation: number; readonly loss: Loss } | undefined;
  #process: Process | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  /** The process that works on it now; the one before lost it. `undefined`: it is taken. */
  start(): Process | undefined {
    if (this.#process !== undefined) return undefined;
    this.#process = new Process(this);
    return this.#process;
  }

  end(process: Process): void {
    if (this.#process === process) this.#process = undefined;
  }

  crashAt(nth: number, loss: Loss): void {
    this.crashed = false;
    this.#armed = { operation: this.operations + nth, loss };
  }

  /** @param silently whether the storages hear nothing any more, or an error. */
  crash(loss: Loss, silently: boolean = false): void {
    if (this.#process !== undefined) this.#process.fate = silently ? 'silent' : 'failing';
    this.#process = undefined;
    this.#armed = undefined;
    for (const [name, file] of this.#files) {
      if (!file.synced && loss !== 'nothing') this.#files.delete(name);
      else this.#files.set(name, file.lose(loss, this.#random));
    }
  }

  /** Begins an operation, unless it fails or the power goes. */
  begin(): void {
    this.operations++;
    if (this.#armed?.operation === this.operations) {
      this.crashed = true;
      this.crash(this.#armed.loss, this.#random.chance(0.5));
      throw new Error('the power is gone');
    }
    if (!this.failing) return;
    this.failing = false;
    throw new Error('input/output error (injected)');
  }

  get names(): readonly string[] {
    return [...this.#files.keys()].sort();
  }

  file(name: string): DiskFile | undefined {
    return this.#files.get(name);
  }

  made(name: string): DiskFile {
    const file = this.#files.get(name) ?? new DiskFile();
    this.#files.set(name, file);
    return file;
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  get storedBytes(): number {
    return this.names.reduce((sum, name) => sum + (this.file(name)?.written.size ?? 0), 0);
  }

  flipBit(at: number, bit: number): void {
    let left = at;
    for (const name of this.names) {
      const file = this.made(name);
      const { size, bytes } = file.written;
      if (left < size) {
        const flipped = Uint8Array.of((bytes[left] ?? 0) ^ (1 << bit));
        file.change({ type: 'write', at: left, bytes: flipped });
        file.sync();
        return;
      }
      left -= size;
    }
  }
}

/** What one process does to the disk. After a power loss it hears of errors, or of nothing. */
export class Process {
  fate: 'alive' | 'failing' | 'silent' = 'alive';
  readonly #disk: ByteDisk;

  constructor(disk: ByteDisk) {
    this.#disk = disk;
  }

  get names(): readonly string[] {
    return this.#disk.names;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    if (this.fate !== 'alive') return this.#lost();
    return this.#disk.file(name)?.written.bytes.slice();
  }

  async write(name: string, at: number, bytes: Uint8Array): Promise<void> {
    return this.#operate(() => {
      this.#disk.made(name).change({ type: 'write', at, bytes: bytes.slice() });
    });
  }

  async cut(name: string, bytes: number): Promise<void> {
    return this.#operate(() => {
      this.#disk.made(name).change({ type: 'cut', bytes });
    });
  }

  async sync(name: string): Promise<void> {
    return this.#operate(() => {
      this.#disk.syncs++;
      this.#disk.made(name).sync();
    });
  }

  async remove(name: string): Promise<void> {
    return this.#operate(() => {
      this.#disk.remove(name);
    });
  }

  end(): void {
    this.#disk.end(this);
  }

  #lost(): Promise<never> {
    return this.fate === 'silent'
      ? new Promise(() => undefined)
      : Promise.reject(new Error('the power is gone'));
  }

  async #operate(run: () => void): Promise<void> {
    if (this.fate !== 'alive') return this.#lost();
    this.#disk.begin();
    run();
    // The answer comes later, and others may ask meanwhile.
    await Promise.resolve();
  }
}

/** Those sectors of a write that reached the disk, whole or as garbage. */
function sectorsOf(
  { at, bytes }: Change & { readonly type: 'write' },
  loss: Loss,
  random: Random,
): readonly Change[] {
  const changes: Change[] = [];
  for (let from = 0; from < bytes.length; from += sectorBytes) {
    if (random.chance(0.4)) continue;
    const sector = bytes.slice(from, from + sectorBytes);
    if (loss === 'garbage' && random.chance(0.3)) {
      sector.forEach((_byte, index) => (sector[index] = random.below(256)));
    }
    changes.push({ type: 'write', at: at + from, bytes: sector });
  }
  return changes;
}
