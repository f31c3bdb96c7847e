/** From "there is no order" to what a person can look at. */
import type { Model } from './model.ts';
import type { History, Operation } from './operation.ts';
import type { Budget } from './search/budget.ts';
import { coreOf } from './search/core.ts';
import { longestOrders } from './search/longest.ts';
import { type Prefix, shortestPrefix } from './search/prefix.ts';
import type { Task } from './search/tasks.ts';
import type { Contradiction, Violation } from './verdict.ts';

/**
 * @param tasks the operations of one part, which have no order
 * @param frontier where the search got stuck: a place in the history
 * @param fresh a new budget, for each of the few things that are done here
 */
export function violationOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  tasks: readonly Task<Input, Output>[],
  frontier: number,
  fresh: () => Budget,
): Omit<Violation<State, Input, Output>, 'partition'> {
  const prefix = shortestPrefix(model, tasks, frontier, fresh());
  const core = coreOf(model, prefix.tasks, fresh(), fresh());
  // Cut where the prefix is: cut earlier, an operation that was left out could make a difference again.
  const rest = { ...prefix, tasks: core.tasks };
  return {
    prefix: contradictionOf(model, history, prefix, fresh()),
    core: contradictionOf(model, history, rest, fresh()),
    isShortest: prefix.isShortest,
    isMinimal: core.isMinimal,
  };
}

function contradictionOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  { tasks, end }: Prefix<Input, Output>,
  budget: Budget,
): Contradiction<State, Input, Output> {
  const { misfit, orders, stateCount } = longestOrders(model, tasks, budget);
  const known = new Map<number, Operation<Input, Output>>();
  for (const { operation } of tasks) {
    const whole = history[operation];
    if (whole !== undefined) known.set(operation, asOf(whole, end));
  }
  const last = tasks.find((task) => task.end === end)?.operation ?? misfit;
  const operationAt = (place: number): Operation<Input, Output> => {
    const operation = known.get(place);
    if (operation === undefined) throw new Error('an operation that is not among the tasks');
    return operation;
  };
  return {
    operations: [...known.values()],
    failsAt: operationAt(last),
    misfit: operationAt(misfit),
    orders: orders.map(({ order, state }) => ({ operations: order.map(operationAt), state })),
    stateCount,
  };
}

/** What was known of an operation at a completion: the future is cut off. */
function asOf<Input, Output>(
  operation: Operation<Input, Output>,
  end: number,
): Operation<Input, Output> {
  if (operation.end === undefined || operation.end.order <= end) return operation;
  const { process, input, start } = operation;
  return { process, input, start, ending: { type: 'info' } };
}
