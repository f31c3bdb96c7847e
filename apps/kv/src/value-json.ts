/**
 * Values in JSON: `"value"` holds text, `"valueBase64"` bytes that are not UTF-8. The same two fields
 * everywhere: answers, transactions, lines of import and export.
 */
import { MalformedError, utf8 } from '@quorate/core';
import { bytesOfBase64, stringOf } from './json.ts';

const loneSurrogate = /\p{Surrogate}/u;
// A byte order mark is data here; a decoder that drops it would change the value.
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** `{ value }` where the bytes are UTF-8, otherwise `{ valueBase64 }`. */
export function valueToJson(
  value: Uint8Array,
): { readonly value: string } | { readonly valueBase64: string } {
  try {
    return { value: strictUtf8.decode(value) };
  } catch {
    return { valueBase64: Buffer.from(value).toString('base64') };
  }
}

/**
 * The bytes of a value.
 *
 * @throws InvalidArgumentError | MalformedError if there is not exactly one of the two fields.
 */
export function valueOfJson(json: { readonly [name: string]: unknown }, what: string): Uint8Array {
  const { value, valueBase64 } = json as { value?: unknown; valueBase64?: unknown };
  if ((value === undefined) === (valueBase64 === undefined)) {
    throw new MalformedError(`${what} must have either value or valueBase64`);
  }
  return valueBase64 === undefined
    ? utf8(wellFormed(stringOf(value, `${what}: value`), `${what}: value`))
    : bytesOfBase64(valueBase64, `${what}: valueBase64`);
}

/**
 * The text unchanged if UTF-8 can express it.
 *
 * @throws MalformedError if it holds half a character, which would silently become U+FFFD.
 */
export function wellFormed(text: string, what: string): string {
  if (!loneSurrogate.test(text)) return text;
  throw new MalformedError(`${what} holds half of a surrogate pair, which is not a character`);
}
