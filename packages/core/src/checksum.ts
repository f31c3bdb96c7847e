/**
 * CRC-32 (the polynomial of IEEE 802.3, as in zlib and PNG).
 *
 * Not CRC-32C: Node ≥ 20.15 has this one natively (`zlib.crc32`), so adapters on Node use the fast
 * one, browsers this one, and both read each other's frames. It finds accidents, not attackers.
 *
 * One trap in the native one: for an empty array it may forget the seed and return 0. Skip empty parts.
 */

const tables: readonly Uint32Array[] = makeTables();

/**
 * CRC-32 of `bytes`, continuing from `seed`: `crc32(b, crc32(a))` is the checksum of `a` then `b`.
 *
 * @returns an unsigned 32-bit integer.
 */
export function crc32(bytes: Uint8Array, seed: number = 0): number {
  const [t0, t1, t2, t3] = tables as readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = ~seed;
  let at = 0;
  // Four bytes a step (slicing-by-4, Kounavis and Berry 2005): about four times a byte at a time.
  for (const end = bytes.length - 3; at < end; at += 4) {
    crc ^=
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    crc =
      (t3[crc & 0xff] ?? 0) ^
      (t2[(crc >>> 8) & 0xff] ?? 0) ^
      (t1[(crc >>> 16) & 0xff] ?? 0) ^
      (t0[crc >>> 24] ?? 0);
  }
  for (; at < bytes.length; at++) {
    crc = (crc >>> 8) ^ (t0[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}

function makeTables(): readonly Uint32Array[] {
  const made = [0, 1, 2, 3].map(() => new Uint32Array(256));
  const [first] = made as [Uint32Array];
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    first[byte] = crc;
  }
  for (let slice = 1; slice < made.length; slice++) {
    const before = made[slice - 1] ?? first;
    made[slice]?.set(before.map((crc) => (crc >>> 8) ^ (first[crc & 0xff] ?? 0)));
  }
  return made;
}
