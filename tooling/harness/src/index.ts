/**
 * Programs under test as real processes: built, started, waited for, and ended by their ids.
 *
 * @packageDocumentation
 */
export { type Captured, captured } from './captured.ts';
export { JsonLines, type JsonLine } from './lines.ts';
export { freePort, isFree } from './ports.ts';
export {
  alive,
  cleanUp,
  finish,
  type Finished,
  kill,
  startProcess,
  temporaryFolder,
  track,
  untrack,
} from './processes.ts';
export { type BuiltProgram, builtProgram } from './programs.ts';
export { eventually } from './waiting.ts';
