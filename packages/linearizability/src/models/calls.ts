/** What the models of JSON histories have in common: keys, checks of values, and words. */
import { canonical, isArray, type Json } from '../json.ts';
import type { Answer, Call } from '../operation.ts';

/** No state: the operation does not fit. */
export const none: readonly never[] = [];

/** A name for the part of a state that a call is about; calls without a key share one. */
export function partitionOf({ key }: Call): string {
  return key === undefined ? '' : JSON.stringify(key);
}

/** Calls with equal texts do the same within a partition. */
export function callKey({ f, key, value }: Call): string {
  return `${f}${key === undefined ? '' : ` ${JSON.stringify(key)}`} ${value === undefined ? '' : canonical(value)}`;
}

/** The two values of a compare-and-set. */
export function pairOf(value: Json | undefined): readonly [from: Json, to: Json] | undefined {
  if (value === undefined || !isArray(value) || value.length !== 2) return undefined;
  const [from, to] = value;
  return from === undefined || to === undefined ? undefined : [from, to];
}

/** What is wrong with an operation, by its name. */
export type Checks = Readonly<
  Record<string, (call: Call, answer: Answer | undefined) => string | undefined>
>;

/** Refuses what has no check, and otherwise asks that. */
export function checkWith(
  model: string,
  checks: Checks,
  call: Call,
  answer: Answer | undefined,
): string | undefined {
  const check = Object.hasOwn(checks, call.f) ? checks[call.f] : undefined;
  if (check !== undefined) return check(call, answer);
  const names = Object.keys(checks).join(', ');
  return `the model ${model} knows no "${call.f}"; write one of ${names}, or choose another model`;
}

/** A read that is ok says what it read. */
export function checkRead(_call: Call, answer: Answer | undefined): string | undefined {
  if (answer === undefined || answer.value !== undefined) return undefined;
  return 'a read that is ok has no "value"; write what it read, null for nil';
}

/** A write has something to write. */
export function checkWrite({ f, value }: Call): string | undefined {
  return value === undefined ? `a ${f} has no "value"; write it into the invoke` : undefined;
}

/** A compare-and-set has two values, and says whether it matched. */
export function checkCas({ value }: Call, answer: Answer | undefined): string | undefined {
  if (pairOf(value) === undefined) return 'the "value" of a cas is [from, to]; write both';
  if (answer === undefined || typeof answer.result === 'boolean') return undefined;
  return 'a cas that is ok has a "result", true or false; write whether the register held from';
}

/** `write 3`, `read → 3`, `cas 1 → 2: false`. */
export function describeCall(call: Call, answer: Answer | undefined): string {
  const { f, value } = call;
  const pair = f === 'cas' ? pairOf(value) : undefined;
  const argument = pair === undefined ? textOf(value) : `${textOf(pair[0])} ⇒ ${textOf(pair[1])}`;
  const words = [f, ...(value === undefined ? [] : [argument])].join(' ');
  const { result, value: read } = answer ?? {};
  if (result !== undefined) return `${words}: ${textOf(result)}`;
  return value === undefined && read !== undefined ? `${words} → ${textOf(read)}` : words;
}

/** A value as people write it; nil for null. */
export function textOf(value: Json | undefined): string {
  return value === null || value === undefined ? 'nil' : canonical(value);
}
