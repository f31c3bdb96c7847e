/**
 * The suites that every engine, storage and transport must pass; each has an entry of its own:
 * `@quorate/conformance/engine`, `@quorate/conformance/storage`, `@quorate/conformance/transport`.
 * This one has what they share.
 *
 * @packageDocumentation
 */
export { ConformanceError } from './check.ts';
export type { TestFramework } from './framework.ts';
