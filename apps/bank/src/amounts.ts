/**
 * Amounts as people write them. The ledger counts minor units and does not know how many of them make
 * one of a currency; here it is always a hundred, and an amount has two digits behind the point or none.
 */
import { InvalidArgumentError } from '@quorate/core';

/**
 * Minor units out of `12.34` or `12`.
 *
 * @throws InvalidArgumentError if the text is no amount, or is nothing.
 */
export function parseAmount(text: string, what: string): bigint {
  // 37 digits and two more are as many as 128 bits can hold; the ledger itself draws the exact line.
  const match = /^(\d{1,37})(?:\.(\d{2}))?$/.exec(text);
  const amount = match === null ? 0n : BigInt(`${match[1] ?? ''}${match[2] ?? '00'}`);
  if (amount > 0n) return amount;
  throw new InvalidArgumentError(
    `${what} must be more than nothing and look like 12.34 or 12, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/** `12.34` out of minor units; what is owed has a sign. */
export function formatAmount(minorUnits: bigint): string {
  const digits = (minorUnits < 0n ? -minorUnits : minorUnits).toString().padStart(3, '0');
  return `${minorUnits < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
