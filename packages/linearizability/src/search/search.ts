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
 * - Where the caller believes in an order, its next operation is tried before all others. If that comes to
 *   nothing, everything is tried as if there were none.
 *
 * Why all of them together lose no order: suppose that the search gave up, though from some configuration that
 * it visited there is a way to the end. Take the shortest such way, and of equal ones the one on which the fewest
 * open operations were used before. If its first step was made, it came to a configuration that was visited, or
 * one that was visited with a subset: from there the way is shorter. If a read was taken instead, it is later on
 * the way, and can be left out there. If a twin was to be used first, it does as well, and what began later can
 * take its place. And if the step leads to the same state without the open operation before it, there is a way as
 * long that uses one fewer, from the configuration before or from the one that was visited in its place. So a hint
 * may break the rules about open operations: they only say what need not be tried, and what it adds is
 * visited as everything else is.
 */
import type { Model } from '../model.ts';
import type { Budget, GiveUp } from './budget.ts';
import { Configuration, type Undo } from './configuration.ts';
import { type Item, type Problem, prepare } from './problem.ts';
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

/** What is left to do in a configuration once a step from it was undone: its other choices, all, or nothing. */
type Rest = 'others' | 'all' | 'nothing';

/** A step that was made. */
interface Step extends Undo {
  /** Which of the states was taken to which the operation can lead. */
  readonly choice: number;
  readonly rest: Rest;
  readonly cursorBefore: number;
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
  readonly #at: Configuration<Input, Output>;
  readonly #steps: Step[] = [];
  /** Up to where the hint was followed. */
  #cursor = 0;
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
    this.#at = new Configuration(problem, this.#transitions.numberOf(model.init));
    this.#visited = new Visited(this.#at.place.length, this.#at.used.length);
  }

  run(): Found {
    const { length } = this.#problem.completed;
    let isNew = this.#arrive();
    let item: Item = 0;
    let choice = 0;
    while (this.#at.frontier < length) {
      const { spent } = this.#budget;
      if (spent !== undefined) return { type: 'unknown', why: spent };
      isNew = isNew ? this.#leave() : this.#advance(item, choice);
      if (isNew) continue;
      const undone = this.#turnBack();
      if (undone === undefined) return { type: 'none', frontier: this.#furthestOperation() };
      const isAll = undone.rest === 'all';
      item = isAll ? this.#at.first : undone.item;
      choice = isAll ? 0 : undone.choice + 1;
    }
    return { type: 'order', order: [...this.#at.order] };
  }

  #furthestOperation(): number {
    const { byEnd, completed } = this.#problem;
    return completed[byEnd[this.#furthest] ?? -1]?.operation ?? 0;
  }

  /** Takes the first step out of a new configuration that leads somewhere new; `false` if none does. */
  #leave(): boolean {
    const forced = this.#fittingReadOnly();
    if (forced !== undefined) return this.#take(forced, this.#at.state, 0, 'nothing');
    return this.#followHint() || this.#advance(this.#at.first, 0);
  }

  /** An operation that may come next, fits, and changes no state. */
  #fittingReadOnly(): Item | undefined {
    const { completed, readOnly } = this.#problem;
    for (let item = this.#at.first; item >= 0; item = this.#at.after(item)) {
      const task = completed[item];
      if (readOnly[item] === 0 || task === undefined) continue;
      this.#budget.work(1);
      if (this.#transitions.after(this.#at.state, task).length > 0) return item;
    }
    return undefined;
  }

  /**
   * Takes the hinted step, or more of them, to where it is new; `false` if they lead to no such place.
   *
   * Open operations may lead through configurations that were visited: one that undoes what another did leads
   * back to a state, with more used. There nothing else is tried, for it is where it was visited; but to turn
   * back would leave the hint for a search of everything.
   */
  #followHint(): boolean {
    const { hinted } = this.#problem;
    while (this.#isInOrder(this.#cursor)) this.#cursor += 1;
    const depth = this.#steps.length;
    let rest: Rest = 'all';
    for (let cursor = this.#cursor; cursor < hinted.length; cursor++) {
      if (this.#isInOrder(cursor)) continue;
      const item = hinted[cursor] ?? 0;
      const task = this.#at.taskOf(item);
      if (task === undefined || task.start > this.#at.frontierEnd) break;
      this.#budget.work(1);
      const states = this.#transitions.after(this.#at.state, task);
      const isTaken = states.some((state, choice) => this.#take(item, state, choice, rest, cursor));
      if (isTaken) return true;
      // One that completed cannot be passed over: something is missing before it, or the hint is wrong.
      if (item >= 0) break;
      // What has no effect here is left out.
      const other = states.find((state) => state !== this.#at.state);
      if (other === undefined) continue;
      this.#make(item, other, 0, rest, cursor);
      rest = 'nothing';
    }
    while (this.#steps.length > depth) this.#undo();
    return false;
  }

  #isInOrder(cursor: number): boolean {
    const item = this.#problem.hinted[cursor];
    return item !== undefined && this.#at.isInOrder(item);
  }

  /** Takes the first step that leads somewhere new, from this item and choice on; `false` if none does. */
  #advance(fromItem: Item, fromChoice: number): boolean {
    const { readOnly } = this.#problem;
    let choice = fromChoice;
    for (let item = fromItem; ; choice = 0) {
      const task = this.#at.taskOf(item);
      if (task === undefined || (item < 0 && task.start > this.#at.frontierEnd)) return false;
      // What changes no state was tried when this configuration was new: it does not fit.
      const isCandidate = item >= 0 ? readOnly[item] === 0 : this.#mayUse(item);
      if (isCandidate) {
        this.#budget.work(1);
        const states = this.#transitions.after(this.#at.state, task);
        const without = states.length === 0 ? states : this.#withoutLast(task);
        for (; choice < states.length; choice++) {
          const state = states[choice] ?? 0;
          if (!without.includes(state) && this.#take(item, state, choice, 'others')) return true;
        }
      }
      item = item >= 0 ? this.#at.after(item) : item - 1;
    }
  }

  /** Where the operation would lead without the one before it, if that one is open. */
  #withoutLast(task: Task<Input, Output>): readonly number[] {
    const last = this.#steps.at(-1);
    if (last === undefined || last.item >= 0) return [];
    return this.#transitions.after(last.stateBefore, task);
  }

  /** Whether the open operation is there to be used, and none that does the same and began before. */
  #mayUse(item: Item): boolean {
    const twin = this.#problem.twins[-1 - item] ?? -1;
    return !this.#at.isInOrder(item) && (twin < 0 || this.#at.isInOrder(-1 - twin));
  }

  /** Makes a step; takes it back and gives `false` if that configuration was visited. */
  #take(item: Item, state: number, choice: number, rest: Rest, cursor?: number): boolean {
    this.#make(item, state, choice, rest, cursor);
    if (this.#arrive()) return true;
    this.#undo();
    return false;
  }

  #make(item: Item, state: number, choice: number, rest: Rest, cursor = this.#cursor): void {
    const { state: stateBefore, frontier: frontierBefore } = this.#at;
    const cursorBefore = this.#cursor;
    this.#steps.push({ item, stateBefore, frontierBefore, choice, rest, cursorBefore });
    this.#cursor = cursor;
    this.#at.put(item, state);
  }

  #undo(): Step | undefined {
    const step = this.#steps.pop();
    if (step === undefined) return undefined;
    this.#cursor = step.cursorBefore;
    this.#at.undo(step);
    return step;
  }

  /** Back to the last step that leaves something to do; `undefined` if there is none. */
  #turnBack(): Step | undefined {
    while (true) {
      const undone = this.#undo();
      if (undone?.rest !== 'nothing') return undone;
    }
  }

  /** Remembers where the search is; `false` if it has been here. */
  #arrive(): boolean {
    const isNew = this.#visited.add(this.#at.place, this.#at.used);
    this.#budget.work(this.#visited.work);
    if (!isNew) return false;
    this.#budget.configurations += 1;
    this.#furthest = Math.max(this.#furthest, this.#at.frontier);
    if (this.#observer !== undefined) this.#show(this.#observer);
    return true;
  }

  #show(observer: Observer<State>): void {
    const { byEnd, completed } = this.#problem;
    const { frontier: rank, order, state } = this.#at;
    const frontier = completed[byEnd[rank] ?? -1]?.operation;
    if (frontier === undefined) return;
    observer.reached(frontier, rank, order, this.#transitions.state(state), state);
  }
}
