/**
 * The states that a search has met, numbered, and where each operation leads from each of them: the
 * model is asked once. Equal states have one number, so that comparing numbers is exact.
 */
import type { Model } from '../model.ts';
import type { Task } from './tasks.ts';

/** Asks the model, and remembers. */
export class Transitions<State, Input, Output> {
  readonly #model: Model<State, Input, Output>;
  readonly #numbers = new Map<string | number, number>();
  readonly #states: State[] = [];
  readonly #known = new Map<Task<Input, Output>, Map<number, readonly number[]>>();

  constructor(model: Model<State, Input, Output>) {
    this.#model = model;
  }

  /** The number of a state. */
  numberOf(state: State): number {
    const key = this.#model.key(state);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#states.push(state) - 1;
    this.#numbers.set(key, number);
    return number;
  }

  /** The state with a number that was given here. */
  state(number: number): State {
    return this.#states[number] as State;
  }

  /** The states to which the operation can lead from here; none if it does not fit. */
  after(state: number, task: Task<Input, Output>): readonly number[] {
    let byState = this.#known.get(task);
    if (byState === undefined) {
      byState = new Map();
      this.#known.set(task, byState);
    }
    const known = byState.get(state);
    if (known !== undefined) return known;
    const states = this.#model.step(this.state(state), task.input, task.output);
    const numbers = states.length === 0 ? nowhere : states.map((each) => this.numberOf(each));
    byState.set(state, numbers);
    return numbers;
  }
}

const nowhere: readonly number[] = [];
