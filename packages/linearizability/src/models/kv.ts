/** A map from keys to values to which one can append. Each key is checked by itself. */
import { canonical, type Json, stateKey } from '../json.ts';
import type { Model } from '../model.ts';
import type { Answer, Call } from '../operation.ts';
import {
  type Checks,
  callKey,
  checkCas,
  checkRead,
  checkWith,
  checkWrite,
  describeCall,
  none,
  partitionOf,
} from './calls.ts';
import { stepRegister } from './register.ts';

/** What an absent key reads as. */
const absent = '';

const keyed =
  (check: (call: Call, answer: Answer | undefined) => string | undefined) =>
  (call: Call, answer: Answer | undefined): string | undefined =>
    call.key === undefined ? `a ${call.f} has no "key"; write it` : check(call, answer);

const checks: Checks = {
  read: keyed(checkRead),
  get: keyed(checkRead),
  write: keyed(checkWrite),
  put: keyed(checkWrite),
  append: keyed(({ value }) =>
    typeof value === 'string' ? undefined : 'the "value" of an append is a string; write one',
  ),
  cas: keyed(checkCas),
  delete: keyed((_call, answer) =>
    answer?.result === undefined || typeof answer.result === 'boolean'
      ? undefined
      : 'the "result" of a delete is true or false; write whether the key was there, or leave it out',
  ),
};

/**
 * `read` (or `get`), `write` (or `put`), `append` of a string, `cas` of `[from, to]` with a `result`, and
 * `delete`, whose `result`, where there is one, says whether the key was there. An absent key reads as
 * `""`; to hold `""` and to be absent is the same. What is appended to another value than a string is
 * appended to its JSON text.
 */
export function kvModel(): Model<Json> {
  return {
    name: 'kv',
    init: absent,
    step: stepKey,
    key: stateKey,
    partition: partitionOf,
    isReadOnly: ({ f }, output) =>
      f === 'read' || f === 'get' || ((f === 'cas' || f === 'delete') && output?.result === false),
    inputKey: callKey,
    validate: (call, answer) => checkWith('kv', checks, call, answer),
    describeState: canonical,
    describeOperation: describeCall,
  };
}

function stepKey(state: Json, call: Call, output: Answer | undefined): readonly Json[] {
  const { f, value } = call;
  switch (f) {
    case 'get':
      return stepRegister(state, { f: 'read' }, output);
    case 'put':
      return stepRegister(state, { ...call, f: 'write' }, output);
    case 'append':
      if (typeof value !== 'string') return none;
      return [(typeof state === 'string' ? state : canonical(state)) + value];
    case 'delete': {
      const wasThere = state !== absent;
      const { result } = output ?? {};
      return result === undefined || result === wasThere ? [absent] : none;
    }
    default:
      return stepRegister(state, call, output);
  }
}
