/**
 * Waiting for an outcome: a promise that settles once, by its result, its deadline or its signal, and deadlines
 * without a timer each. For whatever has many calls under way at a time, as a replica and a client have.
 *
 * @packageDocumentation
 */
export * from './deadlines.ts';
export * from './waiting.ts';
