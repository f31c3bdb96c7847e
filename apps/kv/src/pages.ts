/**
 * Keys in order, a page at a time: what the map is asked for, and what of its answer belongs to the page. The next
 * page goes on behind the last key of the one before, at its revision.
 */
import { InvalidArgumentError } from '@quorate/core';
import { kv, type KvPair, type KvRange, type KvRangeAnswer } from '@quorate/machine-kv';

/** Which page. */
export interface PageRequest {
  /** Keys that start with this. */
  readonly prefix: string;
  /** The last key of the page before; `undefined`: this is the first page. */
  readonly after: string | undefined;
  /** Most pairs, below `maxRangeLimit`. */
  readonly limit: number;
  /** The revision to read at; 0: now. */
  readonly revision: number;
  readonly keysOnly: boolean;
  /** Whether to count all keys; on the first page only. */
  readonly count: boolean;
}

/** A page. */
export interface KvPage {
  readonly pairs: readonly KvPair[];
  readonly more: boolean;
}

/** @throws InvalidArgumentError if `after` is no key of such a page. */
export function pageQuery(request: PageRequest): KvRange {
  const { prefix, after, limit, revision, keysOnly, count } = request;
  if (after === undefined) return kv.range({ prefix, limit, revision, keysOnly, count });
  if (!after.startsWith(prefix)) {
    throw new InvalidArgumentError(
      'after must be a key of the page before: it does not have the prefix',
    );
  }
  // One pair more than asked for: the one that the page goes on from.
  return kv.range({ from: after, limit: limit + 1, revision, keysOnly });
}

/**
 * Leaves out the pair that the page goes on from, and what lies behind the prefix: the range was
 * read without an end. (A bound just behind `after` could be longer than a key may be.)
 */
export function pageOf({ pairs, more }: KvRangeAnswer, request: PageRequest): KvPage {
  const { prefix, after, limit } = request;
  if (after === undefined) return { pairs, more };
  const behind = pairs[0]?.key === after ? pairs.slice(1) : pairs;
  const end = behind.findIndex(({ key }) => !key.startsWith(prefix));
  const within = end < 0 ? behind : behind.slice(0, end);
  const page = within.slice(0, limit);
  return { pairs: page, more: page.length < within.length || (end < 0 && more) };
}
