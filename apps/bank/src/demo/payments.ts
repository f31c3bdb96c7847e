/**
 * The payments of a demo, drawn from a seed: most move an amount at once; some reserve it first, and are then
 * posted, in whole or in part, or voided.
 */
import { type Random, seededRandom } from '@quorate/core';
import { ledger, type LedgerOperation } from '@quorate/machine-ledger';
import { currencies, customersOf } from './accounts.ts';

/** What is done one after the other; if one is refused, the rest is not. */
export type Payment = readonly [LedgerOperation, ...(readonly LedgerOperation[])];

/** More than some customers have left, so that some payments are refused. */
const greatestMinorUnits = 400_00;

/** A list of payments, the same for the same seed. */
export function drawPayments(count: number, seed: number): readonly Payment[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_each, at) => draw(random, `payment-${String(at + 1)}`));
}

function draw(random: Random, id: string): Payment {
  const customers = customersOf(random.pick(currencies));
  const debit = random.pick(customers);
  const credit = random.pick(customers.filter((each) => each !== debit));
  const minorUnits = 1 + random.below(greatestMinorUnits);
  const movement = { id, debit, credit, amount: BigInt(minorUnits) };
  if (random.chance(0.7)) return [ledger.transfer(movement)];
  const end = { id: `${id}-end`, pending: id };
  const part = BigInt(1 + random.below(minorUnits));
  return [
    ledger.pending(movement),
    random.pick([ledger.post(end), ledger.post({ ...end, amount: part }), ledger.void(end)]),
  ];
}
