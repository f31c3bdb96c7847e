/**
 * Reading: one key or many, now or at a past revision, within a bound of bytes.
 */
import type { KvGet, KvRange, KvSelection } from './commands.ts';
import { isLive, type LiveVersion, type Version, versionAt } from './history.ts';
import { noLease } from './leases/none.ts';
import { maxAnswerBytes, versionOverheadBytes } from './limits.ts';
import type { KvGetAnswer, KvPair, KvRangeAnswer } from './results.ts';
import type { Store } from './store.ts';

const noValue = new Uint8Array(0);

/** What is left of `maxAnswerBytes` for the pairs of one result or answer. */
export class AnswerBudget {
  #left: number = maxAnswerBytes;

  /** Takes room for a pair, if there is enough. */
  take(key: string, valueBytes: number): boolean {
    const bytes = versionOverheadBytes + 3 * key.length + valueBytes;
    if (bytes > this.#left) return false;
    this.#left -= bytes;
    return true;
  }
}

/** The pair to answer with. Refers to the map's own copy of the value, which is never written again. */
export function pairOf(version: LiveVersion, keysOnly: boolean = false): KvPair {
  const { key, createRevision, modRevision, lease } = version;
  const value = keysOnly ? noValue : version.value;
  const pair = { key, value, createRevision, modRevision, version: version.version };
  return lease === noLease ? pair : { ...pair, lease };
}

/** Reads one key. A revision of 0 is the present; any other must be readable. */
export function readKey(store: Store, { key, revision }: KvGet): KvGetAnswer {
  const version = inForce(store.newest(key), revision);
  const at = revision === 0 ? store.revision : revision;
  return version === undefined
    ? { type: 'get', revision: at }
    : { type: 'get', revision: at, pair: pairOf(version) };
}

/** Reads keys in order. A revision of 0 is the present; any other must be readable. */
export function readRange(store: Store, query: KvRange, budget: AnswerBudget): KvRangeAnswer {
  const { selection, limit, reverse, keysOnly, revision } = query;
  const pairs: KvPair[] = [];
  let count = 0;
  for (const newest of store.scan(selection, reverse)) {
    const version = inForce(newest, revision);
    if (version === undefined) continue;
    count += 1;
    // Once something was left out, so is everything behind it: a page has no gaps.
    const next = count === pairs.length + 1 && pairs.length < limit;
    if (next && budget.take(version.key, keysOnly ? 0 : version.value.length)) {
      pairs.push(pairOf(version, keysOnly));
    } else if (!query.count) {
      break;
    }
  }
  const answer = {
    type: 'range',
    revision: revision === 0 ? store.revision : revision,
    pairs,
    more: count > pairs.length,
  } as const;
  return query.count ? { ...answer, count } : answer;
}

/** All that are there now, collected first so that the caller may change them. */
export function liveVersions(store: Store, selection: KvSelection): readonly LiveVersion[] {
  const found: LiveVersion[] = [];
  for (const version of store.scan(selection, false)) if (isLive(version)) found.push(version);
  return found;
}

function inForce(newest: Version | undefined, revision: number): LiveVersion | undefined {
  if (revision !== 0) return versionAt(newest, revision);
  return isLive(newest) ? newest : undefined;
}
