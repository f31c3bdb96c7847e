/**
 * The tasks of a search, prepared: sorted, numbered, and what can be known before it begins.
 *
 * **Slots.** Every operation that completed before the first one that is not in order yet is in order. So
 * the set of those in order is told by that *frontier* and the ones in order that were open when
 * it completed. These overlap each other; whatever does not overlap can share a slot, so few bits are
 * enough for any length of history.
 */
import type { Model } from '../model.ts';
import type { Task } from './tasks.ts';

/** @see prepare */
export interface Problem<Input, Output> {
  /** Those that must be in the order, by their start. */
  readonly completed: readonly Task<Input, Output>[];
  /** Those that need not, by their start. */
  readonly open: readonly Task<Input, Output>[];
  /** For each completed one its bit; none overlaps another with the same. */
  readonly slots: Int32Array;
  readonly slotCount: number;
  /** The completed ones by their end. */
  readonly byEnd: Int32Array;
  /** 1 for each completed one that leaves every state as it is. */
  readonly readOnly: Uint8Array;
  /** For each open one the last before it that does the same, or −1. */
  readonly twins: Int32Array;
  /** The ones of which the caller believes to know their order, in that order, as items. */
  readonly hinted: Int32Array;
}

/** What can be put in order, as a number: a completed operation as it is, the open one n as `−1 − n`. */
export type Item = number;

/** Prepares a search. */
export function prepare<State, Input, Output>(
  model: Model<State, Input, Output>,
  tasks: readonly Task<Input, Output>[],
): Problem<Input, Output> {
  const byStart = [...tasks].sort((left, right) => left.start - right.start);
  const completed = byStart.filter(({ end }) => end !== Infinity);
  const lastEnd = completed.reduce((last, { end }) => Math.max(last, end), -Infinity);
  const open = byStart.filter(
    ({ input, start, end }) =>
      end === Infinity && start <= lastEnd && model.isReadOnly?.(input, undefined) !== true,
  );
  const byEnd = Int32Array.from(completed.keys()).sort(
    (left, right) => (completed[left]?.end ?? 0) - (completed[right]?.end ?? 0),
  );
  return {
    completed,
    open,
    ...slotsOf(completed, byEnd),
    byEnd,
    readOnly: Uint8Array.from(completed, ({ input, output }) =>
      model.isReadOnly?.(input, output) === true ? 1 : 0,
    ),
    twins: twinsOf(model, open),
    hinted: hintedOf(completed, open),
  };
}

function slotsOf(
  completed: readonly Task<unknown, unknown>[],
  byEnd: Int32Array,
): { readonly slots: Int32Array; readonly slotCount: number } {
  const slots = new Int32Array(completed.length);
  const free: number[] = [];
  let slotCount = 0;
  let ended = 0;
  completed.forEach(({ start }, at) => {
    for (; ended < byEnd.length; ended++) {
      const other = byEnd[ended] ?? 0;
      if ((completed[other]?.end ?? Infinity) >= start) break;
      free.push(slots[other] ?? 0);
    }
    slots[at] = free.pop() ?? slotCount++;
  });
  return { slots, slotCount };
}

function twinsOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  open: readonly Task<Input, Output>[],
): Int32Array {
  const last = new Map<string, number>();
  return Int32Array.from(open, ({ input }, at) => {
    const key = model.inputKey?.(input);
    if (key === undefined) return -1;
    const twin = last.get(key) ?? -1;
    last.set(key, at);
    return twin;
  });
}

function hintedOf(
  completed: readonly Task<unknown, unknown>[],
  open: readonly Task<unknown, unknown>[],
): Int32Array {
  const ranked = (tasks: readonly Task<unknown, unknown>[], itemOf: (at: number) => Item) =>
    tasks.flatMap(({ rank }, at) => (rank === undefined ? [] : [{ rank, item: itemOf(at) }]));
  const all = [...ranked(completed, (at) => at), ...ranked(open, (at) => -1 - at)];
  return Int32Array.from(
    all.sort((left, right) => left.rank - right.rank),
    ({ item }) => item,
  );
}
