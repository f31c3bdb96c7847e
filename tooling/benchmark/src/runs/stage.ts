/** Everything that a run makes and that must be gone after it: processes and folders. */
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from '../workers/protocol.ts';
import { WorkerProcess } from '../workers/worker-process.ts';

/** A process that was started. */
export interface Owned {
  /** Ends it at once. */
  kill(): void;
  /** Ends it, and waits until it has ended. */
  close(): Promise<void>;
}

/** Hands out processes and folders, and takes them all back. */
export class Stage {
  readonly #directory: string;
  readonly #processes = new Set<Owned>();
  readonly #folders = new Set<string>();
  #interrupted = false;

  /** @param directory where folders are made. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @throws Error once the run was interrupted. */
  checkpoint(): void {
    if (this.#interrupted) throw new Error('interrupted');
  }

  /** Starts a process and opens a subject in it. */
  async worker(job: Job): Promise<{ readonly worker: WorkerProcess; readonly port: number }> {
    this.checkpoint();
    const worker = this.own(new WorkerProcess());
    const { port = 0 } = await worker.open(job);
    return { worker, port };
  }

  /** Takes charge of a process. */
  own<Process extends Owned>(process: Process): Process {
    this.#processes.add(process);
    return process;
  }

  /** Makes an empty folder. */
  async folder(): Promise<string> {
    this.checkpoint();
    const folder = await mkdtemp(join(this.#directory, 'quorate-bench-'));
    this.#folders.add(folder);
    return folder;
  }

  /** Removes a folder before all others: what lies in it is large and of no use any more. */
  async discard(folder: string): Promise<void> {
    await remove(folder);
    this.#folders.delete(folder);
  }

  /** Ends all processes at once: whoever waits for one is told, and the run unwinds. */
  interrupt(): void {
    this.#interrupted = true;
    for (const process of this.#processes) process.kill();
  }

  /** Ends all processes, then removes all folders. More can be made afterwards. */
  async clear(): Promise<void> {
    const processes = [...this.#processes];
    this.#processes.clear();
    await Promise.all(processes.map((process) => process.close()));
    const folders = [...this.#folders];
    this.#folders.clear();
    for (const folder of folders) await remove(folder);
  }
}

function remove(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
