/**
 * What was written to a file and is not durable: which sectors, what they were before, and what a
 * power loss makes of them.
 *
 * After a sync that failed, what it should have written is clean in the cache like on Linux: it is
 * still read, no later sync writes it, and a power loss takes it.
 */
import type { PowerLoss } from './loss.ts';
import type { Sector } from './sector.ts';

/**
 * What a sector was before it was written last, oldest first: the durable one, and some in between,
 * which may have been written back at any time.
 */
type Versions = readonly [durable: Sector, ...between: Sector[]];

/** A sync that has not ended: what was written until it began. */
export interface SyncUnderway {
  readonly versions: Map<number, Versions>;
  readonly size: number;
  readonly cutTo: number;
}

/** The present sectors of a file. */
export interface Present {
  readonly size: number;
  at(number: number): Sector;
  put(number: number, sector: Sector): void;
}

/** So many versions between the durable one and the present one are remembered. */
const maxBetween = 3;
const fromHole: Versions = [undefined];
/** Of the sectors that were being written so many are garbage, where there is garbage. */
const garbledShare = 0.3;

/** The part of a file that is not durable. */
export class Unsynced {
  durableSize: number;
  /** Sectors that were written since the last sync began. */
  #dirty = new Map<number, Versions>();
  /** Sectors that a failed sync left behind, with what they are on the disk. */
  readonly #lost = new Map<number, Sector>();
  readonly #syncs: SyncUnderway[] = [];
  readonly #sectorBytes: number;
  /** The least size to which it was cut since the last sync began; `Infinity`: it was not. */
  #cutTo = Infinity;

  constructor(durableSize: number, sectorBytes: number) {
    this.durableSize = durableSize;
    this.#sectorBytes = sectorBytes;
  }

  /** It is cut to this size. */
  cut(size: number): void {
    this.#cutTo = Math.min(this.#cutTo, size);
  }

  /** A sector is about to be written. */
  remember(number: number, before: Sector): void {
    const versions = this.#dirty.get(number);
    if (versions !== undefined) {
      const [durable, ...between] = versions;
      this.#dirty.set(number, [durable, ...between.slice(1 - maxBetween), before]);
    } else if (this.#lost.has(number)) {
      // It is written as a whole, so also what a failed sync had left behind in it.
      this.#dirty.set(number, [this.#lost.get(number), before]);
      this.#lost.delete(number);
    } else {
      this.#dirty.set(number, before === undefined ? fromHole : [before]);
    }
  }

  /** The present version of a sector is on the disk. */
  forget(number: number): void {
    for (const versions of this.#generations()) versions.delete(number);
    this.#lost.delete(number);
  }

  /** What is durable of a sector, which is `present` now. */
  durable(number: number, present: Sector): Sector {
    for (const versions of this.#generations()) {
      const found = versions.get(number);
      if (found !== undefined) return found[0];
    }
    return this.#lost.has(number) ? this.#lost.get(number) : present;
  }

  /** Changes every version of a sector but the present one. */
  change(number: number, change: (sector: Sector) => Sector): void {
    for (const versions of this.#generations()) {
      const found = versions.get(number);
      if (found === undefined) continue;
      const [durable, ...between] = found;
      versions.set(number, [change(durable), ...between.map(change)]);
    }
    if (this.#lost.has(number)) this.#lost.set(number, change(this.#lost.get(number)));
  }

  /** What is written from here on is not covered by this sync. */
  beginSync(size: number): SyncUnderway {
    const sync = { versions: this.#dirty, size, cutTo: this.#cutTo };
    this.#dirty = new Map();
    this.#cutTo = Infinity;
    this.#syncs.push(sync);
    return sync;
  }

  endSync(sync: SyncUnderway): void {
    const at = this.#syncs.indexOf(sync);
    if (at < 0) return;
    // A sync also waits for what earlier ones are still writing.
    this.#syncs.splice(0, at + 1);
    this.durableSize = sync.size;
  }

  failSync(sync: SyncUnderway): void {
    for (const [number, versions] of this.#withdraw(sync)) this.#lost.set(number, versions[0]);
  }

  /** As if the sync had not begun. */
  dropSync(sync: SyncUnderway): void {
    for (const [number, versions] of this.#withdraw(sync)) this.#dirty.set(number, versions);
  }

  /** Power loss: puts into the present sectors what is left of them. @returns the size that is left. */
  lose(power: PowerLoss, present: Present): number {
    for (const sync of [...this.#syncs]) this.dropSync(sync);
    const { loss, random } = power;
    // Sometimes nearly all of it arrives, sometimes nearly nothing.
    const survival = random.pick([0.1, 0.5, 0.9]);
    const drawn = loss === 'partly' || loss === 'garbage';
    for (const [number, durable] of this.#lost) {
      // The system did not try to write it any more, so it is lost even if nothing else is.
      if (!drawn || !random.chance(survival)) present.put(number, durable);
    }
    let { size } = present;
    if (loss === 'unsynced') {
      for (const [number, [durable]] of this.#dirty) present.put(number, durable);
      size = this.durableSize;
    } else if (drawn) {
      size = this.#loseSome(power, survival, present);
    }
    this.#dirty.clear();
    this.#lost.clear();
    this.#cutTo = Infinity;
    this.durableSize = size;
    return size;
  }

  #loseSome(power: PowerLoss, survival: number, present: Present): number {
    const { loss, random } = power;
    // A cut happens as a whole or not at all; what lay behind it does not come back afterwards.
    const cutArrives = this.#cutTo >= this.durableSize || random.chance(0.5);
    for (const [number, versions] of this.#dirty) {
      const isBehind = number * this.#sectorBytes >= this.#cutTo;
      const written = present.at(number);
      if (isBehind && !cutArrives) {
        present.put(number, versions[0]);
      } else if (loss === 'garbage' && written !== undefined && random.chance(garbledShare)) {
        present.put(number, garbled(written, versions[0], power));
      } else if (!random.chance(survival)) {
        present.put(number, isBehind ? undefined : random.pick(versions));
      }
    }
    if (!cutArrives) return this.durableSize;
    const least = Math.min(this.durableSize, this.#cutTo);
    return random.pick([least, present.size, Math.floor(random.between(least, present.size))]);
  }

  #generations(): readonly Map<number, Versions>[] {
    if (this.#syncs.length === 0) return [this.#dirty];
    return [...this.#syncs.map(({ versions }) => versions), this.#dirty];
  }

  /** Takes a sync back. @returns the sectors that have not been written since it began. */
  #withdraw(sync: SyncUnderway): readonly (readonly [number, Versions])[] {
    const at = this.#syncs.indexOf(sync);
    if (at < 0) return [];
    const later = this.#generations().slice(at + 1);
    this.#syncs.splice(at, 1);
    // Nothing is known of a size after a sync that failed, and the next one may still write it.
    this.cut(sync.cutTo);
    const clean: (readonly [number, Versions])[] = [];
    for (const entry of sync.versions) {
      const [number, versions] = entry;
      const rewritten = later.find((others) => others.has(number));
      const after = rewritten?.get(number);
      if (rewritten === undefined || after === undefined) clean.push(entry);
      else rewritten.set(number, [...versions, ...after]);
    }
    return clean;
  }
}

function garbled(written: Uint8Array, durable: Sector, { garbage, random }: PowerLoss): Uint8Array {
  const copy = written.slice();
  let from = 0;
  let to = copy.length;
  if (garbage === 'bytes') {
    const differs = (at: number): boolean => copy[at] !== (durable?.[at] ?? 0);
    while (from < to && !differs(from)) from++;
    while (to > from && !differs(to - 1)) to--;
  }
  for (let at = from; at < to; at++) copy[at] = random.below(256);
  return copy;
}
