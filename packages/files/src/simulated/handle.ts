/** An open file of a process on the simulated disk. */
import type { File, OpenMode } from '../file-system.ts';
import type { Content } from './content.ts';
import { SimulatedSystemError } from './errors.ts';
import type { Process } from './process.ts';
import type { SyncUnderway } from './unsynced.ts';

/** An open file. */
export class Handle implements File {
  readonly content: Content;
  readonly #process: Process;
  readonly #path: string;
  readonly #mode: OpenMode;
  #closed: Promise<void> | undefined;
  /** Operations under way. */
  #busy = 0;
  #idle: (() => void) | undefined;
  #changing = false;

  constructor(process: Process, path: string, mode: OpenMode, content: Content) {
    this.#process = process;
    this.#path = path;
    this.#mode = mode;
    this.content = content;
    content.opened();
    process.handles.add(this);
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.#use(() =>
      this.#process.run('read', this.#path, { end: () => this.content.read(into, position) }),
    );
  }

  size(): Promise<number> {
    return this.#use(() => this.#process.run('size', this.#path, { end: () => this.content.size }));
  }

  write(parts: readonly Uint8Array[], position: number): Promise<number> {
    return this.#change(() =>
      this.#process.run('write', this.#path, { end: () => this.#write(parts, position) }),
    );
  }

  /** Two operations here: so the power may go, and each may fail, in between. */
  async writeDurably(parts: readonly Uint8Array[], position: number): Promise<number> {
    const taken = await this.write(parts, position);
    await this.sync();
    return taken;
  }

  truncate(bytes: number): Promise<void> {
    return this.#change(() =>
      this.#process.run('truncate', this.#path, { end: () => this.content.truncate(bytes) }),
    );
  }

  sync(): Promise<void> {
    let sync: SyncUnderway = { versions: new Map(), size: 0, cutTo: Infinity };
    const { content } = this;
    return this.#change(() =>
      this.#process.run('sync', this.#path, {
        begin: () => {
          sync = content.beginSync();
        },
        end: () => content.endSync(sync),
        fail: () => content.failSync(sync),
        drop: () => content.dropSync(sync),
      }),
    );
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  #write(parts: readonly Uint8Array[], position: number): number {
    const { machine } = this.#process;
    const wanted = parts.reduce((sum, part) => sum + part.length, 0);
    if (wanted === 0) return 0;
    const misdirection = machine.misdirections.shift();
    if (misdirection !== undefined) {
      const target =
        misdirection.path === undefined
          ? this.content
          : machine.names.get(misdirection.path, 'write');
      target.writeThrough(parts, misdirection.position ?? position, wanted);
      return wanted;
    }
    const short = wanted > 1 && machine.random.chance(machine.shortWrites);
    const limit = short ? 1 + machine.random.below(wanted - 1) : wanted;
    const taken = this.content.write(parts, position, limit);
    if (taken === 0) throw new SimulatedSystemError('ENOSPC', 'write', this.#path);
    return taken;
  }

  #change<Result>(run: () => Promise<Result>): Promise<Result> {
    return this.#use(run, true);
  }

  #use<Result>(run: () => Promise<Result>, changes: boolean = false): Promise<Result> {
    if (this.#closed !== undefined || (changes && this.#mode === 'read')) {
      return Promise.reject(new SimulatedSystemError('EBADF', 'use', this.#path));
    }
    if (changes && this.#changing) {
      // Which of the two comes first is left to chance, so the caller did not mean it.
      return Promise.reject(
        new Error(`${this.#path} is changed twice at the same time; wait for the first change`),
      );
    }
    if (changes) this.#changing = true;
    this.#busy++;
    return run().finally(() => {
      if (changes) this.#changing = false;
      if (--this.#busy === 0) this.#idle?.();
    });
  }

  async #close(): Promise<void> {
    if (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    // The end of the process has closed everything.
    if (this.#process.handles.delete(this)) this.content.closed();
  }
}
