/**
 * Reading: one key or many, now or at a past revision, within a bound of bytes.
 */
import type { KvGet, KvRange, KvSelection } from './commands.ts';
import { noLease } from './leases/none.ts';
import { maxAnswerBytes, versionOverheadBytes } from './limits.ts';
import type { KvGetAnswer, KvPair, KvRangeAnswer } from './results.ts';
import type { Store } from './store.ts';
import { noVersion, type VersionId } from './version-table.ts';

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

/** The pair to answer with, of a live version. */
export function pairOf(store: Store, id: VersionId, keysOnly: boolean = false): KvPair {
  const { versions } = store;
  const pair = {
    key: store.keyOf(id),
    value: keysOnly ? noValue : store.copyOfValue(id),
    createRevision: versions.createRevision(id),
    modRevision: versions.modRevision(id),
    version: versions.version(id),
  };
  const lease = versions.lease(id);
  return lease === noLease ? pair : { ...pair, lease };
}

/** Reads one key. A revision of 0 is the present; any other must be readable. */
export function readKey(store: Store, { key, revision }: KvGet): KvGetAnswer {
  const id = inForce(store, store.newest(key), revision);
  const at = revision === 0 ? store.revision : revision;
  return id === noVersion
    ? { type: 'get', revision: at }
    : { type: 'get', revision: at, pair: pairOf(store, id) };
}

/** Reads keys in order. A revision of 0 is the present; any other must be readable. */
export function readRange(store: Store, query: KvRange, budget: AnswerBudget): KvRangeAnswer {
  const { selection, limit, reverse, keysOnly, revision } = query;
  const pairs: KvPair[] = [];
  let count = 0;
  for (const newest of store.scan(selection, reverse)) {
    const id = inForce(store, newest, revision);
    if (id === noVersion) continue;
    count += 1;
    // Once something was left out, so is everything behind it: a page has no gaps.
    const next = count === pairs.length + 1 && pairs.length < limit;
    if (next && budget.take(store.keyOf(id), keysOnly ? 0 : store.versions.valueBytes(id))) {
      pairs.push(pairOf(store, id, keysOnly));
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
export function liveVersions(store: Store, selection: KvSelection): readonly VersionId[] {
  const found: VersionId[] = [];
  for (const id of store.scan(selection, false)) if (store.versions.isLive(id)) found.push(id);
  return found;
}

function inForce({ versions }: Store, newest: VersionId, revision: number): VersionId {
  if (revision !== 0) return versions.inForce(newest, revision);
  return versions.isLive(newest) ? newest : noVersion;
}
