/**
 * Where everything goes in a picture. Its horizontal axis is the order of events, a column each: that is
 * what counts, and what is close in time stays readable. Columns are as far apart as the words in the
 * bars need, so that no two texts overlap.
 */
import { describeOperation, type Model } from '../model.ts';
import type { Operation, Process } from '../operation.ts';
import type { Contradiction } from '../verdict.ts';

/** An operation in the picture. */
export interface Bar {
  readonly lane: number;
  readonly from: number;
  readonly to: number;
  /** Nobody knows how it ended: it goes on to the edge. */
  readonly isOpen: boolean;
  readonly isMisfit: boolean;
  readonly label: string;
  /** The whole of it, however long. */
  readonly title: string;
}

/** A moment at which an operation of the order takes effect. */
export interface Point {
  readonly lane: number;
  readonly x: number;
  readonly number: number;
}

/** A time on the axis. */
export interface Tick {
  readonly x: number;
  readonly label: string;
}

/** @see layoutOf */
export interface Layout {
  readonly lanes: readonly string[];
  readonly bars: readonly Bar[];
  readonly points: readonly Point[];
  readonly ticks: readonly Tick[];
  /** The completion at which no order fits. */
  readonly failsAt: number;
  readonly left: number;
  readonly right: number;
}

const characterWidth = 7.3;
const padding = 18;
const columnGap = 22;
const pointGap = 22;
const maxLabelLength = 30;

/** Lays out a contradiction and the first of its longest orders. */
export function layoutOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  { operations, failsAt, misfit, orders }: Contradiction<State, Input, Output>,
): Layout {
  const processes = [...new Set(operations.map(({ process }) => process))].sort(byName);
  const lanes = processes.map((process) => `process ${process}`);
  const left = 24 + Math.max(...lanes.map(({ length }) => length)) * characterWidth;
  const columns = columnsOf(operations);
  const columnOf = (order: number) => columns.indexOf(order);
  const labels = new Map(
    operations.map((operation) => {
      const { input, ending } = operation;
      const output = ending.type === 'ok' ? ending.output : undefined;
      const words = describeOperation(model, input, output);
      return [operation, ending.type === 'ok' ? words : `${words} ?`];
    }),
  );
  const widthOf = (operation: Operation<Input, Output>) =>
    shortened(labels.get(operation) ?? '').length * characterWidth + padding;

  const order = orders[0]?.operations ?? [];
  const placed = placesOf(order, columnOf);
  const xs = columns.map(() => 0);
  let x = left + 10;
  columns.forEach((at, column) => {
    const before = placed.filter((place) => place.column === column - 1).length;
    if (column > 0) x += Math.max(columnGap, (before + 1) * pointGap);
    for (const operation of operations) {
      if (operation.end?.order !== at) continue;
      x = Math.max(x, (xs[columnOf(operation.start.order)] ?? 0) + widthOf(operation));
    }
    xs[column] = x;
  });
  const xOf = (order: number) => xs[columnOf(order)] ?? 0;
  const openRight = operations.map((each) => xOf(each.start.order) + widthOf(each));
  const afterLast = placed.filter((place) => place.column === columns.length - 1).length;
  const right = Math.max(x + Math.max(60, (afterLast + 1) * pointGap), ...openRight);

  const laneOf = ({ process }: Operation<Input, Output>) => processes.indexOf(process);
  return {
    lanes,
    left,
    right,
    failsAt: failsAt.end === undefined ? right : xOf(failsAt.end.order),
    bars: operations.map((operation) => {
      const { start, ending, end } = operation;
      const isOpen = ending.type !== 'ok' || end === undefined;
      const title = labels.get(operation) ?? '';
      return {
        lane: laneOf(operation),
        from: xOf(start.order),
        to: isOpen ? openEndOf(operation, operations, xOf, right) : xOf(end.order),
        isOpen,
        isMisfit: operation === misfit,
        label: shortened(title),
        title,
      };
    }),
    points: placed.map(({ operation, column, at, of }, index) => {
      const from = xs[column] ?? left;
      const to = xs[column + 1] ?? right;
      const lane = laneOf(operation);
      return { lane, x: from + ((to - from) * (at + 1)) / (of + 1), number: index + 1 };
    }),
    ticks: ticksOf(operations, xOf),
  };
}

/** An open operation goes on to the edge, unless its process is seen to call again. */
function openEndOf<Input, Output>(
  operation: Operation<Input, Output>,
  operations: readonly Operation<Input, Output>[],
  xOf: (order: number) => number,
  right: number,
): number {
  const { process, start } = operation;
  const next = operations.find(
    (other) => other.process === process && other.start.order > start.order,
  );
  return next === undefined ? right : xOf(next.start.order) - 6;
}

/** The events that are shown, by their order. */
function columnsOf(operations: readonly Operation<unknown, unknown>[]): readonly number[] {
  const orders = operations.flatMap(({ start, end }) =>
    end === undefined ? [start.order] : [start.order, end.order],
  );
  return [...new Set(orders)].sort((first, second) => first - second);
}

interface Place<Input, Output> {
  readonly operation: Operation<Input, Output>;
  /** The column after which it takes effect, and which of how many it is there. */
  readonly column: number;
  readonly at: number;
  readonly of: number;
}

/** Each operation of an order takes effect as early as it can: after its call and after the one before. */
function placesOf<Input, Output>(
  order: readonly Operation<Input, Output>[],
  columnOf: (order: number) => number,
): readonly Place<Input, Output>[] {
  let column = 0;
  const columns = order.map((operation) => {
    column = Math.max(column, columnOf(operation.start.order));
    return column;
  });
  return order.map((operation, index) => {
    const column = columns[index] ?? 0;
    const of = columns.filter((each) => each === column).length;
    return { operation, column, at: index - columns.indexOf(column), of };
  });
}

function ticksOf<Input, Output>(
  operations: readonly Operation<Input, Output>[],
  xOf: (order: number) => number,
): readonly Tick[] {
  const moments = operations
    .flatMap(({ start, end }) => (end === undefined ? [start] : [start, end]))
    .sort((first, second) => first.order - second.order);
  const begin = moments.find(({ time }) => time !== undefined)?.time;
  if (begin === undefined) return [];
  const ticks: Tick[] = [];
  for (const { order, time } of moments) {
    if (time === undefined) continue;
    const tick = { x: xOf(order), label: durationText(time - begin) };
    const last = ticks.at(-1);
    const room = ((last?.label.length ?? 0) + tick.label.length) * (characterWidth / 2) + 10;
    if (last === undefined || tick.x - last.x >= room) ticks.push(tick);
  }
  return ticks;
}

function durationText(nanoseconds: number): string {
  const size = Math.abs(nanoseconds);
  if (size >= 1e9) return `${(nanoseconds / 1e9).toFixed(3)} s`;
  if (size >= 1e6) return `${(nanoseconds / 1e6).toFixed(2)} ms`;
  return size >= 1e3 ? `${(nanoseconds / 1e3).toFixed(1)} µs` : `${nanoseconds} ns`;
}

function shortened(text: string): string {
  return text.length <= maxLabelLength ? text : `${text.slice(0, maxLabelLength - 1)}…`;
}

function byName(first: Process, second: Process): number {
  if (typeof first === 'number' && typeof second === 'number') return first - second;
  return String(first) < String(second) ? -1 : 1;
}
