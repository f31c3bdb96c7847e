/**
 * Assertions, so that a suite needs none from the test framework.
 */
import { describeError, equalBytes, type ErrorCode, QuorateError } from '@quorate/core';

/** What a suite throws when the part under test does not do what its port promises. */
export class ConformanceError extends Error {
  readonly actual: unknown;
  readonly expected: unknown;

  constructor(message: string, actual?: unknown, expected?: unknown) {
    super(message);
    this.name = 'ConformanceError';
    this.actual = actual;
    this.expected = expected;
  }
}

/** Asserts that a statement holds. */
export function check(holds: boolean, statement: string): asserts holds {
  if (!holds) throw new ConformanceError(statement);
}

/** Asserts that two values are equal, all the way down; any two views of equal bytes are. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (isEqual(actual, expected)) return;
  throw new ConformanceError(
    `${what}: expected ${show(expected)}, got ${show(actual)}`,
    actual,
    expected,
  );
}

/** Asserts that a promise rejects with an error of this code. */
export async function rejects(
  promise: Promise<unknown>,
  code: ErrorCode,
  what: string,
): Promise<void> {
  let reason: unknown;
  try {
    await promise;
  } catch (error) {
    reason = error;
    if (error instanceof QuorateError && error.code === code) return;
  }
  throw new ConformanceError(
    reason === undefined
      ? `${what}: expected ${code}, but it succeeded`
      : `${what}: expected ${code}, got: ${describeError(reason)}`,
    reason,
    code,
  );
}

/** A failure, with the case that it came in. */
export function failedIn(what: string, error: unknown): ConformanceError {
  // The values that were compared stay behind: frameworks print them at length, the message is enough.
  if (error instanceof ConformanceError) {
    const failure = new ConformanceError(`${what}: ${error.message}`);
    return Object.assign(failure, { stack: error.stack });
  }
  return Object.assign(new ConformanceError(`${what}: ${reasonOf(error)}`), { cause: error });
}

/** With the causes: fast-check names the history in the error, and what went wrong in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const reason = `${error.name}: ${error.message}`;
  return error.cause === undefined ? reason : `${reason}\n${reasonOf(error.cause)}`;
}

/** Whether two values are equal, all the way down. */
export function isEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (left instanceof Uint8Array || right instanceof Uint8Array) {
    return left instanceof Uint8Array && right instanceof Uint8Array && equalBytes(left, right);
  }
  if (typeof left !== 'object' || typeof right !== 'object' || !left || !right) return false;
  if (Array.isArray(left) !== Array.isArray(right)) return false;
  const fields = new Map(Object.entries(left));
  const others = Object.entries(right);
  return (
    fields.size === others.length &&
    others.every(([name, value]) => fields.has(name) && isEqual(fields.get(name), value))
  );
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_name, field: unknown) => {
    if (typeof field === 'bigint') return `${String(field)}n`;
    return field instanceof Uint8Array
      ? `${String(field.length)} bytes ${[...field.subarray(0, 8)].join(' ')}`
      : field;
  }) as string | undefined;
  return (text ?? String(value)).slice(0, 500);
}
