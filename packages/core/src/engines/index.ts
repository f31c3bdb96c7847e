/**
 * Building blocks for engines: everything that an engine of any algorithm needs around its rules.
 *
 * - `outbox`: gathers the effects of a turn. `write-ledger`: which writes are under way.
 * - `record-tail`, `loads`: the end of the log in memory, and pages of what is only on disk.
 * - `delivery`, `publications`: committed entries, and snapshots, on their way to the consumer.
 * - `read-rounds`, `lease`: reads that need no entry in the log. `marks`: bounds in bytes, and the like.
 * - `hand-over`: another leader. `refusals`: what every engine refuses. `membership-record`: memberships
 *   in the log. `options`: the knobs that every engine has. `explain`: what tools show of it all.
 *
 * As pure as an engine: no IO, no clock, no randomness, nothing that waits. What a driver, a storage or
 * a machine is written against is in `@quorate/core` itself.
 *
 * @packageDocumentation
 */
export * from './delivery.ts';
export * from './explain.ts';
export * from './hand-over.ts';
export * from './invariants.ts';
export * from './lease.ts';
export * from './loads.ts';
export * from './marks.ts';
export * from './membership-record.ts';
export * from './options.ts';
export * from './outbox.ts';
export * from './publications.ts';
export * from './read-rounds.ts';
export * from './record-tail.ts';
export * from './refusals.ts';
export * from './write-ledger.ts';
