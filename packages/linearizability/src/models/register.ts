/** A register, read and written; and the one that can compare and set. Both one for each key. */
import { type Json, same, stateKey } from '../json.ts';
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
  pairOf,
  partitionOf,
  textOf,
} from './calls.ts';

/** @see registerModel */
export interface RegisterOptions {
  /** What a register holds at first. @default null */
  readonly initial?: Json;
}

const readAndWrite: Checks = { read: checkRead, write: checkWrite };
const withCas: Checks = { ...readAndWrite, cas: checkCas };

/** `read` and `write`. A register is nil (`null`) at first. */
export function registerModel(options: RegisterOptions = {}): Model<Json> {
  return registers('register', readAndWrite, options);
}

/**
 * `read`, `write`, and `cas` of the value `[from, to]`, whose `result` says whether the register held
 * `from`. A register is nil (`null`) at first.
 */
export function casRegisterModel(options: RegisterOptions = {}): Model<Json> {
  return registers('cas-register', withCas, options);
}

function registers(name: string, checks: Checks, { initial = null }: RegisterOptions): Model<Json> {
  return {
    name,
    init: initial,
    step: stepRegister,
    key: stateKey,
    partition: partitionOf,
    isReadOnly: ({ f }, output) => f === 'read' || (f === 'cas' && output?.result === false),
    inputKey: callKey,
    validate: (call, answer) => checkWith(name, checks, call, answer),
    describeState: textOf,
    describeOperation: describeCall,
  };
}

/** What a register does on `read`, `write` and `cas`. */
export function stepRegister(
  state: Json,
  { f, value }: Call,
  output: Answer | undefined,
): readonly Json[] {
  switch (f) {
    case 'read':
      return output === undefined || same(output.value, state) ? [state] : none;
    case 'write':
      return value === undefined ? none : [value];
    case 'cas': {
      const pair = pairOf(value);
      if (pair === undefined) return none;
      const [from, to] = pair;
      const matches = same(from, state);
      if (output !== undefined && output.result !== matches) return none;
      return [matches ? to : state];
    }
    default:
      return none;
  }
}
