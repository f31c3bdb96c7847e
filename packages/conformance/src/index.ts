/**
 * The suites that every engine, storage, transport and machine must pass; each has an entry of its
 * own: `@quorate/conformance/engine`, `…/storage`, `…/transport`, `…/machine`. This one has what they
 * share.
 *
 * @packageDocumentation
 */
export { ConformanceError } from './check.ts';
export type { TestFramework } from './framework.ts';
