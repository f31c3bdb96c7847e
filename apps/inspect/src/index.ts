/**
 * The program `quorate-inspect`, to be run from another one.
 *
 * @packageDocumentation
 */
export { exitCodes, run } from './program.ts';
