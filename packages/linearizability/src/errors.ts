/**
 * What can be wrong with a history or an option. Each error has a literal `code`, which stands as a
 * heading in the README, and a message that ends with what to do.
 */

/** Every code. */
export type LinearizabilityErrorCode =
  | 'INVALID_ARGUMENT'
  | 'INVALID_EVENT'
  | 'INVALID_OPERATION'
  | 'NOT_JSON'
  | 'OUT_OF_ORDER'
  | 'TOO_LARGE';

/** The one class of errors of this package. Tell them apart by `code`. */
export class LinearizabilityError extends Error {
  readonly code: LinearizabilityErrorCode;
  /** The line of the history, counted from 1, where there is one. */
  readonly line: number | undefined;

  constructor(code: LinearizabilityErrorCode, message: string, line?: number) {
    super(line === undefined ? message : `line ${line}: ${message}`);
    this.name = 'LinearizabilityError';
    this.code = code;
    this.line = line;
  }
}

/**
 * The option as it is, or the default.
 *
 * @throws {LinearizabilityError} `INVALID_ARGUMENT`
 */
export function positive(name: string, value: number | undefined, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (value > 0) return value;
  throw new LinearizabilityError(
    'INVALID_ARGUMENT',
    `${name} is ${String(value)}; give a number above 0`,
  );
}
