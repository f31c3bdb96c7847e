/**
 * The accounts of a demo: in each currency a vault and customers, who must not overdraw what they were given.
 */
import { ledger, type LedgerOperation } from '@quorate/machine-ledger';

/** Currencies of a demo. */
export const currencies = ['EUR', 'USD'] as const;

/** A currency of a demo. */
export type DemoCurrency = (typeof currencies)[number];

const customersEach = 10;
/** 1000.00 of each. */
const depositMinorUnits = 1_000_00n;

/** The customers of a currency. */
export function customersOf(currency: DemoCurrency): readonly string[] {
  return Array.from(
    { length: customersEach },
    (_each, at) => `${currency.toLowerCase()}-customer-${String(at + 1)}`,
  );
}

/** Opens the accounts of a currency and fills them: to be done all at once. */
export function openingOf(currency: DemoCurrency): readonly LedgerOperation[] {
  const vault = `${currency.toLowerCase()}-vault`;
  const customers = customersOf(currency);
  return [
    ledger.open({ id: vault, currency }),
    ...customers.map((id) => ledger.open({ id, currency, limit: 'debits-within-credits' })),
    ...customers.map((credit) =>
      ledger.transfer({ id: `deposit-${credit}`, debit: vault, credit, amount: depositMinorUnits }),
    ),
  ];
}
