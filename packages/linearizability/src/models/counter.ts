/** A counter that is added to and read, one for each key. */
import type { Model } from '../model.ts';
import type { Answer, Call } from '../operation.ts';
import { type Checks, callKey, checkWith, describeCall, none, partitionOf } from './calls.ts';

/** @see counterModel */
export interface CounterOptions {
  /** What a counter holds at first. @default 0 */
  readonly initial?: number;
}

const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);

const checks: Checks = {
  add: ({ value }, answer) => {
    if (!isInteger(value)) return 'the "value" of an add is an integer; write what is added';
    if (answer?.result === undefined || isInteger(answer.result)) return undefined;
    return 'the "result" of an add is an integer; write what the counter held after it, or leave it out';
  },
  read: (_call, answer) =>
    answer === undefined || isInteger(answer.value)
      ? undefined
      : 'a read that is ok has an integer as "value"; write what it read',
};

/**
 * `add` of an integer, also a negative one, whose `result`, where there is one, is what the counter held
 * right after it; and `read`. A counter is 0 at first.
 */
export function counterModel({ initial = 0 }: CounterOptions = {}): Model<number> {
  return {
    name: 'counter',
    init: initial,
    step: stepCounter,
    key: (state) => state,
    partition: partitionOf,
    isReadOnly: ({ f, value }) => f === 'read' || (f === 'add' && value === 0),
    inputKey: callKey,
    validate: (call, answer) => checkWith('counter', checks, call, answer),
    describeState: String,
    describeOperation: describeCall,
  };
}

function stepCounter(
  state: number,
  { f, value }: Call,
  output: Answer | undefined,
): readonly number[] {
  switch (f) {
    case 'read':
      return output === undefined || output.value === state ? [state] : none;
    case 'add': {
      if (!isInteger(value)) return none;
      const sum = state + value;
      return output?.result === undefined || output.result === sum ? [sum] : none;
    }
    default:
      return none;
  }
}
