/**
 * A sector of the simulated disk. It is never changed, only replaced: so a version of a sector is a
 * reference, an image of the whole disk a list of them, and remembering what was durable copies
 * nothing.
 */

/** `undefined`: a hole, which reads as zeros and takes no space. */
export type Sector = Uint8Array | undefined;

/** What all contents of one disk share. */
export interface Medium {
  readonly sectorBytes: number;
  readonly capacityBytes: number;
  /** A sector of zeros, which takes space on the disk and none in memory. */
  readonly zeros: Uint8Array;
  /** Space that is taken by files with a name or an open handle. */
  usedBytes: number;
}

/** The first bytes of a sector, and zeros. */
export function headOf(sector: Uint8Array, bytes: number): Uint8Array {
  const copy = new Uint8Array(sector.length);
  copy.set(sector.subarray(0, bytes));
  return copy;
}

export function isZero(sector: Uint8Array): boolean {
  for (let at = 0; at < sector.length; at++) if (sector[at] !== 0) return false;
  return true;
}

/**
 * Cuts the sectors of a file behind its end: when it grows again, zeros come to light there, and not
 * what was cut.
 */
export function cutSectors(sectors: Sector[], size: number, sectorBytes: number): void {
  sectors.length = Math.min(sectors.length, Math.ceil(size / sectorBytes));
  const inLast = size % sectorBytes;
  const at = Math.floor(size / sectorBytes);
  const last = sectors[at];
  if (inLast > 0 && last !== undefined) sectors[at] = headOf(last, inLast);
}
