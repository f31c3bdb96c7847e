/**
 * The command line: which commands there are, and how every failure is told.
 */
import { Command, CommanderError } from 'commander';
import { exitCodeOf, exitCodes, formatError, usageError } from '../errors.ts';
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
export async function run(words: readonly string[]): Promise<number> {
  const help: string[] = [];
  try {
    await createProgram(help).parseAsync(words, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    if (error instanceof CommanderError && help.length > 0) {
      // No command at all: the help is the answer.
      process.stderr.write(help.join(''));
      return exitCodes.usage;
    }
    const told = error instanceof CommanderError ? usageOf(error, words) : error;
    process.stderr.write(`quorate-bank: ${formatError(told)}\n`);
    return exitCodeOf(told);
  }
}

/** @param help takes what commander would write to stderr when it shows help there. */
function createProgram(help: string[]): Command {
  const program = new Command('quorate-bank')
    .description('A replicated bank: double-entry accounts, two-phase payments, verified books.')
    .version(version)
    .exitOverride()
    .configureOutput({
      // Errors come as exceptions, and are told in one place.
      outputError: () => undefined,
      writeErr: (text) => {
        help.push(text);
      },
    })
    .enablePositionalOptions();
  addServe(program);
  addDemo(program);
  addOpen(program);
  addTransfer(program);
  addPend(program);
  addPost(program);
  addVoid(program);
  addBalance(program);
  addStatement(program);
  addExport(program);
  addVerify(program);
  return program;
}

function usageOf(error: CommanderError, words: readonly string[]): Error {
  const message = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  const command = words.find((word) => !word.startsWith('-'));
  const isKnown = command !== undefined && error.code !== 'commander.unknownCommand';
  return usageError(`${message}; see quorate-bank ${isKnown ? `${command} ` : ''}--help`);
}
