/**
 * The core of a violation: the few operations that contradict each other, whatever became of the rest.
 *
 * To leave a write out altogether would prove nothing: a read of its value would then be "wrong". So the
 * rest is not left out but made uncertain: of each operation outside the core it is not known any more
 * whether it happened, nor what it answered. That allows more orders, never fewer; if there is still
 * none, the operation does not matter. What changed nothing, as a
 * read, is left out, which is the same for it.
 */
import type { Model } from '../model.ts';
import type { Budget } from './budget.ts';
import { longestOrders } from './longest.ts';
import { search } from './search.ts';
import { opened, type Task } from './tasks.ts';

/** @see coreOf */
export interface Core<Input, Output> {
  /** They have no order, by themselves. */
  readonly tasks: readonly Task<Input, Output>[];
  /** Whether each of those that completed is needed. Otherwise the budget was used up. */
  readonly isMinimal: boolean;
}

/** No single check may use more than this share of the work: a hard one is not worth the rest. */
const checksPerBudget = 20;

/**
 * @param tasks some that have no order
 * @param budget for doing without operations
 * @param lastBudget for the order that is looked for afterwards
 */
export function coreOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  tasks: readonly Task<Input, Output>[],
  budget: Budget,
  lastBudget: Budget,
): Core<Input, Output> {
  const uncertain = new Set<Task<Input, Output>>();
  let isMinimal = true;
  let isSpent = false;

  const relaxed = (more: readonly Task<Input, Output>[]) => {
    const loose = new Set([...uncertain, ...more]);
    return tasks.flatMap((task) => {
      if (!loose.has(task)) return [task];
      return model.isReadOnly?.(task.input, task.output) === true ? [] : [opened(task)];
    });
  };
  const loosen = (some: readonly Task<Input, Output>[]) => {
    if (some.length === 0 || isSpent) return;
    const part = budget.share(checksPerBudget);
    const found = search(model, relaxed(some), part);
    budget.configurations += part.configurations;
    if (found.type === 'none') {
      for (const task of some) uncertain.add(task);
      return;
    }
    budget.look();
    isSpent = budget.spent !== undefined;
    if (isSpent || (found.type === 'unknown' && some.length === 1)) isMinimal = false;
    if (some.length === 1) return;
    const middle = some.length >>> 1;
    loosen(some.slice(0, middle));
    loosen(some.slice(middle));
  };

  // The reads first: a write that is left explains more than a read that saw it.
  const completed = tasks.filter(({ end }) => end !== Infinity);
  const reads = completed.filter(({ input, output }) => model.isReadOnly?.(input, output) === true);
  loosen(reads);
  loosen(completed.filter((task) => !reads.includes(task)));

  // What the rest is good for stays: it shows where the values come from that the core has read.
  const { orders } = longestOrders(model, relaxed([]), lastBudget);
  const explains = new Set(orders[0]?.order);
  const kept = tasks.filter(
    (task) => (task.end !== Infinity && !uncertain.has(task)) || explains.has(task.operation),
  );
  return { tasks: kept, isMinimal };
}
