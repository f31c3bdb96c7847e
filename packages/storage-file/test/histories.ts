/**
 * Random short histories: lives of a node on one disk, each of which ends somehow, with operations
 * that fail and power that goes at any moment; and what must be there after each of them.
 *
 * What was acknowledged must be there, and of the rest a prefix. What an open has shown may be counted
 * on: from then on it must be there as well.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Loss } from '@quorate/conformance/storage';
import {
  QuorateError,
  type Random,
  seededRandom,
  type Storage,
  type StorageOp,
} from '@quorate/core';
import type { DiskOperation } from '@quorate/files/simulated';
import { inspectFolder } from '../src/inspect.ts';
import type { FileStorage } from '../src/index.ts';
import { directory, owner, readAll, SimulatedPlace, sized } from './harness.ts';

/** What a storage holds: numbers that tell what was written. */
interface Model {
  readonly records: readonly (readonly [index: number, length: number])[];
  readonly state: number | undefined;
  readonly snapshot: string | undefined;
}

type Change = Extract<
  StorageOp,
  { type: 'put' | 'dropAfter' | 'dropBefore' | 'state' | 'snapshot' }
>;

const losses: readonly Loss[] = ['nothing', 'unsynced', 'partly', 'garbage'];
const failing: readonly DiskOperation[] = [
  'sync',
  'sync',
  'sync',
  'sync',
  'write',
  'syncFolder',
  'syncFolder',
  'truncate',
  'rename',
  'create',
  'remove',
];
const snapshotBytes = 900;
const flips = 4;

/** Plays one history. @throws Error if it shows a flaw. */
export async function playHistory(seed: number, note: (line: string) => void): Promise<void> {
  await new History(seed, note).play();
}

class History {
  readonly #random: Random;
  readonly #place: SimulatedPlace;
  readonly #note: (line: string) => void;
  /** After the last write that was acknowledged, or shown; then after each later one. */
  #models: readonly Model[] = [{ records: [], state: undefined, snapshot: undefined }];
  #next = 1;

  constructor(seed: number, note: (line: string) => void) {
    this.#random = seededRandom(seed);
    this.#note = note;
    const { random } = this;
    const options = {
      segmentBytes: random.pick([1024, 2048, 4096]),
      maxSpareSegments: random.below(3),
    };
    this.#place = new SimulatedPlace(random.below(2 ** 30), options, {
      shortWrites: random.pick([0, 0, 0.3]),
    });
  }

  get random(): Random {
    return this.#random;
  }

  async play(): Promise<void> {
    const lives = 2 + this.#random.below(6);
    for (let life = 1; life <= lives; life++) await this.#life();
    this.#endProcess();
    this.#place.disk.heal();
    await this.#inspect();
    for (const what of ['the last open', 'an open after a clean close']) {
      this.#note(what);
      const storage = this.#place.storage();
      await this.#open(storage);
      await this.#write(storage);
      await storage.close();
      this.#models = this.#models.slice(-1);
    }
    await this.#flip();
  }

  /** After a clean close no bit can flip unnoticed, but where nothing depends on it any more. */
  async #flip(): Promise<void> {
    const { disk } = this.#place;
    this.#endProcess();
    for (let round = 0; round < flips; round++) {
      const [path, bytes] = this.#random.pick(
        this.#place.files('').filter(([, each]) => each.length > 0),
      );
      const image = disk.image();
      disk.flipBit({ path, at: this.#random.below(bytes.length) }, this.#random.below(8));
      const storage = this.#place.storage();
      try {
        await this.#open(storage);
      } catch (error) {
        if (!(error instanceof QuorateError) || error.code !== 'CORRUPT') throw error;
      }
      await storage.close();
      this.#endProcess();
      disk.restore(image);
    }
    await this.#open(this.#place.storage());
  }

  /** From an open to an end. */
  async #life(): Promise<void> {
    const { disk } = this.#place;
    this.#arm();
    const storage = this.#place.storage();
    try {
      await this.#open(storage);
      const rounds = this.#random.below(7);
      for (let round = 0; round < rounds; round++) {
        const together = this.#random.pick([1, 1, 1, 3]);
        await Promise.all(Array.from({ length: together }, () => this.#write(storage)));
      }
    } catch (error) {
      if (!(error instanceof QuorateError) || error.code !== 'STORAGE_FAILED') throw error;
      this.#note(`failed: ${error.message}`);
    }
    const end = this.#random.pick(['close', 'kill', 'kill', 'kill', 'crash']);
    if (disk.crashed) this.#note('the power went');
    this.#note(end);
    if (end === 'close') await storage.close();
    if (this.#random.chance(0.7)) disk.heal();
    if (end === 'crash') disk.crash(this.#random.pick(losses));
    else this.#endProcess();
  }

  /** A tool must find no more wrong than an open does. */
  async #inspect(): Promise<void> {
    const files = this.#place.disk.files();
    if (!(await files.list(directory)).includes('quorate.json')) return;
    const { damage } = await inspectFolder(directory, { files, verify: true });
    if (damage.length > 0) throw new Error(`inspection: ${JSON.stringify(damage)}`);
  }

  #endProcess(): void {
    this.#place.disk.kill();
  }

  /** What will go wrong in this life. */
  #arm(): void {
    const { disk } = this.#place;
    if (this.#random.chance(0.6)) {
      const operation = this.#random.pick(failing);
      const nth = 1 + this.#random.below(this.#random.pick([3, 12, 40]));
      const path = this.#random.pick(['', '', '.segment', 'quorate.json.new']);
      const inFolder = operation === 'syncFolder';
      disk.fail({ operation, nth, ...(path === '' || inFolder ? {} : { path }) });
      this.#note(`${operation} ${String(nth)} ${path} is to fail`);
    }
    if (this.#random.chance(0.4)) {
      const nth = 1 + this.#random.below(this.#random.pick([15, 60]));
      const loss = this.#random.pick(losses);
      disk.crashAt(nth, loss);
      this.#note(`power loss before ${String(nth)}: ${loss}`);
    }
  }

  /** Opens, and looks at what is there. */
  async #open(storage: FileStorage): Promise<void> {
    const { state } = await storage.open(owner);
    const records: [number, number][] = [];
    for (const { index, record } of await readAll(storage)) {
      if (!isDeepStrictEqual(record, sized(index, record.length))) {
        throw new Error(`record ${String(index)} is another one`);
      }
      records.push([index, record.length]);
    }
    const snapshot = storage.snapshots.current()?.id;
    if (snapshot !== undefined) {
      const reader = await storage.snapshots.read(snapshot);
      const content = await reader.read(0, snapshotBytes);
      if (!isDeepStrictEqual(content, sized(1, snapshotBytes))) throw new Error('another snapshot');
      await reader.close();
    }
    const found: Model = { records, state: state?.length, snapshot };
    const match = this.#models.findLast((model) => isDeepStrictEqual(model, found));
    this.#note(`found ${JSON.stringify(found)}`);
    if (match === undefined) {
      throw new Error(`found ${JSON.stringify(found)}, not one of ${JSON.stringify(this.#models)}`);
    }
    this.#models = [match];
  }

  async #write(storage: Storage): Promise<void> {
    const ops: Change[] = [];
    const count = 1 + this.#random.below(4);
    for (let step = 0; step < count; step++) ops.push(await this.#draw(storage));
    let model = this.#models.at(-1);
    for (const op of ops) model = changed(model, op);
    if (model === undefined) return;
    const after = model;
    this.#models = [...this.#models, after];
    await storage.write(ops);
    this.#note(`acknowledged ${JSON.stringify(after)}`);
    const at = this.#models.indexOf(after);
    if (at > 0) this.#models = this.#models.slice(at);
  }

  async #draw(storage: Storage): Promise<Change> {
    const records = this.#models.at(-1)?.records ?? [];
    const [first = 1] = records[0] ?? [];
    const [last = first] = records.at(-1) ?? [];
    const somewhere = this.#random.between(first, last + 1);
    const index = Math.floor(somewhere);
    const drawn = this.#random.below(20);
    if (drawn === 0) return { type: 'dropAfter', index };
    if (drawn <= 2) return { type: 'dropBefore', index };
    // Every write differs from every other one in the length of something.
    const length = this.#next++;
    if (drawn <= 5) return { type: 'state', bytes: sized(0, length) };
    if (drawn === 6) {
      const writer = await storage.snapshots.stage();
      await writer.write(sized(1, snapshotBytes));
      await writer.finish();
      return { type: 'snapshot', id: writer.id, index, context: sized(1, 3) };
    }
    const at = this.#random.chance(0.8) ? last + 1 : index;
    const bytes = this.#random.chance(0.4) ? length + 600 : length;
    return { type: 'put', index: at, record: sized(at, bytes) };
  }
}

function changed(model: Model | undefined, op: Change): Model {
  const { records = [], snapshot, state } = model ?? {};
  const kept = (wanted: (index: number) => boolean): Model['records'] =>
    records.filter(([index]) => wanted(index));
  switch (op.type) {
    case 'put': {
      const { index, record } = op;
      const before = kept((each) => each < index);
      const behind = kept((each) => each > index);
      return { records: [...before, [index, record.length], ...behind], state, snapshot };
    }
    case 'dropAfter':
      return { records: kept((index) => index <= op.index), state, snapshot };
    case 'dropBefore':
      return { records: kept((index) => index >= op.index), state, snapshot };
    case 'state':
      return { records, state: op.bytes.length, snapshot };
    case 'snapshot':
      return { records, state, snapshot: op.id };
  }
}
