/**
 * A replicated bank, for programs that bring their own command line: one node of it, a client, and amounts as
 * people write them.
 *
 * @packageDocumentation
 */
export { formatAmount, parseAmount } from './amounts.ts';
export { type Bank, type BankOptions, type Executes, openBank, perform } from './bank.ts';
export { BankError } from './errors.ts';
export type { NodeConfig } from './node/config.ts';
export { type LedgerReplica, type RunningNode, startNode } from './node/node.ts';
