/** Processes that do not know when whoever started them is gone: the system is to end them then. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Words before such a command; none where there is no `setpriv` (util-linux). */
export function diesWithParent(): readonly string[] {
  return onPath('setpriv') === undefined ? [] : ['setpriv', '--pdeathsig', 'KILL', '--'];
}

/** Where a program is found; `undefined`: nowhere. */
export function onPath(program: string): string | undefined {
  const places = program.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  return places
    .map((place) => (place === '' ? program : join(place, program)))
    .find((file) => isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
