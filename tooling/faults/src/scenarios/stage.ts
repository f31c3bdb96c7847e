/** Everything that a run makes and that must be gone after it: processes, mounts and folders. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Child, type ChildSetup } from '../kernel/child.ts';
import { Namespace } from '../kernel/namespace.ts';

/** Hands them out, and takes them all back. */
export class Stage {
  readonly #directory: string;
  readonly #children = new Set<Child>();
  readonly #namespaces = new Set<Namespace>();
  readonly #folders = new Set<string>();
  #interrupted = false;

  readonly #keep: boolean;

  /**
   * @param directory where folders are made.
   * @param keep whether those in which something went wrong are left.
   */
  constructor(directory: string, keep: boolean) {
    this.#directory = directory;
    this.#keep = keep;
  }

  /** @throws Error once the run was interrupted. */
  checkpoint(): void {
    if (this.#interrupted) throw new Error('interrupted');
  }

  /** Starts a process. */
  start(setup: ChildSetup): Child {
    this.checkpoint();
    const child = new Child(setup);
    this.#children.add(child);
    void child.ended.then(() => this.#children.delete(child));
    return child;
  }

  async namespace(): Promise<Namespace> {
    this.checkpoint();
    const namespace = await Namespace.open();
    this.#namespaces.add(namespace);
    return namespace;
  }

  /** Makes an empty folder. */
  async folder(): Promise<string> {
    this.checkpoint();
    const folder = await mkdtemp(join(this.#directory, 'quorate-faults-'));
    this.#folders.add(folder);
    return folder;
  }

  /** Removes a folder before the end. */
  async remove(folder: string): Promise<void> {
    this.#folders.delete(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Something went wrong in a folder: it is left where that is asked for, and removed otherwise. @returns whether it is left. */
  async condemn(folder: string): Promise<boolean> {
    if (this.#keep) this.#folders.delete(folder);
    else await this.remove(folder);
    return this.#keep;
  }

  /** Ends all processes at once: whoever waits for one is told, and the run unwinds. */
  interrupt(): void {
    this.#interrupted = true;
    for (const child of this.#children) child.kill();
  }

  /** Ends all processes, then all mounts, then removes all folders. */
  async clear(): Promise<void> {
    const children = [...this.#children];
    for (const child of children) child.kill();
    await Promise.all(children.map((child) => child.ended));
    for (const namespace of this.#namespaces) await namespace.close();
    this.#namespaces.clear();
    for (const folder of this.#folders) await this.remove(folder);
  }
}
