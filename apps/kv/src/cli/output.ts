/**
 * Keys and values as people can read them.
 */
import { valueToJson } from '../value-json.ts';

/** Text as it is if it is printable, otherwise quoted as in JSON. */
export function printable(text: string): string {
  return /^[^\p{C}"]*$/u.test(text) ? text : JSON.stringify(text);
}

/** A value as it is if it is printable text, otherwise quoted as in JSON, or in base64. */
export function printableValue(value: Uint8Array): string {
  const json = valueToJson(value);
  return 'value' in json ? printable(json.value) : `base64:${json.valueBase64}`;
}
