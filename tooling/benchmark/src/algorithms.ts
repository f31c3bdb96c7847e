/** The algorithms that are measured. Another one is one line here; the first is what it is compared with. */
import type { Algorithm } from '@quorate/core';

/**
 * An algorithm. Each has messages of its own type, which nobody but its driver looks into: so it is
 * handed to whoever can take any.
 */
export type Use = <Result>(use: <Message>(algorithm: Algorithm<Message>) => Result) => Result;

/** Longer than the default, so that a busy machine does not hold an election in the middle of a round. */
const options = { electionTimeoutMs: 1_000 };

/** Only what is used is loaded. */
const algorithms: ReadonlyMap<string, () => Promise<Use>> = new Map<string, () => Promise<Use>>([
  ['raft', async () => useOf((await import('@quorate/raft')).raft(options))],
  ['paxos', async () => useOf((await import('@quorate/paxos')).paxos(options))],
]);

/** In the order in which they take turns. */
export const algorithmNames: readonly string[] = [...algorithms.keys()];

/** @throws RangeError for a name that is not in the table. */
export async function algorithmNamed(name: string): Promise<Use> {
  const load = algorithms.get(name);
  if (load === undefined) throw new RangeError(`unknown algorithm ${name}`);
  return load();
}

function useOf<Message>(algorithm: Algorithm<Message>): Use {
  return (use) => use(algorithm);
}
