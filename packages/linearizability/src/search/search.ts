/**
 * The search for an order: Wing and Gong 1993 with the memory of Lowe 2016 ("Testing for
 * linearizability", §3), made for histories in which much is open.
 *
 * It goes from configuration to configuration, putting one operation after another in order, and turns
 * back where the memory knows the place. An operation may come next if no other one that is not in order
 * completed before it began. What is new against the paper, and why it loses no order:
 *
 * - Open operations may be left out: the order is found when all completed ones are in it.
 * - A completed operation that changes no state is taken as soon as it fits, with no second choice: in any
 *   order that has it later, it can be moved forward to here without another one noticing.
 * - Of open operations that do the same, the one that began first is used first: they can swap places in any order.
 * - An open operation is not used right before one that would lead to the same state without it: the shorter
 *   way there is tried as well, and leaves more.
 * - The memory is by subset, see {@link Visited}. Completed operations are tried before open ones, so that
 *   small sets come first.
 */
import type { Model } from '../model.ts';
import type { Budget, GiveUp } from './budget.ts';
import { type Problem, prepare } from './problem.ts';
import type { Task } from './tasks.ts';
import { Transitions } from './transitions.ts';
import { Visited } from './visited.ts';

/** What a search found. */
export type Found =
  /** The places in the history of the operations, in an order that explains them. */
  | { readonly type: 'order'; readonly order: readonly number[] }
  /** There is no order. Everything that ended before `frontier` (a place in the history) was put in one. */
  | { readonly type: 'none'; readonly frontier: number }
  | { readonly type: 'unknown'; readonly why: GiveUp };

/** Is shown every configuration that was newly reached. */
export interface Observer<State> {
  /**
   * @param frontier the first operation, by its end, that is not in order (a place in the history)
   * @param rank how many operations ended before it
   * @param order the places in the history of what is in order; read it now, it changes
   * @param number equal for equal states of this search
   */
  reached(
    frontier: number,
    rank: number,
    order: readonly number[],
    state: State,
    number: number,
  ): void;
}

/** A step that was made, with what it takes to undo it. */
interface Step {
  /** A completed operation, or `−1 − n` for the open one n. */
  readonly item: number;
  readonly forced: boolean;
  /** Which of the states was taken to which the operation can lead. */
  readonly choice: number;
  readonly stateBefore: number;
  readonly frontierBefore: number;
}

/** Looks for an order of the tasks. */
export function search<State, Input, Output>(
  model: Model<State, Input, Output>,
  tasks: readonly Task<Input, Output>[],
  budget: Budget,
  observer?: Observer<State>,
): Found {
  return new Search(model, prepare(model, tasks), budget, observer).run();
}

class Search<State, Input, Output> {
  readonly #problem: Problem<Input, Output>;
  readonly #budget: Budget;
  readonly #observer: Observer<State> | undefined;
  readonly #transitions: Transitions<State, Input, Output>;
  readonly #visited: Visited;

  // The configuration.
  #state: number;
  /** How many of `byEnd` are in order, from the first on without a gap. */
  #frontier = 0;
  /** Frontier, state, and the slots of what is in order beyond the frontier. */
  readonly #place: Int32Array;
  /** The open operations in order. */
  readonly #used: Int32Array;
  readonly #inOrder: Uint8Array;
  /** The completed operations that are not in order, linked by their start; the last place is the head. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  readonly #steps: Step[] = [];
  readonly #order: number[] = [];
  #furthest = 0;

  constructor(
    model: Model<State, Input, Output>,
    problem: Problem<Input, Output>,
    budget: Budget,
    observer: Observer<State> | undefined,
  ) {
    this.#problem = problem;
    this.#budget = budget;
    this.#observer = observer;
    this.#transitions = new Transitions(model);
    const count = problem.completed.length;
    this.#place = new Int32Array(2 + Math.ceil(problem.slotCount / 32));
    this.#used = new Int32Array(Math.ceil(problem.open.length / 32));
    this.#visited = new Visited(this.#place.length, this.#used.length);
    this.#inOrder = new Uint8Array(count);
    this.#next = Int32Array.from({ length: count + 1 }, (_, at) => (at === count ? 0 : at + 1));
    this.#previous = Int32Array.from({ length: count + 1 }, (_, at) => (at === 0 ? count : at - 1));
    this.#state = this.#transitions.numberOf(model.init);
  }

  run(): Found {
    const head = this.#problem.completed.length;
    this.#arrive();
    let item = this.#after(head);
    let choice = 0;
    let isFresh = true;
    while (this.#frontier < head) {
      const { spent } = this.#budget;
      if (spent !== undefined) return { type: 'unknown', why: spent };
      const forced: number | undefined = isFresh ? this.#fittingReadOnly() : undefined;
      isFresh =
        forced === undefined
          ? this.#advance(item, choice)
          : this.#take(forced, this.#state, 0, true);
      if (isFresh) {
        item = this.#after(head);
        choice = 0;
      } else {
        const undone = this.#turnBack();
        if (undone === undefined) return { type: 'none', frontier: this.#furthestOperation() };
        ({ item } = undone);
        choice = undone.choice + 1;
      }
    }
    return { type: 'order', order: [...this.#order] };
  }

  #furthestOperation(): number {
    const { byEnd, completed } = this.#problem;
    return completed[byEnd[this.#furthest] ?? -1]?.operation ?? 0;
  }

  /** The next completed operation after this one that may come next, or the first of the open ones. */
  #after(completed: number): number {
    const { completed: all } = this.#problem;
    const next = this.#next[completed] ?? all.length;
    const task = all[next];
    return task !== undefined && task.start <= this.#frontierEnd() ? next : -1;
  }

  #frontierEnd(): number {
    const { byEnd, completed } = this.#problem;
    return completed[byEnd[this.#frontier] ?? -1]?.end ?? -Infinity;
  }

  /** Takes the first step that leads somewhere new, from this item and choice on; `false` if none does. */
  #advance(fromItem: number, fromChoice: number): boolean {
    const { completed, open, readOnly } = this.#problem;
    let choice = fromChoice;
    for (let item = fromItem; ; choice = 0) {
      const task = item >= 0 ? completed[item] : open[-1 - item];
      if (task === undefined || (item < 0 && task.start > this.#frontierEnd())) return false;
      // What changes no state was tried when this configuration was new: it does not fit.
      const isCandidate = item >= 0 ? readOnly[item] === 0 : this.#mayUse(-1 - item);
      if (isCandidate) {
        this.#budget.work(1);
        const states = this.#transitions.after(this.#state, task);
        const without = states.length === 0 ? states : this.#withoutLast(task);
        for (; choice < states.length; choice++) {
          const state = states[choice] ?? 0;
          if (!without.includes(state) && this.#take(item, state, choice, false)) return true;
        }
      }
      item = item >= 0 ? this.#after(item) : item - 1;
    }
  }

  /** Where the operation would lead without the one before it, if that one is open. */
  #withoutLast(task: Task<Input, Output>): readonly number[] {
    const last = this.#steps.at(-1);
    if (last === undefined || last.item >= 0) return [];
    return this.#transitions.after(last.stateBefore, task);
  }

  #mayUse(open: number): boolean {
    const twin = this.#problem.twins[open] ?? -1;
    return !this.#isUsed(open) && (twin < 0 || this.#isUsed(twin));
  }

  #isUsed(open: number): boolean {
    return ((this.#used[open >>> 5] ?? 0) & (1 << (open & 31))) !== 0;
  }

  /** An operation that may come next, fits, and changes no state. */
  #fittingReadOnly(): number | undefined {
    const { completed, readOnly } = this.#problem;
    for (let item = this.#after(completed.length); item >= 0; item = this.#after(item)) {
      const task = completed[item];
      if (readOnly[item] === 0 || task === undefined) continue;
      this.#budget.work(1);
      if (this.#transitions.after(this.#state, task).length > 0) return item;
    }
    return undefined;
  }

  /** Makes a step; takes it back and gives `false` if that configuration was visited. */
  #take(item: number, state: number, choice: number, forced: boolean): boolean {
    const { completed, open, slots, byEnd } = this.#problem;
    const task = item >= 0 ? completed[item] : open[-1 - item];
    const stateBefore = this.#state;
    const frontierBefore = this.#frontier;
    this.#steps.push({ item, forced, choice, stateBefore, frontierBefore });
    this.#order.push(task?.operation ?? 0);
    this.#state = state;
    if (item >= 0) {
      this.#inOrder[item] = 1;
      this.#link(item, false);
      this.#flip(slots[item] ?? 0);
      for (; this.#inOrder[byEnd[this.#frontier] ?? -1] === 1; this.#frontier++) {
        this.#flip(slots[byEnd[this.#frontier] ?? 0] ?? 0);
      }
    } else {
      this.#toggleUsed(-1 - item);
    }
    if (this.#arrive()) return true;
    this.#undo();
    return false;
  }

  /** Remembers where the search is; `false` if it has been here. */
  #arrive(): boolean {
    this.#place[0] = this.#frontier;
    this.#place[1] = this.#state;
    const isNew = this.#visited.add(this.#place, this.#used);
    this.#budget.work(this.#visited.work);
    if (!isNew) return false;
    this.#budget.configurations += 1;
    this.#furthest = Math.max(this.#furthest, this.#frontier);
    if (this.#observer !== undefined) this.#show(this.#observer);
    return true;
  }

  #show(observer: Observer<State>): void {
    const { byEnd, completed } = this.#problem;
    const frontier = completed[byEnd[this.#frontier] ?? -1]?.operation;
    if (frontier === undefined) return;
    const state = this.#transitions.state(this.#state);
    observer.reached(frontier, this.#frontier, this.#order, state, this.#state);
  }

  /** Back to the last step that had another choice; `undefined` if there is none. */
  #turnBack(): Step | undefined {
    while (true) {
      const undone = this.#undo();
      if (undone?.forced !== true) return undone;
    }
  }

  #undo(): Step | undefined {
    const { slots, byEnd } = this.#problem;
    const step = this.#steps.pop();
    if (step === undefined) return undefined;
    this.#order.pop();
    this.#state = step.stateBefore;
    if (step.item >= 0) {
      while (this.#frontier > step.frontierBefore) {
        this.#frontier -= 1;
        this.#flip(slots[byEnd[this.#frontier] ?? 0] ?? 0);
      }
      this.#flip(slots[step.item] ?? 0);
      this.#inOrder[step.item] = 0;
      this.#link(step.item, true);
    } else {
      this.#toggleUsed(-1 - step.item);
    }
    return step;
  }

  /** Takes a completed operation out of the list of what is not in order, or puts it back where it was. */
  #link(item: number, isIn: boolean): void {
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
    this.#used[word] = (this.#used[word] ?? 0) ^ (1 << (open & 31));
  }
}
