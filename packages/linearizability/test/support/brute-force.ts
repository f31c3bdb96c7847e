/** All orders, one after another: slow, obvious, and no code in common with the checker or the models. */
import { canonical, type History, type Json, type Operation } from '@quorate/linearizability';
import type { System } from './systems.ts';

/** Whether there is an order in which the system answers as the history says. */
export function hasOrder(system: System, history: History): boolean {
  const happened = history.filter(({ ending }) => ending.type !== 'fail');
  return tryAll(system, system.init, happened);
}

function tryAll(system: System, state: Json, left: History): boolean {
  if (left.every(({ ending }) => ending.type !== 'ok')) return true;
  return left.some((operation) => {
    if (left.some((other) => precedes(other, operation))) return false;
    const { state: after, answer } = system.apply(state, operation.input);
    const { ending } = operation;
    if (ending.type === 'ok' && canonical({ ...ending.output }) !== canonical({ ...answer })) {
      return false;
    }
    return tryAll(
      system,
      after,
      left.filter((other) => other !== operation),
    );
  });
}

/** Of an operation that did not end ok, nobody knows when it was over. */
function precedes(first: Operation, second: Operation): boolean {
  return first.ending.type === 'ok' && (first.end?.order ?? Infinity) < second.start.order;
}

/** Whether an order is one: the system answers so, and nothing comes after what it precedes. */
export function isOrder(system: System, order: History): boolean {
  let state = system.init;
  return order.every((operation, at) => {
    if (order.slice(at + 1).some((later) => precedes(later, operation))) return false;
    const { state: after, answer } = system.apply(state, operation.input);
    state = after;
    const { ending } = operation;
    return ending.type !== 'ok' || canonical({ ...ending.output }) === canonical({ ...answer });
  });
}
