/**
 * Where a search is: which operations are in order, and the state that they lead to. Steps are made here and
 * taken back; which ones, the search decides.
 */
import type { Item, Problem } from './problem.ts';
import type { Task } from './tasks.ts';

/** What it takes to undo a step. */
export interface Undo {
  readonly item: Item;
  readonly stateBefore: number;
  readonly frontierBefore: number;
}

/** A configuration, which changes step by step. */
export class Configuration<Input, Output> {
  /** The number of the state. */
  state: number;
  /** How many of `byEnd` are in order, from the first on without a gap. */
  frontier: number = 0;
  /** The open operations in order, a bit for each. */
  readonly used: Int32Array;
  /** The places in the history of what is in order. */
  readonly order: number[] = [];
  readonly #problem: Problem<Input, Output>;
  /** Frontier, state, and the slots of what is in order beyond the frontier. */
  readonly #place: Int32Array;
  readonly #inOrder: Uint8Array;
  /** The completed operations that are not in order, linked by their start; the last place is the head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  /** Nothing is in order. @param state the number of the first state */
  constructor(problem: Problem<Input, Output>, state: number) {
    const count = problem.completed.length;
    this.#problem = problem;
    this.state = state;
    this.used = new Int32Array(Math.ceil(problem.open.length / 32));
    this.#place = new Int32Array(2 + Math.ceil(problem.slotCount / 32));
    this.#inOrder = new Uint8Array(count);
    this.#next = Int32Array.from({ length: count + 1 }, (_, at) => (at === count ? 0 : at + 1));
    this.#previous = Int32Array.from({ length: count + 1 }, (_, at) => (at === 0 ? count : at - 1));
  }

  /** All but the open operations, in words to be compared; read it now, it changes. */
  get place(): Int32Array {
    this.#place[0] = this.frontier;
    this.#place[1] = this.state;
    return this.#place;
  }

  /** When the first operation ends that is not in order: what begins later cannot come next. */
  get frontierEnd(): number {
    const { byEnd, completed } = this.#problem;
    return completed[byEnd[this.frontier] ?? -1]?.end ?? -Infinity;
  }

  /** The first completed operation that may come next, or the first of the open ones. */
  get first(): Item {
    return this.after(this.#problem.completed.length);
  }

  /** The next completed operation after this one that may come next, or the first of the open ones. */
  after(completed: Item): Item {
    const { completed: all } = this.#problem;
    const next = this.#next[completed] ?? all.length;
    const task = all[next];
    return task !== undefined && task.start <= this.frontierEnd ? next : -1;
  }

  taskOf(item: Item): Task<Input, Output> | undefined {
    const { completed, open } = this.#problem;
    return item >= 0 ? completed[item] : open[-1 - item];
  }

  isInOrder(item: Item): boolean {
    if (item >= 0) return this.#inOrder[item] === 1;
    const open = -1 - item;
    return ((this.used[open >>> 5] ?? 0) & (1 << (open & 31))) !== 0;
  }

  /** Puts an item in order, which leads to this state. */
  put(item: Item, state: number): void {
    const { slots, byEnd } = this.#problem;
    this.order.push(this.taskOf(item)?.operation ?? 0);
    this.state = state;
    if (item < 0) {
      this.#toggleUsed(-1 - item);
      return;
    }
    this.#inOrder[item] = 1;
    this.#link(item, false);
    this.#flip(slots[item] ?? 0);
    for (; this.#inOrder[byEnd[this.frontier] ?? -1] === 1; this.frontier++) {
      this.#flip(slots[byEnd[this.frontier] ?? 0] ?? 0);
    }
  }

  /** Takes the last item back. */
  undo({ item, stateBefore, frontierBefore }: Undo): void {
    const { slots, byEnd } = this.#problem;
    this.order.pop();
    this.state = stateBefore;
    if (item < 0) {
      this.#toggleUsed(-1 - item);
      return;
    }
    while (this.frontier > frontierBefore) {
      this.frontier -= 1;
      this.#flip(slots[byEnd[this.frontier] ?? 0] ?? 0);
    }
    this.#flip(slots[item] ?? 0);
    this.#inOrder[item] = 0;
    this.#link(item, true);
  }

  /** Takes a completed operation out of the list of what is not in order, or puts it back where it was. */
  #link(item: Item, isIn: boolean): void {
    const previous = this.#previous[item] ?? 0;
    const next = this.#next[item] ?? 0;
    this.#next[previous] = isIn ? item : next;
    this.#previous[next] = isIn ? item : previous;
  }

  #flip(slot: number): void {
    const word = 2 + (slot >>> 5);
    this.#place[word] = (this.#place[word] ?? 0) ^ (1 << (slot & 31));
  }

  #toggleUsed(open: number): void {
    const word = open >>> 5;
    this.used[word] = (this.used[word] ?? 0) ^ (1 << (open & 31));
  }
}
