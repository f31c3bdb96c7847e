/**
 * Keys: well-formed Unicode, ordered by code point, which is the order of their UTF-8 bytes.
 *
 * JavaScript's `<` compares UTF-16 units, and there a character beyond U+FFFF (a surrogate pair,
 * D800 to DFFF) comes before U+E000 to U+FFFF. A map ordered that way would be in another order than
 * every client in another language expects, and its prefixes would still look right in tests.
 */
import { maxKeyBytes } from './limits.ts';

/** First UTF-16 unit whose place in the two orders differs. */
const firstSurrogate = 0xd800;
const lastCodePoint = 0x10ffff;

/** Length of a text in UTF-8, or -1 if it holds half a surrogate pair and so has no UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit < firstSurrogate || unit >= 0xe000) bytes += 2;
    else {
      const low = text.charCodeAt(at + 1);
      if (unit >= 0xdc00 || !(low >= 0xdc00 && low < 0xe000)) return -1;
      bytes += 2;
      at += 1;
    }
  }
  return bytes;
}

/** What is wrong with a key, or nothing. */
export function keyProblem(key: string): string | undefined {
  return key === '' ? 'a key is empty; give it at least one character' : boundProblem(key);
}

/** What is wrong with the bound of a range or with a prefix, or nothing. The empty text is fine. */
export function boundProblem(bound: string): string | undefined {
  const bytes = utf8Length(bound);
  if (bytes < 0) return 'a key holds half a surrogate pair; keys are well-formed Unicode';
  if (bytes > maxKeyBytes) {
    return `a key of ${String(bytes)} bytes is over maxKeyBytes, ${String(maxKeyBytes)}; shorten it`;
  }
  return undefined;
}

/** Orders two texts by code point. Negative, zero or positive. */
export function compareCodePoints(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let at = 0; at < shared; at++) {
    const leftUnit = left.charCodeAt(at);
    const rightUnit = right.charCodeAt(at);
    if (leftUnit !== rightUnit) return codePointRank(leftUnit) - codePointRank(rightUnit);
  }
  return left.length - right.length;
}

/**
 * The first text behind all that start with `prefix`, by code point; undefined if none is.
 *
 * Works on code points and not on bytes, so the bound is text too: after U+D7FF comes U+E000.
 */
export function prefixEnd(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0);
  for (;;) {
    const last = points.pop();
    if (last === undefined) return undefined;
    if (last === lastCodePoint) continue;
    const next = last + 1 === firstSurrogate ? 0xe000 : last + 1;
    return String.fromCodePoint(...points, next);
  }
}

/**
 * The order of one set of keys, as fast as the keys in it allow.
 *
 * The two orders differ only between two texts that both hold a unit from D800 on. So as long as no
 * key of the set holds one, `<` is right, for looking up any text whatever; it is several times as
 * fast as a loop. The first such key switches the set to the loop, for good. Both orders agree on
 * the keys that are already there, so nothing has to be sorted again.
 */
export class KeyOrder {
  #plain = true;

  readonly compare = (left: string, right: string): number => {
    if (left === right) return 0;
    if (this.#plain) return left < right ? -1 : 1;
    return compareCodePoints(left, right);
  };

  /** Must be told of each key before it joins the set. `bytes`: its length in UTF-8. */
  admit(key: string, bytes: number): void {
    if (!this.#plain || bytes === key.length) return;
    for (let at = 0; at < key.length; at++) {
      if (key.charCodeAt(at) >= firstSurrogate) {
        this.#plain = false;
        return;
      }
    }
  }
}

/** Moves surrogates behind E000 to FFFF, where the characters that they stand for belong. */
function codePointRank(unit: number): number {
  if (unit < firstSurrogate) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
