/**
 * Byte strings: texts as bytes and back, compared, joined. They are `Uint8Array` everywhere, so that the same code
 * runs in browsers.
 */
import { MalformedError } from './errors.ts';

const encoder: { encode(text: string): Uint8Array } = new TextEncoder();
// A byte order mark is a character like any other: without `ignoreBOM` (which means "do not treat it
// specially") a text that starts with U+FEFF would come back without it.
const decoder: { decode(bytes: Uint8Array): string } = new TextDecoder('utf-8', {
  fatal: true,
  ignoreBOM: true,
});

/** The UTF-8 bytes of a text. Half of a surrogate pair, which has none, becomes U+FFFD. */
export function utf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/**
 * Text from UTF-8 bytes.
 *
 * @throws MalformedError if they are not valid UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new MalformedError('text is not valid UTF-8', { cause });
  }
}

/** Tells whether two byte strings are equal. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && compareBytes(left, right) === 0;
}

/** Orders two byte strings lexicographically, a prefix first. Negative, zero or positive. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** Joins parts into one byte string; a single part comes back as it is. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(totalBytes(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Sum of the lengths of all parts. */
export function totalBytes(parts: readonly Uint8Array[]): number {
  let total = 0;
  for (const part of parts) total += part.length;
  return total;
}
