/** The arithmetic that a demo's audit goes by is that of the ledger. */
import {
  expectType,
  ledger,
  ledgerMachine,
  type LedgerOperation,
  maxPageLength,
} from '@quorate/machine-ledger';
import { expect, it } from 'vitest';
import { currencies, openingOf } from '../src/demo/accounts.ts';
import { expectedBalances, isEqual, sumOf } from '../src/demo/balances.ts';
import { drawPayments } from '../src/demo/payments.ts';
import type { Acknowledged } from '../src/demo/teller.ts';

it('agrees with the ledger over payments of all kinds', () => {
  const machine = ledgerMachine();
  const acknowledged: Acknowledged[] = [];
  const kinds = new Set<string>();
  let index = 0;
  const does = (operation: LedgerOperation): boolean => {
    const result = machine.apply(operation, { index: ++index, position: 0, time: index });
    if (result.type === 'refused') return false;
    const [receipt] = result.receipts;
    if (receipt !== undefined) acknowledged.push({ operation, receipt });
    kinds.add(operation.type);
    return true;
  };
  for (const operation of currencies.flatMap(openingOf)) expect(does(operation)).toBe(true);
  for (const payment of drawPayments(1000, 7)) payment.every(does);
  expect([...kinds].sort()).toEqual(['open', 'pending', 'post', 'transfer', 'void']);

  // In whatever order the answers came.
  const expected = expectedBalances([...acknowledged].reverse());
  const statement = machine.query(ledger.statement({ limit: maxPageLength }));
  const { lines } = expectType(statement, 'statement');
  expect(lines).toHaveLength(expected.size);
  for (const { account, balances } of lines) expect(expected.get(account)).toEqual(balances);
  const sum = sumOf(lines);
  expect(sum.debitsPosted).toBe(sum.creditsPosted);
  expect(isEqual(sum, { ...sum, debitsPending: sum.debitsPending + 1n })).toBe(false);
});

it('draws the same payments for the same seed, and others for another', () => {
  expect(drawPayments(50, 3)).toEqual(drawPayments(50, 3));
  expect(drawPayments(50, 3)).not.toEqual(drawPayments(50, 4));
});
