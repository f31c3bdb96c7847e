/**
 * What to do about each reason for which the ledger refuses.
 */
import type { LedgerReason, LedgerRefused } from '@quorate/machine-ledger';
import { type BankError, bankError } from './errors.ts';

const advice: Readonly<Record<LedgerReason, string>> = {
  'exists-with-different-content':
    'the id is taken by something else; look whether that is what you mean, or choose another id',
  'debit-account-missing': 'the account to debit was never opened; check its name, or open it',
  'credit-account-missing': 'the account to credit was never opened; check its name, or open it',
  'currency-mismatch':
    'the two accounts have different currencies; exchange through accounts of yours',
  'would-overflow': 'the debits of the currency would be over 128 bits; move less',
  'debits-would-exceed-credits':
    'the account to debit has not enough; move less, or credit it first',
  'credits-would-exceed-debits': 'the account to credit has not room; move less, or debit it first',
  'pending-missing': 'there is no transfer with that id; check it',
  'not-pending': 'that transfer moved its amount at once; make one the other way round instead',
  'already-posted': 'it was posted; `statement` shows with which amount',
  'already-voided': 'it was voided; make a new one',
  'already-expired': 'its time ran out, and the amount is free again; make a new one',
  'exceeds-pending': 'more would be posted than is reserved; post less, and transfer the rest',
  'too-many-currencies': 'a ledger has at most 1024 currencies; use one that is there',
  'ledger-full':
    'it has as many events as it can hold; open a new bank with the balances of this one',
};

/** The error for a refusal. Nothing was done. */
export function refusal({ id, reason }: LedgerRefused): BankError {
  return bankError('REFUSED', `${id}: ${reason}: ${advice[reason]}`);
}
