/** A violation in words. */
import { describeOperation, describeState, type Model } from '../model.ts';
import type { Operation } from '../operation.ts';
import type { Contradiction, Violation } from '../verdict.ts';

const maxStates = 4;
const maxWords = 80;

/** One sentence: which operation fits nowhere, in which part, and what the state can have been. */
export function describeViolation<State, Input, Output>(
  model: Model<State, Input, Output>,
  { partition, prefix }: Violation<State, Input, Output>,
): string {
  const { misfit, failsAt } = prefix;
  const where = partition === undefined ? '' : `key ${shortened(partition)}: `;
  const later = misfit === failsAt ? '' : ` once ${operationWords(model, failsAt)} has completed`;
  return `${where}no order fits ${operationWords(model, misfit)}${later}; before it the state can only be ${statesWords(model, prefix)}`;
}

/** The states that can have been reached: `1, 2 or 3`. */
export function statesWords<State, Input, Output>(
  model: Model<State, Input, Output>,
  { orders, stateCount }: Contradiction<State, Input, Output>,
): string {
  const states = orders
    .slice(0, maxStates)
    .map(({ state }) => shortened(describeState(model, state)));
  const more = stateCount - states.length;
  const all = more > 0 ? [...states, `${more} more`] : states;
  return all.length < 2
    ? (all[0] ?? 'unknown')
    : `${all.slice(0, -1).join(', ')} or ${all.at(-1) ?? ''}`;
}

/** `read → 3 of process 2 (lines 4 to 9)`. */
export function operationWords<State, Input, Output>(
  model: Model<State, Input, Output>,
  { process, input, start, ending, end }: Operation<Input, Output>,
): string {
  const output = ending.type === 'ok' ? ending.output : undefined;
  const words = shortened(describeOperation(model, input, output));
  const to = end?.line === undefined ? '' : ` to ${end.line}`;
  const lines = start.line === undefined ? '' : ` (line${to === '' ? '' : 's'} ${start.line}${to})`;
  return `${words} of process ${process}${lines}`;
}

function shortened(text: string): string {
  return text.length <= maxWords ? text : `${text.slice(0, maxWords - 1)}…`;
}
