/** Texts of a few characters, as keys and names are. */
import { fromUtf8 } from './bytes.ts';

/** First character that takes more than one byte in UTF-8. */
export const firstBeyondAscii = 0x80;

/** Longest text that is read without the decoder. */
const maxShort = 32;
/** For each length of a short text: where its characters are gathered. */
const codes: readonly number[][] = Array.from({ length: maxShort + 1 }, (_, length) =>
  Array.from({ length }, () => 0),
);

/**
 * Text from `length` bytes of UTF-8, which there must be, from an offset on. Most keys and names are short, and in
 * ASCII: they take half the time that the decoder and its view take.
 *
 * @throws MalformedError if they are not valid UTF-8.
 */
export function textAt(bytes: Uint8Array, offset: number, length: number): string {
  const gathered = codes[length];
  return gathered !== undefined && gather(bytes, offset, gathered)
    ? String.fromCharCode(...gathered)
    : fromUtf8(new Uint8Array(bytes.buffer, bytes.byteOffset + offset, length));
}

/** Whether all of them are in ASCII. */
function gather(bytes: Uint8Array, offset: number, into: number[]): boolean {
  for (let at = 0; at < into.length; at++) {
    const byte = bytes[offset + at] ?? 0;
    if (byte >= firstBeyondAscii) return false;
    into[at] = byte;
  }
  return true;
}
