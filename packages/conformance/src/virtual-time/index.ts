/**
 * Virtual time for tests: a `Runtime` whose clock stands still until it is told to go on.
 *
 * @packageDocumentation
 */
export * from './virtual-runtime.ts';
