/**
 * The data folder of a node: who it belongs to, what it remembers, where its log lies.
 *
 *     DIR/            of the group of nodes that run here
 *       n1/           0700, one node
 *         lock        locked as long as somebody runs the node or changes the folder
 *         node.json   what `serve` was told, so that `serve --node n1 --data DIR` starts it again
 *         log/        of the storage
 *
 * `node.json` is replaced as a whole, by a rename, so that it is never half there. Disaster recovery
 * adds `log.new`, `next.json`, `audit.ndjson` and `log.before-…` (see `../recovery`).
 */
import { mkdir, open, readdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CorruptError,
  describeError,
  ForeignDataError,
  LockedError,
  type NodeId,
} from '@quorate/core';
import { nodeFileSystem } from '@quorate/files';
import { systemCodeOf } from '@quorate/program';
import { serviceError } from '../errors.ts';
import { objectOf, parseJson } from '../json.ts';
import { type Settings, settingsOfJson, settingsToJson } from './settings.ts';

/** What stands in `node.json` so that other programs' files are told apart. */
const format = 'quorate-kv node 1';

/** What a first start, or a restore, may leave behind that was cut short: nothing that anybody counts on. */
const leftovers: readonly string[] = ['lock', 'node.json.new', 'log.new', 'next.json.new'];

/** What a node remembers. */
export interface Memory {
  readonly settings: Settings;
  /** Whether its storage was opened once: from then on the group counts on what is in it. */
  readonly joined: boolean;
}

/** The folder of one node. */
export class DataFolder {
  /** `DIR/n1`. */
  readonly path: string;
  readonly #node: NodeId;

  /** @param data the folder of all nodes, absolute. */
  constructor(data: string, node: NodeId) {
    this.path = join(data, node);
    this.#node = node;
  }

  /** Where the storage keeps its files. */
  get logPath(): string {
    return join(this.path, 'log');
  }

  /** Where a log is built that is going to take its place. */
  get newLogPath(): string {
    return join(this.path, 'log.new');
  }

  get #memoryPath(): string {
    return join(this.path, 'node.json');
  }

  /**
   * What the node remembers, or `undefined` where it never ran. Changes nothing.
   *
   * @throws ForeignDataError if the folder belongs to another node or program.
   * @throws CorruptError if `node.json` cannot be read.
   */
  async recall(): Promise<Memory | undefined> {
    let text: string;
    try {
      text = await readFile(this.#memoryPath, 'utf8');
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw this.#ioError('read', error);
      await this.#refuseStrangers();
      return undefined;
    }
    const memory = this.#parse(text);
    if (memory.settings.node !== this.#node) {
      throw new ForeignDataError(
        `${this.path} holds the data of node ${memory.settings.node ?? '?'}, not of ${this.#node}; ` +
          'a copy of one node must never run as another: give every node its own folder',
      );
    }
    return memory;
  }

  /**
   * Keeps everybody else from running the node and from changing its folder, which is made where it is
   * missing.
   *
   * @returns what ends that; the end of the process does, too.
   * @throws LockedError if somebody else has it.
   */
  async lock(): Promise<() => Promise<void>> {
    try {
      await nodeFileSystem.makeFolder(this.path);
      return await nodeFileSystem.lock(join(this.path, 'lock'));
    } catch (error) {
      throw error instanceof LockedError ? error : this.#ioError('lock', error);
    }
  }

  /** Makes the folder and writes down what is to be remembered, durably. */
  async remember(memory: Memory): Promise<void> {
    const json = { format, joined: memory.joined, ...settingsToJson(memory.settings) };
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      const draft = `${this.#memoryPath}.new`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writeFile(`${JSON.stringify(json, undefined, 2)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, this.#memoryPath);
      await nodeFileSystem.syncFolder(this.path);
      await nodeFileSystem.syncFolder(dirname(this.path));
    } catch (error) {
      throw this.#ioError('write', error);
    }
  }

  /** Whether the storage has left anything in the folder. */
  async hasLog(): Promise<boolean> {
    try {
      return (await readdir(this.logPath)).length > 0;
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return false;
      throw this.#ioError('read', error);
    }
  }

  /** A folder with files of somebody else is not taken over. */
  async #refuseStrangers(): Promise<void> {
    let names: readonly string[];
    try {
      names = await readdir(this.path);
    } catch (error) {
      if (systemCodeOf(error) === 'ENOENT') return;
      throw this.#ioError('read', error);
    }
    const strange = names.find((name) => !leftovers.includes(name));
    if (strange === undefined) return;
    throw new ForeignDataError(
      `${this.path} is not a data folder of quorate-kv: it has ${JSON.stringify(strange)} but no node.json; ` +
        'choose another folder with --data',
    );
  }

  #parse(text: string): Memory {
    try {
      const { format: found, joined, ...settings } = objectOf(parseJson(text, 'it'), 'it');
      if (found !== format) throw new Error(`its format is not ${JSON.stringify(format)}`);
      if (typeof joined !== 'boolean') throw new Error('joined must be true or false');
      return { joined, settings: settingsOfJson(settings, 'it') };
    } catch (cause) {
      throw new CorruptError(
        `${this.#memoryPath} is damaged: ${describeError(cause)}; ` +
          'put back a good copy, or remove this node from the group and add it again with an empty folder',
        { cause },
      );
    }
  }

  #ioError(what: string, cause: unknown): Error {
    return serviceError(
      'IO_FAILED',
      `cannot ${what} the data folder ${this.path}: ${describeError(cause)}; ` +
        'choose another with --data, or mend its permissions',
      { cause },
    );
  }
}
