/**
 * The command line: which commands there are.
 */
import { type Program, runProgram } from '@quorate/program/command-line';
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
export function run(words: readonly string[]): Promise<number> {
  return runProgram(program, words);
}

const program: Program = {
  name: 'quorate-kv',
  description: 'A replicated key-value service.',
  version,
  commands: [
    addServe,
    addDemo,
    addPut,
    addGet,
    addDelete,
    addRange,
    addWatch,
    addStatus,
    addLease,
    addMembers,
    addImport,
    addExport,
    addBackup,
    addVerify,
    addRestore,
    addForceNewCluster,
  ],
};
