/**
 * The shortest prefix of a history that has no order.
 *
 * The place where the search of the whole history got stuck is not yet it: of an operation that was still
 * open there, the search knew the answer that came later. As of the prefix nobody does, so more orders fit. But
 * every prefix of a linearizable history is linearizable (Herlihy and Wing 1990, §3), so halving finds it.
 */
import type { Model } from '../model.ts';
import type { Budget } from './budget.ts';
import { search } from './search.ts';
import { endsOf, prefixOf, type Task } from './tasks.ts';

/** @see shortestPrefix */
export interface Prefix<Input, Output> {
  /** The completion, by its place in the order of events, after which there is no order any more. */
  readonly end: number;
  readonly tasks: readonly Task<Input, Output>[];
  /** Whether no shorter one fails. Otherwise the budget was used up. */
  readonly isShortest: boolean;
}

/**
 * @param tasks some that have no order
 * @param frontier up to before whose end there is one: a place in the history
 */
export function shortestPrefix<State, Input, Output>(
  model: Model<State, Input, Output>,
  tasks: readonly Task<Input, Output>[],
  frontier: number,
  budget: Budget,
): Prefix<Input, Output> {
  const ends = endsOf(tasks);
  const endAt = (index: number) => ends[index] ?? Infinity;
  const first = tasks.find(({ operation }) => operation === frontier)?.end ?? 0;
  let isShortest = true;
  const fails = (index: number) => {
    const found = search(model, prefixOf(tasks, endAt(index)), budget);
    if (found.type === 'unknown') isShortest = false;
    return found.type === 'none';
  };

  // Mostly it is the place itself or the next one: look near it first.
  let low = ends.findIndex((end) => end >= first);
  let high = ends.length - 1;
  for (let stride = 1; low < high; stride *= 2) {
    const index = Math.min(low + stride - 1, high - 1);
    if (fails(index)) {
      high = index;
      break;
    }
    low = index + 1;
  }
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (fails(middle)) high = middle;
    else low = middle + 1;
  }
  return { end: endAt(high), tasks: prefixOf(tasks, endAt(high)), isShortest };
}
