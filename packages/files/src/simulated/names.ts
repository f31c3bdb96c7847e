/**
 * The names of a simulated disk: folders, and which content a name in one stands for. Changes take
 * effect at once for whoever looks, and are durable when their folder is synced.
 */
import { folderOf } from '../file-system.ts';
import type { Content } from './content.ts';
import { SimulatedSystemError } from './errors.ts';
import type { PowerLoss } from './loss.ts';

interface Folder {
  /** As they are seen. */
  names: Map<string, Content>;
  readonly durable: Map<string, Content>;
  /** Names of the folders in it. */
  readonly folders: Set<string>;
}

/** One name from now on: what it stands for, or that it is gone. */
interface Assignment {
  readonly folder: string;
  readonly name: string;
  readonly content: Content | undefined;
}

/** A change of names that happens as a whole or not at all. */
type Change = readonly Assignment[];

/** A sync of a folder that has not ended: the changes that were made until it began. */
export type FolderSync = ReadonlySet<Change>;

/** The folders of a disk. Folders themselves are durable when they are there. */
export class Names {
  readonly #folders = new Map<string, Folder>([['/', emptyFolder()]]);
  /** Changes that are not durable, in their order. */
  #pending: Change[] = [];

  /** @throws SimulatedSystemError ENOENT, or EISDIR for a folder. */
  get(path: string, syscall: string): Content {
    const content = this.find(path);
    if (content !== undefined) return content;
    const code = this.#folders.has(path) ? 'EISDIR' : 'ENOENT';
    throw new SimulatedSystemError(code, syscall, path);
  }

  find(path: string): Content | undefined {
    return this.#folders.get(folderOf(path))?.names.get(nameOf(path));
  }

  /** @throws SimulatedSystemError ENOENT without the folder, EEXIST if there is something. */
  create(path: string, content: Content, syscall: string): void {
    this.#checkFolder(path, syscall);
    if (this.#folders.has(path) || this.find(path) !== undefined) {
      throw new SimulatedSystemError('EEXIST', syscall, path);
    }
    this.#change([{ ...placeOf(path), content }]);
  }

  /** @throws SimulatedSystemError ENOENT, or EISDIR for folders. */
  rename(from: string, to: string): void {
    const content = this.get(from, 'rename');
    this.#checkFolder(to, 'rename');
    if (this.#folders.has(to)) throw new SimulatedSystemError('EISDIR', 'rename', to);
    if (from === to) return;
    this.#change([
      { ...placeOf(from), content: undefined },
      { ...placeOf(to), content },
    ]);
  }

  /** @throws SimulatedSystemError EISDIR for a folder. */
  remove(path: string): void {
    if (this.#folders.has(path)) throw new SimulatedSystemError('EISDIR', 'rm', path);
    if (this.find(path) !== undefined) this.#change([{ ...placeOf(path), content: undefined }]);
  }

  list(folder: string): readonly string[] {
    const found = this.#folders.get(folder);
    return found === undefined ? [] : [...found.names.keys(), ...found.folders];
  }

  /** @throws SimulatedSystemError EEXIST where a file is in the way. */
  makeFolder(path: string): void {
    if (this.#folders.has(path)) return;
    if (this.find(path) !== undefined) throw new SimulatedSystemError('EEXIST', 'mkdir', path);
    this.makeFolder(folderOf(path));
    this.#folders.get(folderOf(path))?.folders.add(nameOf(path));
    this.#folders.set(path, emptyFolder());
  }

  /**
   * A sync covers the changes in its folder, and with a change between two folders also what was
   * changed before it in the other one: changes stay in their order.
   *
   * @throws SimulatedSystemError ENOENT.
   */
  beginSync(path: string): FolderSync {
    if (!this.#folders.has(path)) throw new SimulatedSystemError('ENOENT', 'fsync', path);
    const folders = new Set([path]);
    const covered = new Set<Change>();
    for (const change of this.#pending.toReversed()) {
      if (!change.some(({ folder }) => folders.has(folder))) continue;
      covered.add(change);
      for (const { folder } of change) folders.add(folder);
    }
    return covered;
  }

  endSync(sync: FolderSync): void {
    for (const change of this.#pending) if (sync.has(change)) this.#settle(change);
    this.failSync(sync);
  }

  /** Changes that a failed sync should have covered are seen, and never made durable. */
  failSync(sync: FolderSync): void {
    if (sync.size > 0) this.#pending = this.#pending.filter((change) => !sync.has(change));
  }

  /** Power loss: which names are left. What they stand for loses its own share after it. */
  lose({ loss, random }: PowerLoss): void {
    if (loss === 'nothing') {
      for (const change of this.#pending) this.#settle(change);
    } else if (loss !== 'unsynced') {
      const left = this.#countPending();
      for (const [folder, changes] of left) left.set(folder, random.below(changes + 1));
      for (const change of this.#pending) {
        const folders = foldersOf(change);
        const survives = folders.every((folder) => (left.get(folder) ?? 0) > 0);
        // Nothing in a folder survives a change in it that did not.
        for (const folder of folders) left.set(folder, survives ? (left.get(folder) ?? 0) - 1 : 0);
        if (survives) this.#settle(change);
      }
    }
    this.#pending = [];
    for (const folder of this.#folders.values()) folder.names = new Map(folder.durable);
  }

  /** Files whose names are durable, by path, in the order of the paths. */
  durable(): readonly (readonly [path: string, content: Content])[] {
    return [...this.#folders]
      .flatMap(([folder, { durable }]) =>
        [...durable].map(([name, content]) => [pathOf(folder, name), content] as const),
      )
      .sort(([left], [right]) => (left < right ? -1 : 1));
  }

  folders(): readonly string[] {
    return [...this.#folders.keys()];
  }

  /** Puts a file under a durable name; for a disk that begins with files. */
  place(path: string, content: Content): void {
    const folder = folderOf(path);
    this.makeFolder(folder);
    this.#folders.get(folder)?.names.set(nameOf(path), content);
    this.#folders.get(folder)?.durable.set(nameOf(path), content);
  }

  #checkFolder(path: string, syscall: string): void {
    if (this.#folders.has(folderOf(path))) return;
    throw new SimulatedSystemError('ENOENT', syscall, path);
  }

  #change(change: Change): void {
    this.#pending.push(change);
    const before = change.map(({ folder, name }) => this.#folders.get(folder)?.names.get(name));
    for (const { folder, name, content } of change) {
      assign(this.#folders.get(folder)?.names, name, content);
    }
    const after = change.map(({ content }) => content);
    for (const content of before) if (!after.includes(content)) content?.unlinked();
  }

  #settle(change: Change): void {
    for (const { folder, name, content } of change) {
      assign(this.#folders.get(folder)?.durable, name, content);
    }
  }

  #countPending(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const change of this.#pending) {
      for (const folder of foldersOf(change)) {
        counts.set(folder, (counts.get(folder) ?? 0) + 1);
      }
    }
    return counts;
  }
}

function emptyFolder(): Folder {
  return { names: new Map(), durable: new Map(), folders: new Set() };
}

function foldersOf(change: Change): readonly string[] {
  return [...new Set(change.map(({ folder }) => folder))];
}

function assign(
  names: Map<string, Content> | undefined,
  name: string,
  content: Content | undefined,
): void {
  if (content === undefined) names?.delete(name);
  else names?.set(name, content);
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function pathOf(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`;
}

function placeOf(path: string): { readonly folder: string; readonly name: string } {
  return { folder: folderOf(path), name: nameOf(path) };
}
