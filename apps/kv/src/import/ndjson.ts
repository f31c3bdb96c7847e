/**
 * NDJSON: one JSON object a line, `{"key":"…","value":"…"}`, or with `"valueBase64"` where the value
 * is not UTF-8. Export writes what import reads, so a value comes back byte for byte.
 */
import { fromUtf8, TooLargeError } from '@quorate/core';
import { objectOf, parseJson, stringOf } from '../json.ts';
import { valueOfJson, valueToJson, wellFormed } from '../value-json.ts';
import { readLines } from './lines.ts';
import {
  checkRecord,
  type FileRecord,
  type OnInvalid,
  readRecord,
  type RecordLimits,
} from './record.ts';

/** JSON needs up to six bytes for one (`\u0000`); the rest is for names and spaces. */
const worstEscape = 6;
const lineRoomBytes = 64 * 1024;

/**
 * The records of an NDJSON stream. Empty lines count as lines and nothing else.
 *
 * @throws ServiceError naming the line that is wrong, unless `onInvalid` takes note of it.
 */
export async function* readNdjson(
  source: AsyncIterable<Uint8Array>,
  limits: RecordLimits,
  onInvalid?: OnInvalid,
): AsyncGenerator<FileRecord, void, undefined> {
  const maxLineBytes = worstEscape * (limits.maxValueBytes + limits.maxKeyBytes) + lineRoomBytes;
  for await (const { number, bytes, cut } of readLines(source, maxLineBytes)) {
    if (isBlank(bytes)) continue;
    const read = (): FileRecord => {
      if (cut) throw new TooLargeError(`longer than ${String(maxLineBytes)} bytes`);
      return checkRecord(parseLine(fromUtf8(bytes), number), limits);
    };
    const record = readRecord(number, read, onInvalid);
    if (record !== undefined) yield record;
  }
}

/** One line, with its line feed. */
export function formatNdjson(key: string, value: Uint8Array): string {
  return `${JSON.stringify({ key, ...valueToJson(value) })}\n`;
}

function parseLine(text: string, line: number): FileRecord {
  const json = objectOf(parseJson(text, 'the record'), 'the record');
  const key = wellFormed(stringOf(json['key'], 'key'), 'key');
  return { key, value: valueOfJson(json, 'the record'), line };
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d);
}
