/** The check of a history against a model. */
import { LinearizabilityError, positive } from './errors.ts';
import type { Model } from './model.ts';
import type { Answer, Call, History } from './operation.ts';
import { Budget, type GiveUp } from './search/budget.ts';
import { search } from './search/search.ts';
import { tasksOf } from './search/tasks.ts';
import type { Verdict } from './verdict.ts';
import { violationOf } from './violation.ts';

/** @see check */
export interface CheckOptions {
  /** After how many milliseconds to give up. @default 60_000 */
  readonly timeoutMs?: number;
  /**
   * After how many configurations to give up on a part of the state: a bound on memory, about 50 bytes
   * each and the states. @default 2_000_000
   */
  readonly maxConfigurations?: number;
  /** About how long a violation may be shortened, in milliseconds, after it was found. @default 10_000 */
  readonly explanationMs?: number;
  /**
   * An order that is tried first, as that of a replicated log: operations by their places in the history,
   * which are the numbers that `invoke` of a recorder gives. Those that are missing may stand anywhere. A wrong
   * order costs time, at worst so much that the verdict is `unknown`, and changes none besides. @default none
   */
  readonly hint?: readonly number[];
  /** Milliseconds from wherever. One that stands still leaves the bound to the configurations. @default performance.now */
  readonly clock?: () => number;
}

/**
 * Whether there is an order of the operations in which the model answers as the history does, and in which
 * each operation stands between its call and its completion.
 *
 * @throws {LinearizabilityError} `INVALID_OPERATION` if the model does not know an operation,
 * `OUT_OF_ORDER` if one ends before it begins, `INVALID_ARGUMENT` for an option
 */
export function check<State, Input = Call, Output = Answer>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  options: CheckOptions = {},
): Verdict<State, Input, Output> {
  const timeoutMs = positive('timeoutMs', options.timeoutMs, 60_000);
  const explanationMs = positive('explanationMs', options.explanationMs, 10_000);
  const maxConfigurations = positive('maxConfigurations', options.maxConfigurations, 2_000_000);
  const clock = options.clock ?? (() => performance.now());
  const hint = options.hint ?? [];
  validate(model, history);
  validateHint(hint, history.length);

  const parts = [...tasksOf(model, history, hint)].sort(
    ([, left], [, right]) => left.length - right.length,
  );
  const nameOf = (part: string) =>
    model.partition === undefined || part === '' ? undefined : part;
  const start = clock();
  const orders = new Map<string, History<Input, Output>>();
  let configurations = 0;
  let unknown: { readonly why: GiveUp; readonly partition: string | undefined } | undefined;
  const work = () => ({
    operations: history.filter(({ ending }) => ending.type !== 'fail').length,
    partitions: parts.length,
    configurations,
  });
  // The small ones first: one that is too hard then costs the least.
  for (const [part, tasks] of parts) {
    const budget = new Budget(maxConfigurations, start + timeoutMs - clock(), clock);
    const found = search(model, tasks, budget);
    configurations += budget.configurations;
    switch (found.type) {
      case 'order':
        orders.set(part, inOrder(history, found.order));
        break;
      case 'unknown':
        unknown ??= { why: found.why, partition: nameOf(part) };
        break;
      case 'none': {
        // In proportion to what was needed to find it, so that it ends where the clock stands still too.
        const enough = Math.min(maxConfigurations, 20 * budget.configurations + 20_000);
        const fresh = () => new Budget(enough, explanationMs / 4, clock);
        const violation = violationOf(model, history, tasks, found.frontier, fresh);
        return {
          verdict: 'violation',
          ...work(),
          violation: { partition: nameOf(part), ...violation },
        };
      }
    }
  }
  if (unknown !== undefined) return { verdict: 'unknown', ...work(), ...unknown };
  return { verdict: 'ok', ...work(), orders };
}

function inOrder<Input, Output>(
  history: History<Input, Output>,
  order: readonly number[],
): History<Input, Output> {
  return order.flatMap((place) => history[place] ?? []);
}

function validate<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): void {
  for (const { input, start, ending, end } of history) {
    const output = ending.type === 'ok' ? ending.output : undefined;
    const problem = model.validate?.(input, output);
    if (problem !== undefined) {
      throw new LinearizabilityError('INVALID_OPERATION', problem, start.line);
    }
    if (
      (end === undefined && ending.type === 'ok') ||
      (end !== undefined && end.order <= start.order)
    ) {
      throw new LinearizabilityError(
        'OUT_OF_ORDER',
        'an operation has to end after its call; give it an end of a higher order',
        start.line,
      );
    }
  }
}

function validateHint(hint: readonly number[], operations: number): void {
  const seen = new Set<number>();
  for (const place of hint) {
    const isPlace = Number.isInteger(place) && place >= 0 && place < operations;
    if (isPlace && !seen.has(place)) {
      seen.add(place);
      continue;
    }
    const problem = isPlace ? 'there twice' : `none of 0 to ${operations - 1}`;
    throw new LinearizabilityError(
      'INVALID_ARGUMENT',
      `hint has ${place}, which is ${problem}; give places in the history, each once`,
    );
  }
}
