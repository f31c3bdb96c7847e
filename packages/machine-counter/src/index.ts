/**
 * Replicated counters, by name: the smallest complete state machine.
 *
 * ```ts
 * const machine = counterMachine();
 * await replica.execute(add('visits', 1n));
 * await replica.query(read('visits'));
 * ```
 *
 * @packageDocumentation
 */
export * from './commands.ts';
export * from './limits.ts';
export { type CounterMachine, counterMachine } from './machine.ts';
