/** Checks of options that more than one part makes. */
import { InvalidArgumentError } from '@quorate/core';

/** @throws InvalidArgumentError naming the first that is no positive integer. */
export function checkIntegers(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new InvalidArgumentError(`${name} must be a positive integer, got ${value}`);
    }
  }
}

/** @throws InvalidArgumentError naming the first that no timer can take. */
export function checkTimes(options: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (!(value > 0 && value < 2 ** 31)) {
      throw new InvalidArgumentError(`${name} must be positive, got ${value}`);
    }
  }
}

/**
 * Refuses options that nobody knows: one that is misspelt (`tsl`) must not mean its default.
 *
 * @throws InvalidArgumentError naming it.
 */
export function refuseUnknown(options: object, known: readonly string[], of: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new InvalidArgumentError(
      `${of} has no option ${JSON.stringify(name.slice(0, 80))}; it knows ${known.join(', ')}`,
    );
  }
}
