/**
 * The invariants of consensus behind the `Engine` port, for whoever runs engines in a test.
 *
 * - `observer`: what a world shows of its nodes, and calls at which moment. `image`: what a disk holds.
 * - `recorder`: the invariants of every algorithm. `rules`: what differs between algorithms, as far as
 *   those have to know it. `decisions`: what was decided so far.
 *
 * As pure as an engine. The checks of one algorithm stand beside it (`@quorate/raft/checks`,
 * `@quorate/paxos/checks`).
 *
 * @packageDocumentation
 */
export { membershipIn } from '../engines/membership-record.ts';
export * from './decisions.ts';
export * from './image.ts';
export type { TailBounds } from './life.ts';
export * from './observer.ts';
export * from './recorder.ts';
export * from './rules.ts';
