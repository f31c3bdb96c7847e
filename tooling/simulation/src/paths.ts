/**
 * The rare paths that a run of a thousand seeds has to reach, or it shows less than it seems to: where one
 * is missing, the profiles have become too tame, or a way through the code is closed.
 */

/** Reached with every algorithm. */
const common: readonly string[] = [
  'batch under way found at a start',
  'client moved to another node',
  'command of an ended session',
  'command out of order',
  'command repeated',
  'command skipped',
  'crashed with writes under way',
  'damage refused',
  'duel',
  'engine refuses: change-in-progress',
  'engine refuses: not-leader',
  'engine refuses: overloaded',
  'engine refuses: transferring',
  'engine: outcome unknown',
  'joint membership',
  'leader crashed',
  'leader deposed',
  'leader elected',
  'leadership handed over',
  'learner promoted',
  'lease expired',
  'log trimmed',
  'membership changed',
  'outcome unknown',
  'read under a lease',
  'records paged in',
  'refused: OVERLOADED',
  'refused: SESSION_EXPIRED',
  'refused: TIMEOUT',
  'refused: UNAVAILABLE',
  'restarted with its data',
  'session expired',
  'session kept',
  'session opened',
  'sessions renewed by a new leader',
  'snapshot installed',
  'snapshot needed by a peer',
  'snapshot on demand',
  'snapshot restored',
  'snapshot taken',
  'started from a snapshot',
  'stopped by its disk',
  'stream broken',
  'stream damaged',
  'stream held up',
];

/** Reached with one algorithm. */
const own: Readonly<Record<string, readonly string[]>> = {
  raft: ['suffix truncated'],
  paxos: [],
};

/** Rare paths of an algorithm that were not reached. */
export function missedPaths(
  algorithm: string,
  coverage: ReadonlyMap<string, number>,
): readonly string[] {
  return [...common, ...(own[algorithm] ?? [])].filter((path) => !coverage.has(path));
}
