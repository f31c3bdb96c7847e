/** The port of the file system, for one process on the simulated disk. */
import { LockedError } from '@quorate/core';
import type { File, FileSystem, OpenMode } from '../file-system.ts';
import { Content } from './content.ts';
import { Handle } from './handle.ts';
import type { FolderSync } from './names.ts';
import type { Process } from './process.ts';

/** What a process sees of the disk. */
export class View implements FileSystem {
  readonly #process: Process;

  constructor(process: Process) {
    this.#process = process;
  }

  open(path: string, mode: OpenMode): Promise<File> {
    const process = this.#process;
    const { machine } = process;
    return process.run(mode === 'create' ? 'create' : 'open', path, {
      end: () => {
        if (mode !== 'create') {
          return new Handle(process, path, mode, machine.names.get(path, 'open'));
        }
        const content = new Content(machine.medium);
        machine.names.create(path, content, 'open');
        return new Handle(process, path, mode, content);
      },
    });
  }

  rename(from: string, to: string): Promise<void> {
    const { names } = this.#process.machine;
    return this.#process.run('rename', from, { end: () => names.rename(from, to) });
  }

  remove(path: string): Promise<void> {
    const { names } = this.#process.machine;
    return this.#process.run('remove', path, { end: () => names.remove(path) });
  }

  list(folder: string): Promise<readonly string[]> {
    const { names } = this.#process.machine;
    return this.#process.run('list', folder, { end: () => names.list(folder) });
  }

  makeFolder(folder: string): Promise<void> {
    const { names } = this.#process.machine;
    return this.#process.run('makeFolder', folder, { end: () => names.makeFolder(folder) });
  }

  syncFolder(folder: string): Promise<void> {
    const { names } = this.#process.machine;
    let sync: FolderSync = new Set();
    return this.#process.run('syncFolder', folder, {
      begin: () => {
        sync = names.beginSync(folder);
      },
      end: () => names.endSync(sync),
      fail: () => names.failSync(sync),
    });
  }

  lock(path: string): Promise<() => Promise<void>> {
    const { locks, machine } = this.#process;
    return this.#process.run('lock', path, {
      end: () => {
        let content = machine.names.find(path);
        if (content === undefined) {
          content = new Content(machine.medium);
          machine.names.create(path, content, 'open');
        }
        if (locks.has(content)) {
          throw new LockedError(`${path} is locked already; end that lock first`);
        }
        const locked = content;
        locks.add(locked);
        let ended = false;
        return () => {
          if (!ended) locks.delete(locked);
          ended = true;
          return Promise.resolve();
        };
      },
    });
  }
}
