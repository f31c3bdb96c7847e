/**
 * JSON bodies of strangers. `JSON.parse` runs to its end in one go, and a few megabytes of nothing
 * but brackets or names take it the better part of a second: long enough for a leader to lose its
 * place. So the structure is counted before it is built.
 */
import { fromUtf8, TooLargeError } from '@quorate/core';
import { parseJson } from '../json.ts';
import type { HttpRequest } from './reply.ts';

/** Room for any request that is not a transaction. */
export const maxSmallJsonBytes: number = 64 * 1024;
/** Brackets, commas and colons outside of texts. The largest transaction has some 5 500. */
export const maxJsonMarks: number = 8_192;

/**
 * The body as JSON. An absent one is `{}`, so that `curl -X POST` is enough where nothing is needed.
 *
 * @throws TooLargeError if it has more than `maxBytes`, or more structure than any request needs.
 * @throws MalformedError if it is not JSON.
 */
export async function jsonBody(
  request: HttpRequest,
  maxBytes: number = maxSmallJsonBytes,
): Promise<unknown> {
  const bytes = await request.body(maxBytes);
  if (bytes.length === 0) return {};
  refuseBombs(bytes);
  return parseJson(fromUtf8(bytes), 'the body');
}

const [quote, backslash] = [0x22, 0x5c];
const marks: ReadonlySet<number> = new Set(Buffer.from('{[,:'));

function refuseBombs(bytes: Uint8Array): void {
  let found = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (inText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inText = false;
    } else if (byte === quote) inText = true;
    else if (marks.has(byte) && ++found > maxJsonMarks) {
      throw new TooLargeError(
        `the body has more than ${String(maxJsonMarks)} elements; no request needs as many`,
      );
    }
  }
}
