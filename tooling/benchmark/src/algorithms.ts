/** The algorithms that are measured. Another one is one line here; the first is what it is compared with. */
import type { Algorithm } from '@quorate/core';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';

/**
 * An algorithm. Each has messages of its own type, which nobody but its driver looks into: so it is
 * handed to whoever can take any.
 */
export type Use = <Result>(use: <Message>(algorithm: Algorithm<Message>) => Result) => Result;

/** Longer than the default, so that a busy machine does not hold an election in the middle of a round. */
const options = { electionTimeoutMs: 1_000 };

const algorithms: ReadonlyMap<string, Use> = new Map<string, Use>([
  ['raft', (use) => use(raft(options))],
  ['paxos', (use) => use(paxos(options))],
]);

/** In the order in which they take turns. */
export const algorithmNames: readonly string[] = [...algorithms.keys()];

/** @throws RangeError for a name that is not in the table. */
export function algorithmNamed(name: string): Use {
  const use = algorithms.get(name);
  if (use === undefined) throw new RangeError(`unknown algorithm ${name}`);
  return use;
}
