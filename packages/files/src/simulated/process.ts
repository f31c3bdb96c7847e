/**
 * A process that uses the simulated disk: its operations under way, its handles, its locks. It ends
 * with a power loss or when it is killed, and nothing that it started comes to pass after that.
 *
 * An operation takes effect at its end, not when it is called, and two that are under way at once
 * may end in either order: as with the threads of a real process. Whoever does not wait is found out.
 */
import type { Timer } from '@quorate/core';
import type { Content } from './content.ts';

import { SimulatedSystemError } from './errors.ts';
import type { DiskOperation } from './faults.ts';
import type { Machine } from './machine.ts';

/** What an operation does. */
export interface Steps<Result> {
  /** When it is called. */
  readonly begin?: () => void;
  /** When it takes effect. */
  readonly end: () => Result;
  /** In the place of `end`, when it fails. */
  readonly fail?: () => void;
  /** In the place of `end`, when the process ends before it. */
  readonly drop?: () => void;
}

interface Underway {
  readonly operation: DiskOperation;
  readonly path: string;
  readonly finish: () => void;
  /** The process is ending; `happens`: the operation comes to pass all the same. */
  readonly cut: (happens: boolean) => void;
  timer: Timer | undefined;
}

/** These change the disk, and are counted. */
const changes: ReadonlySet<DiskOperation> = new Set<DiskOperation>([
  'create',
  'write',
  'truncate',
  'sync',
  'rename',
  'remove',
  'makeFolder',
  'syncFolder',
]);

/** Most turns of the microtask queue until an operation ends. */
const mostTurns = 3;

/** A process, from its start to its end. */
export class Process {
  readonly machine: Machine;
  /** What it has open. */
  readonly handles: Set<{ readonly content: Content }> = new Set<{ readonly content: Content }>();
  readonly locks: Set<Content> = new Set<Content>();
  readonly #underway = new Set<Underway>();
  readonly #held = new Set<Underway>();
  #ended = false;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Does one operation. Whatever it throws becomes a rejection. */
  run<Result>(operation: DiskOperation, path: string, steps: Steps<Result>): Promise<Result> {
    const { machine } = this;
    if (this.#ended) return Promise.reject(gone(operation, path));
    machine.counts[operation]++;
    if (changes.has(operation)) {
      machine.changed();
      // That may have been the power loss, which ends this process.
      if (this.ended) return Promise.reject(gone(operation, path));
    }
    const code = machine.faults.next(operation, path);
    return new Promise<Result>((resolve, reject) => {
      steps.begin?.();
      const underway: Underway = {
        operation,
        path,
        timer: undefined,
        finish: () => {
          if (!this.#underway.has(underway)) return;
          if (machine.stalled.has(operation)) {
            this.#held.add(underway);
            return;
          }
          this.#underway.delete(underway);
          if (code !== undefined) {
            steps.fail?.();
            reject(new SimulatedSystemError(code, operation, path));
            return;
          }
          try {
            resolve(steps.end());
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
          }
        },
        cut: (happens) => {
          underway.timer?.cancel();
          try {
            if (happens && code === undefined) steps.end();
            else steps.drop?.();
          } catch {
            // It would have failed: nobody is there to be told.
          }
          reject(gone(operation, path));
        },
      };
      this.#underway.add(underway);
      this.#wait(underway);
    });
  }

  /** The disk is not stalled any more. */
  resume(): void {
    const held = [...this.#held];
    this.#held.clear();
    for (const underway of held) underway.finish();
  }

  /** Ends the process. Of what is under way each may still happen, or none, as it is told. */
  end(mayHappen: boolean): void {
    this.#ended = true;
    const { random } = this.machine;
    const cut = [...this.#underway];
    this.#underway.clear();
    this.#held.clear();
    for (const underway of cut) underway.cut(mayHappen && random.chance(0.5));
    for (const { content } of this.handles) content.closed();
    this.handles.clear();
    this.locks.clear();
  }

  #wait(underway: Underway): void {
    const { random, runtime, latencyMs } = this.machine;
    const [from, to] = latencyMs;
    if (to > 0) {
      underway.timer = runtime.setTimer(random.between(from, to), underway.finish);
    } else {
      afterTurns(1 + random.below(mostTurns), underway.finish);
    }
  }
}

/** What an operation of a process that has ended is told. */
function gone(operation: DiskOperation, path: string): SimulatedSystemError {
  return new SimulatedSystemError('EIO', operation, path, 'the process has ended');
}

function afterTurns(turns: number, run: () => void): void {
  if (turns <= 0) run();
  else queueMicrotask(() => afterTurns(turns - 1, run));
}
