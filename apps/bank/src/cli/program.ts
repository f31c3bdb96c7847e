/**
 * The command line: which commands there are.
 */
import { type Program, runProgram } from '@quorate/program/command-line';
import { exitCodes } from '../errors.ts';
import { version } from '../version.ts';
import { addBalance, addOpen, addStatement } from './accounts.ts';
import { addExport, addVerify } from './books.ts';
import { addDemo, addServe } from './nodes.ts';
import { addPend, addPost, addTransfer, addVoid } from './transfers.ts';

/**
 * Runs a command line, and returns the exit code: 0 done, 1 failed, 2 the command line makes no sense,
 * 3 no such account, 4 it is not known whether it was done, 5 the bank refused, 130 interrupted.
 *
 * @param words the arguments, without node and program.
 */
export function run(words: readonly string[]): Promise<number> {
  return runProgram(program, words);
}

const program: Program = {
  name: 'quorate-bank',
  description: 'A replicated bank: double-entry accounts, two-phase payments, verified books.',
  version,
  commands: [
    addServe,
    addDemo,
    addOpen,
    addTransfer,
    addPend,
    addPost,
    addVoid,
    addBalance,
    addStatement,
    addExport,
    addVerify,
  ],
  // The ledger has said no; and a demo that is interrupted has not found out what it was about.
  exitCodes: { REFUSED: exitCodes.refused, ABORTED: exitCodes.interrupted },
};
