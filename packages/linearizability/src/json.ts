/**
 * Values as they stand in a history, and one text for each of them.
 *
 * Two values are equal if their canonical texts are: the order of an object's members is of no meaning.
 */

/** Any JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [member: string]: Json };

/** How deep arrays and objects may be nested in a value. */
export const maxDepth = 64;

/** The canonical text of a value: no blanks, members in order. Equal texts, equal values. */
export function canonical(value: Json): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '0' : String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value)
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`);
  return `{${members.join(',')}}`;
}

/** Whether two values are the same. */
export function same(left: Json | undefined, right: Json | undefined): boolean {
  if (left === right) return true;
  if (typeof left !== 'object' || typeof right !== 'object') return false;
  if (left === null || right === null) return false;
  return canonical(left) === canonical(right);
}

/**
 * A text for a state that is one value, cheaper than the canonical one: long strings are not escaped.
 * No other JSON text begins with a quotation mark, so it stays exact.
 */
export function stateKey(value: Json): string {
  return typeof value === 'string' ? `"${value}` : canonical(value);
}

/** What keeps a value from being compared exactly, or `undefined`. */
export function problemOf(value: Json, depth: number = 0): string | undefined {
  if (typeof value === 'number') {
    if (Number.isFinite(value) && (Number.isSafeInteger(value) || !Number.isInteger(value))) {
      return undefined;
    }
    return `${String(value)} is beyond the integers that are kept exactly; write it as a string`;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth >= maxDepth) return `it is nested deeper than ${maxDepth}; write it as a string`;
  for (const member of isArray(value) ? value : Object.values(value)) {
    const problem = problemOf(member, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** `Array.isArray`, for arrays that nobody may change. */
export function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** An object, no array and not null. */
export function isObject(value: Json | undefined): value is { readonly [member: string]: Json } {
  return typeof value === 'object' && value !== null && !isArray(value);
}
