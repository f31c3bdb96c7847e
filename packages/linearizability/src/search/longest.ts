/** How far an order gets in a history that has none. */
import type { Model } from '../model.ts';
import type { Budget } from './budget.ts';
import { type Observer, search } from './search.ts';
import type { Task } from './tasks.ts';

/** An order of some operations, by their places in the history, and where it leads. */
export interface PartialOrder<State> {
  readonly order: readonly number[];
  readonly state: State;
}

/** @see longestOrders */
export interface Longest<State> {
  /** The operation, a place in the history, that fits nowhere in them. */
  readonly misfit: number;
  /** One for each state that they lead to, the first few of these. */
  readonly orders: readonly PartialOrder<State>[];
  /** How many states they lead to. */
  readonly stateCount: number;
}

const maxOrders = 16;

/**
 * The orders that hold everything that ended before the first operation that cannot be put in any more.
 *
 * @param tasks some that have no order
 */
export function longestOrders<State, Input, Output>(
  model: Model<State, Input, Output>,
  tasks: readonly Task<Input, Output>[],
  budget: Budget,
): Longest<State> {
  let best = -1;
  let misfit = 0;
  const numbers = new Set<number>();
  const orders = new Map<number, PartialOrder<State>>();
  const observer: Observer<State> = {
    reached(frontier, rank, order, state, number) {
      if (rank < best) return;
      if (rank > best) {
        numbers.clear();
        orders.clear();
        best = rank;
        misfit = frontier;
      }
      numbers.add(number);
      const known = orders.get(number);
      if (known === undefined ? orders.size >= maxOrders : known.order.length >= order.length)
        return;
      orders.set(number, { order: [...order], state });
    },
  };
  search(model, tasks, budget, observer);
  return { misfit, orders: [...orders.values()], stateCount: numbers.size };
}
