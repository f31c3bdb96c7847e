/**
 * The order of the log as a witness: it has to explain the history of the clients by itself. Commands stand
 * where they were applied, and a query behind everything that was applied when it was answered.
 *
 * A history that it explains is linearizable, however hard it is to search for another order. In a correct
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

/** @returns why the order of the log does not explain them; `undefined`: it does. */
export function contradiction(
  model: Model<unknown, unknown, unknown>,
  placed: readonly Placed[],
): string | undefined {
  const order = placed.toSorted(
    (left, right) =>
      left.place.index - right.place.index ||
      comparePositions(left.place.position, right.place.position) ||
      left.operation.start.order - right.operation.start.order,
  );
  return againstTime(order) ?? againstModel(model, order);
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
    if (after.size === 0) return `${describe(placed)} was not answered as one machine would`;
    states.set(part, [...after.values()]);
  }
  return undefined;
}

function describe({ operation: { input, ending }, place }: Placed): string {
  const answer = ending.type === 'ok' ? ` → ${JSON.stringify(ending.output)}` : '';
  return `${JSON.stringify(input)}${answer} at entry ${String(place.index)}`;
}
