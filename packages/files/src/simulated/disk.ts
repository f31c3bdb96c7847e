/** The simulated disk itself: it outlives the processes that use it, and is what faults are asked of. */
import {
  InvalidArgumentError,
  type Random,
  type Runtime,
  seededRandom,
  systemRuntime,
} from '@quorate/core';
import type { FileSystem } from '../file-system.ts';
import type { BytePlace, Misdirection, SimulatedDisk, SimulatedDiskOptions } from './api.ts';
import { Content } from './content.ts';
import { type DiskOperation, type Failure, Faults } from './faults.ts';
import { DiskImage } from './image.ts';
import type { GarbageReach, Loss } from './loss.ts';
import type { Machine } from './machine.ts';
import { Names } from './names.ts';
import { Process } from './process.ts';
import type { Medium } from './sector.ts';
import { View } from './view.ts';

/**
 * Makes a disk.
 *
 * @throws InvalidArgumentError if an option has a value that cannot work.
 */
export function simulatedDisk(options: SimulatedDiskOptions = {}): SimulatedDisk {
  return new Disk(options);
}

class Disk implements SimulatedDisk, Machine {
  operations = 0;
  crashed = false;
  readonly counts: Record<DiskOperation, number> = noCounts();
  readonly medium: Medium;
  names: Names = new Names();
  readonly random: Random;
  readonly runtime: Runtime;
  readonly latencyMs: readonly [from: number, to: number];
  readonly shortWrites: number;
  readonly faults: Faults = new Faults();
  misdirections: Misdirection[] = [];
  readonly stalled: Set<DiskOperation> = new Set<DiskOperation>();
  readonly #garbage: GarbageReach;
  #armed: { left: number; readonly loss: Loss } | undefined;
  #process: Process | undefined;
  #view: View | undefined;

  constructor(options: SimulatedDiskOptions) {
    const { latencyMs = 0, sectorBytes = 512, capacityBytes = Infinity, shortWrites = 0 } = options;
    this.random = options.random ?? seededRandom(1);
    this.runtime = options.runtime ?? systemRuntime;
    this.latencyMs = typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs;
    this.shortWrites = shortWrites;
    this.#garbage = options.garbage ?? 'sectors';
    const [fromMs, toMs] = this.latencyMs;
    check(fromMs >= 0 && fromMs <= toMs && toMs < Infinity, 'latencyMs', fromMs);
    check(Number.isInteger(sectorBytes) && sectorBytes > 0, 'sectorBytes', sectorBytes);
    check(capacityBytes >= 0, 'capacityBytes', capacityBytes);
    check(shortWrites >= 0 && shortWrites <= 1, 'shortWrites', shortWrites);
    const zeros = new Uint8Array(sectorBytes);
    this.medium = { sectorBytes, capacityBytes, zeros, usedBytes: 0 };
    if (options.image !== undefined) this.#load(options.image);
  }

  files(): FileSystem {
    this.#process ??= new Process(this);
    this.#view ??= new View(this.#process);
    return this.#view;
  }

  crashAt(nth: number, loss: Loss): void {
    check(Number.isInteger(nth) && nth >= 1, 'nth', nth);
    this.#armed = { left: nth, loss };
    this.crashed = false;
  }

  changed(): void {
    if (this.#armed !== undefined && --this.#armed.left === 0) this.crash(this.#armed.loss);
    else this.operations++;
  }

  crash(loss: Loss = 'unsynced'): void {
    this.#reset(loss !== 'unsynced');
    const power = { loss, garbage: this.#garbage, random: this.random };
    this.names.lose(power);
    this.medium.usedBytes = 0;
    for (const content of new Set(this.names.durable().map(([, each]) => each))) {
      content.lose(power);
      this.medium.usedBytes += content.allocatedBytes;
    }
    this.crashed = true;
  }

  kill(): void {
    this.#end(true);
  }

  get openFiles(): number {
    return this.#process?.handles.size ?? 0;
  }

  fail(failure: Failure): () => void {
    return this.faults.add(failure);
  }

  heal(): void {
    this.#armed = undefined;
    this.faults.clear();
    this.misdirections = [];
  }

  misdirectNextWrite(to: Misdirection): void {
    if (to.path !== undefined) this.names.get(to.path, 'write');
    this.misdirections.push(to);
  }

  stall(...operations: readonly DiskOperation[]): void {
    const kinds =
      operations.length > 0 ? operations : (Object.keys(this.counts) as DiskOperation[]);
    for (const operation of kinds) this.stalled.add(operation);
  }

  resume(): void {
    this.stalled.clear();
    this.#process?.resume();
  }

  get storedBytes(): number {
    return this.names.durable().reduce((sum, [, { durableSize }]) => sum + durableSize, 0);
  }

  flipBit(place: number | BytePlace, bit: number): void {
    check(Number.isInteger(bit) && bit >= 0 && bit < 8, 'bit', bit);
    let at = typeof place === 'number' ? place : place.at;
    check(Number.isInteger(at) && at >= 0, 'at', at);
    for (const [path, content] of this.names.durable()) {
      if (typeof place === 'number' && at >= content.durableSize) {
        at -= content.durableSize;
      } else if (typeof place === 'number' || path === place.path) {
        check(at < content.durableSize, 'at', at);
        content.flip(at, bit);
        return;
      }
    }
    throw new InvalidArgumentError(
      `there is no byte ${JSON.stringify(place)} on the disk; it holds ${String(this.storedBytes)}`,
    );
  }

  image(): DiskImage {
    const { sectorBytes } = this.medium;
    const files = this.names.durable().map(([path, content]) => [path, content.stored()] as const);
    return new DiskImage({ sectorBytes, folders: this.names.folders(), files: new Map(files) });
  }

  restore(image: DiskImage): void {
    this.#reset(false);
    this.#load(image);
  }

  #load({ parts }: DiskImage): void {
    check(parts.sectorBytes === this.medium.sectorBytes, 'sectorBytes', this.medium.sectorBytes);
    this.names = new Names();
    this.medium.usedBytes = 0;
    for (const folder of parts.folders) this.names.makeFolder(folder);
    for (const [path, stored] of parts.files) {
      this.names.place(path, new Content(this.medium, stored));
    }
  }

  #reset(mayHappen: boolean): void {
    this.#end(mayHappen);
    this.heal();
    this.stalled.clear();
  }

  #end(mayHappen: boolean): void {
    const process = this.#process;
    this.#process = undefined;
    this.#view = undefined;
    process?.end(mayHappen);
  }
}

function noCounts(): Record<DiskOperation, number> {
  return {
    open: 0,
    create: 0,
    read: 0,
    size: 0,
    write: 0,
    truncate: 0,
    sync: 0,
    rename: 0,
    remove: 0,
    list: 0,
    makeFolder: 0,
    syncFolder: 0,
    lock: 0,
  };
}

function check(right: boolean, name: string, value: number): void {
  if (right) return;
  throw new InvalidArgumentError(`${name} cannot be ${String(value)}; see the options`);
}
