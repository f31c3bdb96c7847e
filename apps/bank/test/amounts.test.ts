/** Amounts are read exactly or not at all, and written as they are read. */
import { expect, it } from 'vitest';
import { formatAmount, parseAmount } from '../src/amounts.ts';

it.each([
  ['12.34', 1234n, '12.34'],
  ['12', 1200n, '12.00'],
  ['0.01', 1n, '0.01'],
  ['007.00', 700n, '7.00'],
  ['3402823669209384634633746074317682114.55', 2n ** 128n - 1n, undefined],
])('reads %s', (text, minorUnits, written) => {
  expect(parseAmount(text, 'it')).toBe(minorUnits);
  expect(formatAmount(minorUnits)).toBe(written ?? text);
});

it.each([
  '',
  '0',
  '0.00',
  '1.',
  '.5',
  '1.5',
  '1.234',
  '-1',
  '+1',
  '1e2',
  ' 1',
  '1,00',
  '٣',
  '1'.repeat(38),
])('refuses %j', (text) => {
  expect(() => parseAmount(text, 'it')).toThrow(/^it must be more than nothing and look like/);
});

it('writes what is owed with a sign', () => {
  expect([-5n, -1234n, 0n].map(formatAmount)).toEqual(['-0.05', '-12.34', '0.00']);
});
