/** What a checker has to know of a system: how it would behave if operations came one after another. */
import type { Answer, Call } from './operation.ts';

/**
 * A sequential specification. States are values: `step` returns a new one and leaves the old alone.
 *
 * Everything beyond `name`, `init`, `step` and `key` makes the check faster or its answers clearer.
 */
export interface Model<State, Input = Call, Output = Answer> {
  readonly name: string;
  /** The state before the first operation; where the model has partitions, that of each. */
  readonly init: State;
  /**
   * The states in which the operation can leave the system when it begins in `state` and answers
   * `output`. None: it cannot answer so here. Several: it is not determined.
   *
   * @param output `undefined` if nobody knows: then whatever state it can leave behind.
   */
  step(state: State, input: Input, output: Output | undefined): readonly State[];
  /** Equal for equal states, different for different ones: a collision would be a wrong verdict. */
  key(state: State): string | number;
  /**
   * The part of the state that the operation reads and changes, where no operation concerns two.
   * Parts are checked one by one: a history is linearizable if and only if each part is (Herlihy and
   * Wing 1990, theorem 1).
   */
  partition?(input: Input): string;
  /**
   * `true` only if an operation that answered so leaves every state as it was (a read; a
   * compare-and-set that did not match). Called with `undefined`: whatever it answered.
   */
  isReadOnly?(input: Input, output: Output | undefined): boolean;
  /** Equal only for inputs that do the same: of two open calls with equal texts, the elder is tried first. */
  inputKey?(input: Input): string;
  /** What makes an operation one that the model does not know, with what to do; `undefined` if nothing. */
  validate?(input: Input, output: Output | undefined): string | undefined;
  /** @default the key of the state */
  describeState?(state: State): string;
  /** A few words, as in `write 3` or `read → 3`. @default input and output in JSON */
  describeOperation?(input: Input, output: Output | undefined): string;
}

/** The words for a state. */
export function describeState<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
): string {
  return model.describeState?.(state) ?? String(model.key(state));
}

/** The words for an operation; `output` is `undefined` if it is not known. */
export function describeOperation<State, Input, Output>(
  model: Model<State, Input, Output>,
  input: Input,
  output: Output | undefined,
): string {
  const words = model.describeOperation?.(input, output);
  if (words !== undefined) return words;
  // Not everything has a JSON text: functions and undefined have none.
  const text = (value: unknown) => (JSON.stringify(value) as string | undefined) ?? String(value);
  return output === undefined ? text(input) : `${text(input)} → ${text(output)}`;
}
