/**
 * The command line: which commands there are, and how every failure is told.
 */
import { Command, CommanderError } from 'commander';
import { exitCodeOf, exitCodes, formatError, usageError } from '../errors.ts';
import { version } from '../version.ts';
import { addBackup, addVerify } from './backup.ts';
import { addDelete } from './delete.ts';
import { addDemo } from './demo.ts';
import { addExport } from './export.ts';
import { addForceNewCluster } from './force-new-cluster.ts';
import { addGet } from './get.ts';
import { addImport } from './import.ts';
import { addLease } from './lease.ts';
import { addMembers } from './members.ts';
import { addPut } from './put.ts';
import { addRange } from './range.ts';
import { addRestore } from './restore.ts';
import { addServe } from './serve.ts';
import { addStatus } from './status.ts';
import { addWatch } from './watch.ts';

/**
 * Runs a command line, and returns the exit code: 0 done, 1 failed, 2 the command line makes no
 * sense, 3 no such key or lease, 4 it is not known whether the change happened.
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
    process.stderr.write(`quorate-kv: ${formatError(told)}\n`);
    return exitCodeOf(told);
  }
}

/** @param help takes what commander would write to stderr when it shows help there. */
function createProgram(help: string[]): Command {
  const program = new Command('quorate-kv')
    .description('A replicated key-value service.')
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
  addPut(program);
  addGet(program);
  addDelete(program);
  addRange(program);
  addWatch(program);
  addStatus(program);
  addLease(program);
  addMembers(program);
  addImport(program);
  addExport(program);
  addBackup(program);
  addVerify(program);
  addRestore(program);
  addForceNewCluster(program);
  return program;
}

function usageOf(error: CommanderError, words: readonly string[]): Error {
  const message = error.message
    .replace(/^error: /, '')
    .replaceAll('\n', ' ')
    .replace(/\.$/, '');
  const command = words.find((word) => !word.startsWith('-'));
  const help = ['quorate-kv', ...(command === undefined ? [] : [command]), '--help'].join(' ');
  return usageError(
    `${message}; see ${error.code === 'commander.unknownCommand' ? 'quorate-kv --help' : help}`,
  );
}
