/** File storages on a simulated disk: what a test makes, breaks and opens again. */
import type { HarnessStorageOptions, Loss, StorageHarness } from '@quorate/conformance/storage';
import {
  type LogRecord,
  type Random,
  seededRandom,
  type Storage,
  type StorageOwner,
} from '@quorate/core';
import {
  type SimulatedDisk,
  simulatedDisk,
  type SimulatedDiskOptions,
} from '@quorate/files/simulated';
import { type FileStorage, fileStorage, type FileStorageOptions } from '../src/index.ts';
import { recordHeaderBytes } from '../src/record.ts';

export const owner: StorageOwner = { cluster: 'test', node: 'n1', algorithm: 'raft' };
export const directory = '/data/n1';

/** A simulated disk with the folder of one node. */
export class SimulatedPlace implements StorageHarness {
  readonly maxRecordBytes: number = 2 ** 21;
  readonly random: Random;
  readonly disk: SimulatedDisk;
  readonly #options: Partial<FileStorageOptions>;
  #last: FileStorage | undefined;

  constructor(
    seed: number,
    options: Partial<FileStorageOptions> = {},
    disk: SimulatedDiskOptions = {},
  ) {
    this.random = seededRandom(seed);
    this.#options = options;
    // A sector that is written again keeps the bytes that do not change (see the README).
    this.disk = simulatedDisk({ random: this.random, garbage: 'bytes', ...disk });
  }

  storage(options: HarnessStorageOptions = {}): FileStorage {
    this.#last = fileStorage({
      directory,
      segmentBytes: 4096,
      maxSpareSegments: 2,
      maxRecordBytes: this.maxRecordBytes,
      ...this.#options,
      ...options,
      files: this.disk.files(),
    });
    return this.#last;
  }

  async crash(): Promise<void> {
    this.disk.crash(this.random.pick<Loss>(['nothing', 'unsynced', 'partly', 'garbage']));
  }

  operations(): number {
    return this.disk.operations;
  }

  crashAt(nth: number, loss: Loss): void {
    this.disk.crashAt(nth, loss);
  }

  crashed(): boolean {
    return this.disk.crashed;
  }

  async failNextWrite(): Promise<void> {
    this.disk.fail({ operation: this.random.pick(['write', 'sync']), path: '.segment' });
  }

  async failNextSync(): Promise<void> {
    this.disk.fail({ operation: 'sync', path: '.segment' });
  }

  async kill(): Promise<void> {
    this.disk.kill();
  }

  async damageRecord(index: number): Promise<void> {
    for (const [path, bytes] of this.files('.segment')) {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      // Found by its index and the kind of a put: the records of the tests are not that unlucky.
      for (let at = 32; at + recordHeaderBytes <= bytes.length; at++) {
        if ((view.getUint8(at + 12) & 0x7f) !== 1 || view.getUint32(at + 16) !== index) continue;
        if (view.getUint32(at) === 0 || view.getUint8(at + 13) !== 0) continue;
        this.disk.flipBit({ path, at: at + recordHeaderBytes }, 3);
      }
    }
  }

  async damageSnapshot(): Promise<void> {
    for (const [path, bytes] of this.files('.snapshot')) {
      this.disk.flipBit({ path, at: Math.floor(bytes.length * 0.6) }, 5);
    }
  }

  async storedBytes(): Promise<number> {
    return this.disk.storedBytes;
  }

  async flipBit(at: number, bit: number): Promise<void> {
    this.disk.flipBit(at, bit);
  }

  syncs(): number {
    return this.#last?.counters.syncs ?? 0;
  }

  async storedSnapshots(): Promise<number> {
    return (await this.disk.files().list(`${directory}/snapshots`)).length;
  }

  async remove(): Promise<void> {
    this.disk.kill();
  }

  /** Where the last byte that is not zero ends. */
  used(path: string): number {
    const bytes = this.disk.image().read(path) ?? new Uint8Array();
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return end;
  }

  /** Every file but the lock, to compare. */
  contents(): Readonly<Record<string, Uint8Array>> {
    return Object.fromEntries(this.files('').filter(([path]) => !path.endsWith('/lock')));
  }

  /** What would be left of the files whose names end like this, by path. */
  files(suffix: string): readonly (readonly [string, Uint8Array])[] {
    const image = this.disk.image();
    return image.paths().flatMap((path) => {
      const bytes = path.endsWith(suffix) ? image.read(path) : undefined;
      return bytes === undefined ? [] : [[path, bytes] as const];
    });
  }
}

/** So many bytes that tell which number they were made from; none at the end is zero. */
export function sized(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, at) => 1 + ((seed * 31 + at * 7) % 255));
}

/** Every record, read in pages. */
export async function readAll(storage: Storage): Promise<readonly LogRecord[]> {
  const all: LogRecord[] = [];
  for (let from = 0; ; ) {
    const page = await storage.read(from, 2 ** 48 - 1, 500);
    const last = page.at(-1);
    if (last === undefined) return all;
    all.push(...page);
    from = last.index + 1;
  }
}
