/**
 * Visits every state that a model can reach, breadth first, so that the way to whatever is wrong is a
 * shortest one. The idea is that of TLC and of stateright: the code under test itself is the model.
 */

/** What there is to explore. States are values: nobody changes one. */
export interface Model<State> {
  readonly initial: State;
  /** Every single thing that can happen next; the same ones in the same order whenever asked. */
  next(state: State): readonly Step<State>[];
  /** Equal for states of which it is enough to explore one. */
  key(state: State): string;
  /** What is wrong with a state; `undefined` where nothing is. */
  wrong(state: State): string | undefined;
  /** What is wrong with a step, be the state that it leads to as right as it may. */
  wrongStep?(before: State, after: State): string | undefined;
  /** What is to be seen in some state; otherwise the exploration proves less than it seems to. */
  readonly sometimes?: Readonly<Record<string, (state: State) => boolean>>;
}

/** One thing that can happen. */
export interface Step<State> {
  /** In words, for a trace. */
  readonly what: () => string;
  readonly to: State;
}

/** What an exploration found. */
export interface Exploration {
  /** Different states, the initial one included; where something is wrong, those seen until then. */
  readonly states: number;
  /** Steps between them, those that lead nowhere new included. */
  readonly steps: number;
  /** Steps to the state that is farthest from the initial one. */
  readonly depth: number;
  /** Names of what is to be seen sometimes, and was. */
  readonly seen: readonly string[];
  readonly violation: Violation | undefined;
}

/** What is wrong, and a shortest way to it. */
export interface Violation {
  readonly statement: string;
  readonly trace: readonly string[];
}

/**
 * Explores a model until everything is visited or something is wrong.
 *
 * @throws RangeError beyond `maxStates`: nothing is left out in silence.
 */
export function explore<State>(model: Model<State>, maxStates: number = 1_000_000): Exploration {
  const known = new Set<string>();
  /** States in the order of their discovery; `undefined` once their steps are known. */
  const states: (State | undefined)[] = [];
  const origins: Origin[] = [];
  const unseen = new Map(Object.entries(model.sometimes ?? {}));
  const seen: string[] = [];
  let steps = 0;

  const discover = (state: State, origin: Origin): void => {
    if (states.length === maxStates) throw new RangeError(`more than ${String(maxStates)} states`);
    states.push(state);
    origins.push(origin);
    for (const [name, holds] of unseen) {
      if (!holds(state)) continue;
      unseen.delete(name);
      seen.push(name);
    }
  };
  const report = (statement: string | undefined): Exploration => ({
    states: states.length,
    steps,
    depth: origins.at(-1)?.depth ?? 0,
    seen,
    violation:
      statement === undefined ? undefined : { statement, trace: traceToLast(model, origins) },
  });

  known.add(model.key(model.initial));
  discover(model.initial, { parent: -1, ordinal: -1, depth: 0 });
  const wrongFromTheStart = model.wrong(model.initial);
  if (wrongFromTheStart !== undefined) return report(wrongFromTheStart);

  for (let parent = 0; parent < states.length; parent++) {
    const state = states[parent];
    if (state === undefined) continue;
    states[parent] = undefined;
    const depth = (origins[parent]?.depth ?? 0) + 1;
    for (const [ordinal, { to }] of model.next(state).entries()) {
      steps += 1;
      const key = model.key(to);
      let wrong = model.wrongStep?.(state, to);
      if (wrong === undefined) {
        if (known.has(key)) continue;
        wrong = model.wrong(to);
      }
      known.add(key);
      discover(to, { parent, ordinal, depth });
      if (wrong !== undefined) return report(wrong);
    }
  }
  return report(undefined);
}

/** Where a state came from: which of its parent's steps led to it. */
interface Origin {
  readonly parent: number;
  readonly ordinal: number;
  readonly depth: number;
}

/** What happened on the way to the state found last. The words were not kept, so go there again. */
function traceToLast<State>(model: Model<State>, origins: readonly Origin[]): readonly string[] {
  const way: number[] = [];
  for (let origin = origins.at(-1); origin !== undefined && origin.parent >= 0; ) {
    way.unshift(origin.ordinal);
    origin = origins[origin.parent];
  }
  let state = model.initial;
  return way.map((ordinal) => {
    const step = model.next(state)[ordinal];
    if (step === undefined) throw new Error('the model does not repeat itself');
    state = step.to;
    return step.what();
  });
}
