/**
 * Which worlds are explored once. Two things make worlds different without making a difference:
 *
 * - the names of the acceptors: none of the rules looks at them, but for quorums that are not the same for
 *   all (a grid), and there they are not to be merged;
 * - dead messages, to which nobody will ever do anything: a promise for a ballot that its proposer does not
 *   prepare any more, a refusal in favour of a round that its proposer has used. That rests on rounds that
 *   are never used again; where rules break this, dead messages are not to be merged either.
 *
 * `register.test.ts` compares what is merged with what is not.
 */
import { sameBallot } from '../../src/ballot.ts';
import {
  type Configuration,
  type Message,
  type Parts,
  proposerOf,
  type World,
} from './register-world.ts';
import { once, permutationsOf, Table } from './tables.ts';

export function registerKey(
  { acceptors: length, merge = ['names', 'dead messages'] }: Configuration,
  parts: Parts,
): (world: World) => string {
  const { messages, acceptors, proposers, learners } = parts;
  const orders = merge.includes('names')
    ? permutationsOf(length)
    : [Array.from({ length }, (_, at) => at)];

  const renamed = <T>(table: Table<T>): ((number: number, order: number) => number) =>
    once((number, order) => {
      const places = orders[order] ?? [];
      const text = JSON.stringify(table.at(number)).replace(
        /"a(\d+)"/g,
        (_, id: string) => `"a${String(places.indexOf(Number(id) - 1) + 1)}"`,
      );
      return table.number(JSON.parse(text) as T);
    });
  const renamedProposer = renamed(proposers);
  const renamedLearner = renamed(learners);

  const isDead = (message: Message, proposerNodes: readonly number[]): boolean => {
    if (message.type === 'accepted') return false;
    const { memory, disk } = proposers.at(proposerNodes[proposerOf(message)] ?? 0);
    if (message.type === 'refused') return message.promised.round <= disk;
    const { attempt } = memory;
    return attempt.phase !== 'preparing' || !sameBallot(attempt.ballot, message.ballot);
  };
  const lists = new Table<readonly number[]>();
  const withoutDead = once((number, list) => {
    const { sent, ...node } = acceptors.at(number);
    const living = sent.filter((message) => !isDead(messages.at(message), lists.at(list)));
    return acceptors.number({ ...node, sent: living });
  });

  // Most steps leave the proposers what they were, the very same list: it need not be looked up again.
  let lastProposers: readonly number[] = [];
  let lastList = lists.number(lastProposers);
  const listOf = (proposerNodes: readonly number[]): number => {
    if (proposerNodes === lastProposers) return lastList;
    lastProposers = proposerNodes;
    lastList = lists.number(proposerNodes);
    return lastList;
  };

  return (world) => {
    let numbers = world.acceptors;
    if (merge.includes('dead messages')) {
      const list = listOf(world.proposers);
      numbers = numbers.map((number) => withoutDead(number, list));
    }
    const isSorted = (order: readonly number[]): boolean => {
      for (let at = 1; at < length; at++) {
        if ((numbers[order[at - 1] ?? 0] ?? 0) > (numbers[order[at] ?? 0] ?? 0)) return false;
      }
      return true;
    };
    // Acceptors in the order of their numbers; where some are equal, in all such orders, and the least
    // name that comes out.
    let least: string | undefined;
    for (const [order, places] of orders.entries()) {
      if (orders.length > 1 && !isSorted(places)) continue;
      const units = [unit(world.sent)];
      for (const place of places) units.push(unit(numbers[place] ?? 0));
      for (const number of world.proposers) units.push(unit(renamedProposer(number, order)));
      for (const number of world.learners) units.push(unit(renamedLearner(number, order)));
      const key = String.fromCharCode(...units);
      if (least === undefined || key < least) least = key;
    }
    return least ?? '';
  };
}

/** As many numbers stand in all keys, so a code unit for each of them is enough to tell keys apart. */
function unit(number: number): number {
  if (number > 0xffff) throw new RangeError('too large a number');
  return number;
}
