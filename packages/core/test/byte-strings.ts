/** Byte strings for tests. */

export function filled(length: number, value: number): Uint8Array {
  return new Uint8Array(length).fill(value);
}

export function bigEndian(value: number, bytes: number): Buffer {
  const digits = BigInt(value)
    .toString(16)
    .padStart(2 * bytes, '0');
  return Buffer.from(digits, 'hex');
}

/** Byte strings as texts, one character a byte: tests compare those much faster. */
export function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
