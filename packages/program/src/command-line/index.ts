/**
 * Command lines of programs composed of the parts of Quorate.
 *
 * @packageDocumentation
 */
export { type ClientUse, type OpenClient, withClient } from './client.ts';
export { accessOf, parsed, positive, withAccessFlags, withTimeout } from './flags.ts';
export { main, type Program, runProgram } from './frame.ts';
