/**
 * Random histories on the simulated disk, compared with a model that keeps whole copies of
 * everything: simple enough to be believed.
 */
import { seededRandom } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FileSystem, writeAll } from '../../src/index.ts';
import { type Loss, type SimulatedDisk, simulatedDisk } from '../../src/simulated/index.ts';
import { contentOf, expectBytes } from '../grounds.ts';
import { namesIn } from './harness.ts';

const sectorBytes = 16;
const name = fc.constantFrom('a', 'b', 'c', 'd');
const size = fc.integer({ min: 0, max: 100 });

type Step =
  | { readonly type: 'write'; readonly name: string; readonly at: number; readonly bytes: number }
  | { readonly type: 'truncate'; readonly name: string; readonly size: number }
  | { readonly type: 'sync'; readonly name: string; readonly fails: boolean }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly name: string }
  | { readonly type: 'syncFolder'; readonly fails: boolean }
  | { readonly type: 'kill' }
  | { readonly type: 'crash'; readonly loss: 'nothing' | 'unsynced' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('write'), name, at: size, bytes: size }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('truncate'), name, size }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('sync'), name, fails: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('rename'), from: name, to: name }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove'), name }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('syncFolder'), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('kill') }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('crash'),
      loss: fc.constantFrom('nothing', 'unsynced'),
    }),
  },
);

/** A file, as it is seen and as it is on the disk. */
class ModelFile {
  seen: Uint8Array = new Uint8Array();
  durable: Uint8Array = new Uint8Array();
  /** Sectors that the next sync writes. */
  dirty = new Set<number>();
  /** Sectors that a failed sync left behind. */
  lost = new Set<number>();
  /** What sectors were since they were durable, and sizes. */
  versions = new Map<number, Uint8Array[]>();
  sizes = new Set([0]);

  change(seen: Uint8Array): void {
    const length = Math.max(seen.length, this.seen.length);
    for (let sector = 0; sector * sectorBytes < length; sector++) {
      const before = padded(this.seen, sector);
      const after = padded(seen, sector);
      if (Buffer.compare(before, after) === 0) continue;
      this.versions.set(sector, [...(this.versions.get(sector) ?? []), before]);
      this.dirty.add(sector);
      this.lost.delete(sector);
    }
    this.seen = seen;
    this.sizes.add(seen.length);
  }

  sync(fails: boolean): void {
    if (fails) {
      for (const sector of this.dirty) this.lost.add(sector);
    } else {
      this.durable = this.#without(this.lost);
      this.sizes = new Set([this.seen.length]);
      for (const sector of this.versions.keys()) {
        if (!this.lost.has(sector)) this.versions.delete(sector);
      }
    }
    this.dirty.clear();
  }

  lose(loss: 'nothing' | 'unsynced'): void {
    this.seen = loss === 'nothing' ? this.#without(this.lost) : this.durable;
    this.durable = this.seen;
    this.sizes = new Set([this.seen.length]);
    this.versions.clear();
    this.dirty.clear();
    this.lost.clear();
  }

  /** What is seen, but for some sectors. */
  #without(sectors: ReadonlySet<number>): Uint8Array {
    const content = this.seen.slice();
    for (const sector of sectors) {
      const from = sector * sectorBytes;
      if (from >= content.length) continue;
      content.set(padded(this.durable, sector).subarray(0, content.length - from), from);
    }
    return content;
  }
}

function padded(content: Uint8Array, sector: number): Uint8Array {
  const bytes = new Uint8Array(sectorBytes);
  bytes.set(content.subarray(sector * sectorBytes, (sector + 1) * sectorBytes));
  return bytes;
}

class Model {
  seen = new Map<string, ModelFile>();
  durable = new Map<string, ModelFile>();
  /** Names that the next sync of the folder makes durable. */
  readonly #dirty = new Set<string>();

  assign(assigned: string, file: ModelFile | undefined): void {
    assign(this.seen, assigned, file);
    this.#dirty.add(assigned);
  }

  syncFolder(fails: boolean): void {
    if (!fails) for (const each of this.#dirty) assign(this.durable, each, this.seen.get(each));
    this.#dirty.clear();
  }

  lose(loss: 'nothing' | 'unsynced'): void {
    if (loss === 'nothing') this.syncFolder(false);
    this.#dirty.clear();
    this.seen = new Map(this.durable);
    for (const file of new Set(this.seen.values())) file.lose(loss);
  }
}

function assign(
  names: Map<string, ModelFile>,
  assigned: string,
  file: ModelFile | undefined,
): void {
  if (file === undefined) names.delete(assigned);
  else names.set(assigned, file);
}

async function useFile(
  files: FileSystem,
  used: string,
  use: (file: Awaited<ReturnType<FileSystem['open']>>) => Promise<unknown>,
): Promise<void> {
  const path = `/data/${used}`;
  const file = await files.open(path, 'write').catch(() => files.open(path, 'create'));
  await use(file);
  await file.close();
}

/** Does a step on both. */
async function step(disk: SimulatedDisk, model: Model, todo: Step, value: number): Promise<void> {
  const files = disk.files();
  const modelFile = (used: string): ModelFile => {
    const file = model.seen.get(used) ?? new ModelFile();
    if (!model.seen.has(used)) model.assign(used, file);
    return file;
  };
  switch (todo.type) {
    case 'write': {
      const file = modelFile(todo.name);
      const piece = new Uint8Array(todo.bytes).fill(value);
      await useFile(files, todo.name, (each) => writeAll(each, [piece], todo.at));
      if (todo.bytes === 0) return;
      const content = new Uint8Array(Math.max(file.seen.length, todo.at + todo.bytes));
      content.set(file.seen);
      content.set(piece, todo.at);
      file.change(content);
      return;
    }
    case 'truncate': {
      const file = modelFile(todo.name);
      await useFile(files, todo.name, (each) => each.truncate(todo.size));
      const content = new Uint8Array(todo.size);
      content.set(file.seen.subarray(0, todo.size));
      file.change(content);
      return;
    }
    case 'sync': {
      const file = modelFile(todo.name);
      if (todo.fails) disk.fail({ operation: 'sync' });
      await useFile(files, todo.name, (each) => each.sync().catch(() => undefined));
      file.sync(todo.fails);
      return;
    }
    case 'rename': {
      const file = model.seen.get(todo.from);
      await files.rename(`/data/${todo.from}`, `/data/${todo.to}`).catch(() => undefined);
      if (file === undefined || todo.from === todo.to) return;
      model.assign(todo.from, undefined);
      model.assign(todo.to, file);
      return;
    }
    case 'remove':
      await files.remove(`/data/${todo.name}`);
      if (model.seen.has(todo.name)) model.assign(todo.name, undefined);
      return;
    case 'syncFolder':
      if (todo.fails) disk.fail({ operation: 'syncFolder' });
      await files.syncFolder('/data').catch(() => undefined);
      model.syncFolder(todo.fails);
      return;
    case 'kill':
      disk.kill();
      return;
    case 'crash':
      disk.crash(todo.loss);
      model.lose(todo.loss);
      return;
  }
}

describe('after any history', () => {
  it('the disk shows what the model shows, and keeps what the model keeps', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { maxLength: 40 }),
        fc.integer({ min: 1, max: 2 ** 30 }),
        async (steps, seed) => {
          const disk = simulatedDisk({ random: seededRandom(seed), sectorBytes, shortWrites: 0.2 });
          const model = new Model();
          await disk.files().makeFolder('/data');
          for (const [at, todo] of steps.entries()) {
            await step(disk, model, todo, 1 + (at % 255));
            expect(await namesIn(disk, '/data')).toEqual([...model.seen.keys()].sort());
            for (const [each, file] of model.seen) {
              expectBytes(await contentOf(disk.files(), `/data/${each}`), file.seen);
            }
            const image = disk.image();
            const kept = [...model.durable].map(([each]) => `/data/${each}`).sort();
            expect(image.paths()).toEqual(kept);
            for (const [each, file] of model.durable) {
              expectBytes(image.read(`/data/${each}`), file.durable);
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a loss of some of it leaves the rest alone, and sectors that were written as they were', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          anyStep.filter(({ type }) => type !== 'crash'),
          { maxLength: 25 },
        ),
        fc.integer({ min: 1, max: 2 ** 30 }),
        fc.constantFrom<Loss>('partly', 'garbage'),
        async (steps, seed, loss) => {
          const disk = simulatedDisk({ random: seededRandom(seed), sectorBytes });
          const model = new Model();
          await disk.files().makeFolder('/data');
          for (const [at, todo] of steps.entries()) await step(disk, model, todo, 1 + (at % 255));
          // So that it is known which file is under which name.
          await step(disk, model, { type: 'syncFolder', fails: false }, 0);
          disk.crash(loss);
          expect(await namesIn(disk, '/data')).toEqual([...model.durable.keys()].sort());
          for (const [each, file] of model.durable) {
            const content = (await contentOf(disk.files(), `/data/${each}`)) ?? new Uint8Array();
            expect(content.length).toBeGreaterThanOrEqual(Math.min(...file.sizes));
            expect(content.length).toBeLessThanOrEqual(Math.max(...file.sizes));
            for (let sector = 0; sector * sectorBytes < content.length; sector++) {
              const isWritten = file.dirty.has(sector) || file.lost.has(sector);
              if (loss === 'garbage' && isWritten) continue;
              const versions = [...(file.versions.get(sector) ?? []), padded(file.seen, sector)];
              const end = Math.min(sectorBytes, content.length - sector * sectorBytes);
              const sectorFound = padded(content, sector).subarray(0, end).join();
              const possible = versions.map((version) => version.subarray(0, end).join());
              expect(possible).toContain(sectorFound);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
