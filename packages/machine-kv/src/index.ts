/**
 * A replicated, versioned, ordered key-value map in the manner of etcd's data model.
 *
 * ```ts
 * const machine = kvMachine();
 * await replica.execute(kv.put('color', 'green'));
 * await replica.query(kv.get('color'));
 * ```
 *
 * @packageDocumentation
 */
export * from './commands.ts';
export * from './leases/commands.ts';
export * from './leases/results.ts';
export * from './limits.ts';
export { type KvMachine, kvMachine } from './machine.ts';
export * from './results.ts';
export * from './watches/requests.ts';
