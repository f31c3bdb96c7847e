/**
 * Double-entry accounting as a deterministic state machine.
 *
 * ```ts
 * const machine = ledgerMachine();
 * await replica.execute(ledger.open({ id: 'alice', currency: 'EUR' }));
 * await replica.execute(ledger.transfer({ id: 't1', debit: 'bank', credit: 'alice', amount: 500n }));
 * await replica.query(ledger.account('alice'));
 * ```
 *
 * @packageDocumentation
 */
export * from './events.ts';
export { exportLedger } from './export.ts';
export * from './language.ts';
export * from './limits.ts';
export { type LedgerMachine, ledgerMachine, type LedgerMachineOptions } from './machine.ts';
export * from './operations.ts';
export * from './proofs.ts';
export * from './queries.ts';
export { decodeRecord } from './record.ts';
export * from './results.ts';
export { type Verification, verifyExport, type VerifyOptions } from './verify.ts';
