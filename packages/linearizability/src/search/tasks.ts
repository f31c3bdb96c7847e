/** What a search is about: the operations of one part of the state, and ways to demand less of them. */
import type { Model } from '../model.ts';
import type { History } from '../operation.ts';

/** An operation to be put in order. */
export interface Task<Input, Output> {
  /** Its place in the history. */
  readonly operation: number;
  readonly input: Input;
  /** `undefined` if it is not known. */
  readonly output: Output | undefined;
  readonly start: number;
  /** `Infinity` if it is open for ever: then it may be left out of the order. */
  readonly end: number;
  /** Where it stands in the order that the caller believes in; `undefined` if not at all. */
  readonly rank: number | undefined;
}

/**
 * The tasks of each part of the state. What failed did not happen and is none; an open operation that
 * can have no effect, such as a read, is none either.
 *
 * @param hint an order that the caller believes in: places in the history
 */
export function tasksOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  hint: readonly number[],
): ReadonlyMap<string, readonly Task<Input, Output>[]> {
  const ranks = new Map(hint.map((operation, rank) => [operation, rank]));
  const parts = new Map<string, Task<Input, Output>[]>();
  history.forEach(({ input, start, ending, end }, operation) => {
    if (ending.type === 'fail') return;
    const output = ending.type === 'ok' ? ending.output : undefined;
    const until = ending.type === 'ok' && end !== undefined ? end.order : Infinity;
    if (until === Infinity && model.isReadOnly?.(input, undefined) === true) return;
    const part = model.partition?.(input) ?? '';
    const rank = ranks.get(operation);
    const task = { operation, input, output, start: start.order, end: until, rank };
    const tasks = parts.get(part);
    if (tasks === undefined) parts.set(part, [task]);
    else tasks.push(task);
  });
  return parts;
}

/** The same, when nobody knows any more whether it happened. */
export function opened<Input, Output>(task: Task<Input, Output>): Task<Input, Output> {
  return { ...task, output: undefined, end: Infinity };
}

/**
 * The history as it was known right after the completion at `order`: what ended later is open, what
 * began later is not there.
 */
export function prefixOf<Input, Output>(
  tasks: readonly Task<Input, Output>[],
  order: number,
): readonly Task<Input, Output>[] {
  return tasks
    .filter(({ start }) => start <= order)
    .map((task) => (task.end > order ? opened(task) : task));
}

/** When something ended, in order. */
export function endsOf(tasks: readonly Task<unknown, unknown>[]): readonly number[] {
  return tasks
    .map(({ end }) => end)
    .filter((end) => end !== Infinity)
    .sort((left, right) => left - right);
}
