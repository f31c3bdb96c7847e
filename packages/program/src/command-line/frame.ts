/**
 * The frame of a command line: which commands there are is the program's, how every failure is told is here.
 */
import { Command, CommanderError } from 'commander';
import { exitCodeOf, exitCodes, formatError, usageError } from '../errors.ts';

/** A program with commands. */
export interface Program {
  /** What it is called by. */
  readonly name: string;
  readonly description: string;
  readonly version: string;
  /** Each adds a command, or several. */
  readonly commands: readonly ((program: Command) => void)[];
  /** Exit codes of this program alone, by the code of the error. @default none but those of `exitCodes` */
  readonly exitCodes?: Readonly<Record<string, number>>;
}

/**
 * Runs a command line. What went wrong goes to stderr, in one line.
 *
 * @param words the arguments, without node and program.
 * @returns the exit code.
 */
export async function runProgram(program: Program, words: readonly string[]): Promise<number> {
  const { name } = program;
  const help: string[] = [];
  try {
    await commandOf(program, help).parseAsync(words, { from: 'user' });
    return exitCodes.ok;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok;
    if (error instanceof CommanderError && help.length > 0) {
      // No command at all: the help is the answer.
      process.stderr.write(help.join(''));
      return exitCodes.usage;
    }
    const told = error instanceof CommanderError ? usageOf(error, name, words) : error;
    process.stderr.write(`${name}: ${formatError(told)}\n`);
    return exitCodeOf(told, program.exitCodes);
  }
}

/** Runs this process as a program, and ends it with the exit code. */
export async function main(run: (words: readonly string[]) => Promise<number>): Promise<void> {
  // A reader that goes away (`export | head`) ends the program, it is not an error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? exitCodes.ok : exitCodes.failed);
  });
  const exitCode = await run(process.argv.slice(2));
  // What was written must be out before the end; open connections need not be waited for.
  process.stdout.write('', () => process.exit(exitCode));
}

/** @param help takes what commander would write to stderr when it shows help there. */
function commandOf({ name, description, version, commands }: Program, help: string[]): Command {
  const command = new Command(name)
    .description(description)
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
  for (const add of commands) add(command);
  return command;
}

function usageOf(error: CommanderError, name: string, words: readonly string[]): Error {
  const message = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  const command = words.find((word) => !word.startsWith('-'));
  const isKnown = command !== undefined && error.code !== 'commander.unknownCommand';
  return usageError(`${message}; see ${name} ${isKnown ? `${command} ` : ''}--help`);
}
