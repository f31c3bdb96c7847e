/**
 * Which folders this process has open.
 *
 * LevelDB sees a second open in the same process too, but it opens its `LOCK` file to find out, and
 * on POSIX closing any handle of a file drops every lock that the process has on it: from then on
 * another process gets in. By another path, through a link, it would not see it at all.
 */
import { realpath } from 'node:fs/promises';
import { LockedError } from '@quorate/core';

const held: Set<string> = new Set<string>();

/**
 * Takes a folder, which must be there, and gives what lets go of it again.
 *
 * @throws LockedError if it is taken.
 */
export async function holdFolder(path: string): Promise<() => void> {
  const real = await realpath(path);
  if (held.has(real)) {
    throw new LockedError(`${path} is open in this process already; close that one first`);
  }
  held.add(real);
  return () => held.delete(real);
}
