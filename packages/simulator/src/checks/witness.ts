/**
 * The order of the log as a witness: it has to explain the history of the clients by itself. Commands stand
 * where they were applied, and a query behind everything that was applied when it was answered.
 *
 * A history that it explains is linearizable, and the search for any order finds this one at once. In a correct
 * group it always does: what is called after something was answered is applied later, and read later.
 */
import type { Model, Operation } from '@quorate/linearizability';
import type { Place } from './states.ts';

/** An operation, and where it took effect. */
export interface Placed {
  readonly operation: Operation<unknown, unknown>;
  readonly place: Place;
}

/** Behind all commands of an entry. */
export const behindAll: number = Number.POSITIVE_INFINITY;

/** The order of the log; what stands at one place, by its call. */
export function inOrderOfLog<Some extends Placed>(placed: readonly Some[]): readonly Some[] {
  return placed.toSorted(
    (left, right) =>
      left.place.index - right.place.index ||
      comparePositions(left.place.position, right.place.position) ||
      left.operation.start.order - right.operation.start.order,
  );
}

/**
 * @param order as {@link inOrderOfLog} gives it
 * @returns why it does not explain them; `undefined`: it does
 */
export function contradiction(
  model: Model<unknown, unknown, unknown>,
  order: readonly Placed[],
): string | undefined {
  return againstTime(order) ?? againstModel(model, order);
}

/** Whether the model leaves nothing open in this order: after each operation there is one state. */
export function isDetermined(
  model: Model<unknown, unknown, unknown>,
  order: readonly Placed[],
): boolean {
  return [...statesAlong(model, order)].every(({ count }) => count === 1);
}

function comparePositions(left: number, right: number): number {
  return left === right ? 0 : left - right;
}

/** Nothing may stand in front of what had been answered before it was called. */
function againstTime(order: readonly Placed[]): string | undefined {
  let answeredFirst: Placed | undefined;
  for (const placed of order.toReversed()) {
    if (answeredFirst !== undefined && endOf(answeredFirst) < placed.operation.start.order) {
      return `${describe(placed)} was called after ${describe(answeredFirst)} was answered, and stands before it`;
    }
    if (answeredFirst === undefined || endOf(placed) < endOf(answeredFirst)) answeredFirst = placed;
  }
  return undefined;
}

/** What is not known to have been answered is answered never. */
function endOf({ operation }: Placed): number {
  return operation.ending.type === 'ok'
    ? (operation.end?.order ?? Number.POSITIVE_INFINITY)
    : Number.POSITIVE_INFINITY;
}

/** One after the other, each must have been answered as the model answers. */
function againstModel(
  model: Model<unknown, unknown, unknown>,
  order: readonly Placed[],
): string | undefined {
  for (const { placed, count } of statesAlong(model, order)) {
    if (count === 0) return `${describe(placed)} was not answered as one machine would`;
  }
  return undefined;
}

/** After each operation, in how many states that part of the machine can be. */
function* statesAlong(
  model: Model<unknown, unknown, unknown>,
  order: readonly Placed[],
): Generator<{ readonly placed: Placed; readonly count: number }> {
  const states = new Map<string, readonly unknown[]>();
  for (const placed of order) {
    const { input, ending } = placed.operation;
    const part = model.partition?.(input) ?? '';
    const output = ending.type === 'ok' ? ending.output : undefined;
    const before = states.get(part) ?? [model.init];
    const after = new Map(
      before
        .flatMap((state) => model.step(state, input, output))
        .map((state) => [model.key(state), state]),
    );
    yield { placed, count: after.size };
    states.set(part, [...after.values()]);
  }
}

function describe({ operation: { input, ending }, place }: Placed): string {
  const answer = ending.type === 'ok' ? ` → ${JSON.stringify(ending.output)}` : '';
  return `${JSON.stringify(input)}${answer} at entry ${String(place.index)}`;
}
