/**
 * The folder of one node: its log, and beside it the fact that it has taken part in its group.
 *
 * A node that has must never come back empty under its old name: it would have forgotten votes that it
 * gave and entries that it promised to keep, and the group counts on both.
 */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFileSystem } from '@quorate/files';
import { bankError } from '../errors.ts';

const markName = 'has-joined';

/** The folder of one node. */
export class NodeFolder {
  readonly path: string;
  /** Where its log lies. */
  readonly log: string;

  constructor(data: string, node: string) {
    this.path = join(data, node);
    this.log = join(this.path, 'log');
  }

  /** @throws BankError with the code STATE_LOST if the node was here before, and its log is not. */
  async refuseLostState(durable: boolean): Promise<void> {
    if (!(await isThere(join(this.path, markName)))) return;
    if (durable && (await isFilled(this.log))) return;
    const what = durable
      ? `${this.log} is gone or empty`
      : 'its storage was memory, which ended with its process';
    throw bankError(
      'STATE_LOST',
      `${this.path} belongs to a node that has voted in its group, but ${what}; restore it. ` +
        `Only when the whole group starts over: delete ${this.path}`,
    );
  }

  /** To be called before others can count on what this node promises. */
  async markJoined(): Promise<void> {
    await nodeFileSystem.makeFolder(this.path);
    await (await open(join(this.path, markName), 'a')).close();
    // The name is durable once its folder is.
    await nodeFileSystem.syncFolder(this.path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function isFilled(directory: string): Promise<boolean> {
  return readdir(directory).then(
    (names) => names.length > 0,
    () => false,
  );
}
