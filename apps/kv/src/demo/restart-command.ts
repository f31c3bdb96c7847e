/**
 * The command line that starts a node again, as it can be pasted into a shell in any folder.
 */
import type { PlannedNode } from './plan.ts';

/** The one that runs. */
const program = process.argv[1] ?? '';

/** `node /…/program.js serve --node n1 --data /…`. */
export function restartCommand(plan: PlannedNode): string {
  return [process.execPath, program, ...plan.restartArgs].map(quote).join(' ');
}

function quote(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
