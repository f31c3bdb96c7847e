/**
 * Reading JSON that is not to be believed: a small set of checks that name the place of the mistake.
 */
import { describeError, InvalidArgumentError, MalformedError } from '@quorate/core';

/** A JSON object whose fields have not been looked at yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Parses text.
 *
 * @throws MalformedError if it is not JSON.
 */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MalformedError(`${what} is not JSON (${describeError(cause)})`, { cause });
  }
}

/**
 * The value as an object that has no other fields than these.
 *
 * An unknown field is refused: it is a misspelt one, whose effect somebody waits for.
 *
 * @throws InvalidArgumentError if it is something else.
 */
export function objectOf(value: unknown, what: string, fields?: readonly string[]): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError(`${what} must be a JSON object`);
  }
  const unknown = fields && Object.keys(value).find((name) => !fields.includes(name));
  if (unknown !== undefined) {
    throw new InvalidArgumentError(
      `${what} has an unknown field ${JSON.stringify(unknown)}; known are ${fields?.join(', ') ?? ''}`,
    );
  }
  return value as JsonObject;
}

/** @throws InvalidArgumentError if the value is not an array. */
export function arrayOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new InvalidArgumentError(`${what} must be a JSON array`);
  return value;
}

/** @throws InvalidArgumentError if the value is not a string. */
export function stringOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new InvalidArgumentError(`${what} must be a string`);
  return value;
}

/** @throws InvalidArgumentError if the value is not a whole number from `least` to `most`. */
export function integerOf(
  value: unknown,
  what: string,
  least: number = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least || value > most) {
    throw new InvalidArgumentError(`${what} must be ${rangeText(least, most)}`);
  }
  return value;
}

/** @throws InvalidArgumentError if the text is not a whole number from `least` to `most`. */
export function integerOfText(
  text: string,
  what: string,
  least: number = 0,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!/^\d{1,16}$/.test(text)) {
    throw new InvalidArgumentError(`${what} must be ${rangeText(least, most)}`);
  }
  return integerOf(Number(text), what, least, most);
}

/**
 * Bytes from standard base64.
 *
 * @throws InvalidArgumentError if the text is not base64: `Buffer.from` would skip what it does not know.
 */
export function bytesOfBase64(value: unknown, what: string): Uint8Array {
  const text = stringOf(value, what);
  const bytes = Buffer.from(text, 'base64');
  const canonical = bytes.toString('base64');
  if (canonical !== text && canonical.replace(/=+$/, '') !== text) {
    throw new InvalidArgumentError(`${what} is not base64`);
  }
  return bytes;
}

function rangeText(least: number, most: number): string {
  const bounds =
    most === Number.MAX_SAFE_INTEGER
      ? `of at least ${String(least)}`
      : `from ${String(least)} to ${String(most)}`;
  return `a whole number ${bounds}`;
}
