/**
 * The target of a request, taken apart: path and query.
 */
import { MalformedError } from '@quorate/core';

/** What a request asks for. */
export interface Target {
  /** Still percent-encoded. */
  readonly rawPath: string;
  readonly query: URLSearchParams;
}

/**
 * Takes a request target apart: `/path?query`, or with `http://host` in front of it, as proxies send
 * it (RFC 9112, section 3.2.2).
 *
 * @throws MalformedError if the query is not percent-encoded UTF-8: `URLSearchParams` would put
 * U+FFFD in its place, and the request would mean something else.
 */
export function parseTarget(target: string): Target {
  const local = target.replace(/^https?:\/\/[^/?]*/i, '');
  const mark = local.indexOf('?');
  const rawPath = mark < 0 ? local : local.slice(0, mark);
  const rawQuery = mark < 0 ? '' : local.slice(mark + 1);
  try {
    decodeURIComponent(rawQuery);
  } catch (cause) {
    throw new MalformedError('the query is not percent-encoded UTF-8', { cause });
  }
  return { rawPath, query: new URLSearchParams(rawQuery) };
}
