/** The content of one file as it is read, and the space that it takes. */
import type { PowerLoss } from './loss.ts';
import { cutSectors, headOf, isZero, type Medium, type Sector } from './sector.ts';
import { type SyncUnderway, Unsynced } from './unsynced.ts';

/** Content as it lies on the disk. */
export interface StoredContent {
  readonly size: number;
  readonly sectors: readonly Sector[];
}

/** The content of one file. */
export class Content {
  readonly #medium: Medium;
  readonly #sectors: Sector[] = [];
  readonly #unsynced: Unsynced;
  #size = 0;
  /** Sectors that take space. */
  #allocated = 0;
  #handles = 0;
  /** Whether a name stands for it. */
  #named = true;

  constructor(medium: Medium, stored: StoredContent = { size: 0, sectors: [] }) {
    this.#medium = medium;
    this.#unsynced = new Unsynced(stored.size, medium.sectorBytes);
    this.#size = stored.size;
    for (const [number, sector] of stored.sectors.entries()) this.#put(number, sector);
  }

  get size(): number {
    return this.#size;
  }

  get durableSize(): number {
    return this.#unsynced.durableSize;
  }

  /** What is durable now. */
  stored(): StoredContent {
    const { sectorBytes } = this.#medium;
    const size = this.durableSize;
    const sectors = Array.from({ length: Math.ceil(size / sectorBytes) }, (_, number) =>
      this.#unsynced.durable(number, this.#sectors[number]),
    );
    cutSectors(sectors, size, sectorBytes);
    return { size, sectors };
  }

  // Who uses it.

  /** It has one more open handle. */
  opened(): void {
    this.#handles++;
  }

  closed(): void {
    this.#handles--;
    this.#freeUnused();
  }

  /** It has lost its name, and lives as long as somebody has it open. */
  unlinked(): void {
    this.#named = false;
    this.#freeUnused();
  }

  // What is done with it.

  read(into: Uint8Array, position: number): number {
    const { sectorBytes } = this.#medium;
    const length = Math.min(into.length, Math.max(this.#size - position, 0));
    for (let at = 0; at < length; ) {
      const offset = (position + at) % sectorBytes;
      const taken = Math.min(sectorBytes - offset, length - at);
      const sector = this.#sectors[(position + at - offset) / sectorBytes];
      if (sector === undefined) into.fill(0, at, at + taken);
      else if (taken === sectorBytes) into.set(sector, at);
      else into.set(sector.subarray(offset, offset + taken), at);
      at += taken;
    }
    return length;
  }

  /** Writes up to `limit` bytes of the parts. @returns how many found room. */
  write(parts: readonly Uint8Array[], position: number, limit: number): number {
    const { sectorBytes } = this.#medium;
    const first = Math.floor(position / sectorBytes);
    const end = this.#roomUntil(first, position + limit);
    if (end <= position) return 0;
    const last = Math.ceil(end / sectorBytes) - 1;
    const from = first * sectorBytes;
    // One piece of memory for all sectors of a write.
    const slab = new Uint8Array((last - first + 1) * sectorBytes);
    const head = this.#sectors[first];
    if (head !== undefined) slab.set(head, 0);
    const tail = this.#sectors[last];
    if (tail !== undefined) slab.set(tail, last * sectorBytes - from);
    let at = position - from;
    for (const part of parts) {
      const left = end - from - at;
      if (left === 0) break;
      slab.set(part.length > left ? part.subarray(0, left) : part, at);
      at += Math.min(part.length, left);
    }
    for (let number = first; number <= last; number++) {
      const start = (number - first) * sectorBytes;
      const sector = slab.subarray(start, start + sectorBytes);
      this.#replace(number, isZero(sector) ? this.#medium.zeros : sector);
    }
    this.#size = Math.max(this.#size, end);
    return end - position;
  }

  /** Writes to the disk itself, past the cache: what a misdirected write does. */
  writeThrough(parts: readonly Uint8Array[], position: number, limit: number): void {
    const { sectorBytes } = this.#medium;
    const end = position + this.write(parts, position, limit);
    for (let number = Math.floor(position / sectorBytes); number * sectorBytes < end; number++) {
      this.#unsynced.forget(number);
    }
    this.#unsynced.durableSize = Math.max(this.durableSize, end);
  }

  truncate(size: number): void {
    const { sectorBytes } = this.#medium;
    if (size < this.#size) {
      this.#unsynced.cut(size);
      const kept = Math.ceil(size / sectorBytes);
      for (let number = kept; number < this.#sectors.length; number++) {
        if (this.#sectors[number] !== undefined) this.#replace(number, undefined);
      }
      const inLast = size % sectorBytes;
      const last = this.#sectors[kept - 1];
      if (inLast > 0 && last !== undefined) this.#replace(kept - 1, headOf(last, inLast));
      this.#sectors.length = Math.min(this.#sectors.length, kept);
    }
    this.#size = size;
  }

  beginSync(): SyncUnderway {
    return this.#unsynced.beginSync(this.#size);
  }

  endSync(sync: SyncUnderway): void {
    this.#unsynced.endSync(sync);
  }

  failSync(sync: SyncUnderway): void {
    this.#unsynced.failSync(sync);
  }

  dropSync(sync: SyncUnderway): void {
    this.#unsynced.dropSync(sync);
  }

  // What befalls it.

  /** Power loss; a name stands for it, and nobody has it open any more. */
  lose(power: PowerLoss): void {
    this.#size = this.#unsynced.lose(power, {
      size: this.#size,
      at: (number) => this.#sectors[number],
      put: (number, sector) => {
        this.#put(number, sector);
      },
    });
    cutSectors(this.#sectors, this.#size, this.#medium.sectorBytes);
    this.#handles = 0;
    this.#named = true;
    this.#allocated = this.#sectors.filter((sector) => sector !== undefined).length;
  }

  /** Space that it takes. */
  get allocatedBytes(): number {
    return this.#allocated * this.#medium.sectorBytes;
  }

  /** Flips a bit, on the disk and in the cache. */
  flip(at: number, bit: number): void {
    const { sectorBytes } = this.#medium;
    const number = Math.floor(at / sectorBytes);
    const flipped = (sector: Sector): Sector => {
      const copy = sector?.slice() ?? new Uint8Array(sectorBytes);
      const offset = at % sectorBytes;
      copy[offset] = (copy[offset] ?? 0) ^ (1 << bit);
      return copy;
    };
    this.#unsynced.change(number, flipped);
    if (at < this.#size) this.#put(number, flipped(this.#sectors[number]));
  }

  /** Where a write has to end for want of space. */
  #roomUntil(first: number, end: number): number {
    const { sectorBytes, capacityBytes, usedBytes } = this.#medium;
    if (capacityBytes === Infinity) return end;
    let free = Math.floor((capacityBytes - usedBytes) / sectorBytes);
    for (let number = first; number * sectorBytes < end; number++) {
      if (this.#sectors[number] === undefined && --free < 0) return number * sectorBytes;
    }
    return end;
  }

  #replace(number: number, sector: Sector): void {
    this.#unsynced.remember(number, this.#sectors[number]);
    this.#put(number, sector);
  }

  #put(number: number, sector: Sector): void {
    while (this.#sectors.length < number) this.#sectors.push(undefined);
    const before = this.#sectors[number];
    this.#sectors[number] = sector;
    const change = (sector === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    this.#allocated += change;
    this.#medium.usedBytes += change * this.#medium.sectorBytes;
  }

  #freeUnused(): void {
    if (!this.#named && this.#handles === 0) this.#medium.usedBytes -= this.allocatedBytes;
  }
}
