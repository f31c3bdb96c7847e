/**
 * Damage of a single bit, anywhere: whoever opens the place afterwards finds exactly what was
 * written, or is told that it is damaged.
 *
 * The storage was closed in good order, so nothing can be taken for a torn tail.
 */
import { QuorateError, seededRandom } from '@quorate/core';
import { check, equal, failedIn } from '../check.ts';
import { covered, manyCasesMs, type StorageTests } from './harness.ts';
import { Expectation, examine, expectedOf, type Found } from './model.ts';
import { Place } from './place.ts';
import {
  dropAfter,
  dropBefore,
  owner,
  publish,
  put,
  puts,
  range,
  readSnapshot,
  sample,
  stage,
  state,
} from './samples.ts';
import { carryOn, contentOf, takeUp } from './transfers.ts';
import { inTime } from './waiting.ts';

const needs = ['storedBytes', 'flipBit'] as const;

/** More than anything that a sound storage allocates for a small log. */
const maxAllocationBytes = 256 * 2 ** 20;

/** More than an open and a few reads of it take anywhere. */
const patienceMs = 10_000;

const name = 'damaged';
const partialBytes = 300_000;
/** Flips in a partial snapshot. */
const partialFlips = 60;

export function flipTests(tests: StorageTests): void {
  const { test } = tests;

  test(
    'S1, S3, S4: a flip of any bit of a small log is noticed, or changes nothing',
    async () => {
      const { options, seed } = tests;
      const bench = new Bench(tests);
      try {
        const stored = await bench.storedBytes();
        const random = seededRandom(seed);
        for (const number of covered(stored, options.flips ?? 'every', seed)) {
          await bench.flip(number - 1, random.below(8));
        }
        check(bench.refused > 0, 'no flip of any bit was noticed: the harness flips none');
      } finally {
        await bench.remove();
      }
    },
    needs,
    manyCasesMs,
  );

  test(
    'a flip of a bit of what is staged under a name is never taken up',
    async (place) => {
      const { options, seed } = tests;
      await stagePartly(place);
      const stored = await place.storedBytes();
      const random = seededRandom(seed);
      const sampled = covered(stored, { sample: partialFlips }, seed).map((number) => number - 1);
      for (const at of new Set([0, ...sampled, stored - 1])) {
        const bit = random.below(8);
        const other = new Place(await options.create(seed));
        try {
          await stagePartly(other);
          await other.flipBit(at, bit);
          await inTime(carryOnOrRefuse(other), 'the storage', patienceMs);
        } catch (error) {
          throw failedIn(`bit ${String(bit)} of byte ${String(at)}`, error);
        } finally {
          await other.remove();
        }
      }
    },
    needs,
    manyCasesMs,
  );
}

/** Damage that was reported. */
interface Refusal {
  readonly by: 'open' | 'read';
  readonly error: QuorateError;
}

/** A small log, damaged bit by bit. It is written anew whenever a storage has changed it. */
class Bench {
  /** Flips that were noticed. */
  refused = 0;
  readonly #tests: StorageTests;
  #place: Place | undefined;
  #expected: Found = { recovered: nothing, records: [], snapshots: [] };
  #stored = 0;

  constructor(tests: StorageTests) {
    this.#tests = tests;
  }

  async storedBytes(): Promise<number> {
    await this.#sound();
    return this.#stored;
  }

  /** Flips a bit, looks what comes of it, and flips it back. */
  async flip(at: number, bit: number): Promise<void> {
    const place = await this.#sound();
    if (at >= this.#stored) return;
    try {
      const before = allocatedBytes();
      await place.flipBit(at, bit);
      const refusal = await this.#open(place);
      check(
        allocatedBytes() - before < maxAllocationBytes,
        `more than ${String(maxAllocationBytes)} bytes were allocated`,
      );
      if (refusal === undefined) await this.#takenAsItIs(place);
      else await this.#refused(place, refusal, () => place.flipBit(at, bit));
    } catch (error) {
      throw failedIn(`bit ${String(bit)} of byte ${String(at)}`, error);
    }
  }

  async remove(): Promise<void> {
    const place = this.#place;
    this.#place = undefined;
    await place?.remove();
  }

  /** A place with the log, and nothing wrong with it. */
  async #sound(): Promise<Place> {
    if (this.#place !== undefined) return this.#place;
    const { options, seed } = this.#tests;
    const place = new Place(await options.create(seed));
    this.#place = place;
    this.#expected = await writeSmallLog(place);
    this.#stored = await place.storedBytes();
    return place;
  }

  /** The flip changed nothing. It may have been mended, so that flipping it back were damage. */
  async #takenAsItIs(place: Place): Promise<void> {
    const refusal = await this.#open(place);
    if (refusal !== undefined) throw failedIn('only the second open noticed it', refusal.error);
    await this.remove();
  }

  async #refused(place: Place, { by, error }: Refusal, mend: () => Promise<void>): Promise<void> {
    this.refused++;
    const stored = await place.storedBytes();
    if (by === 'open') {
      equal(stored, this.#stored, `bytes stored after an open that said: ${error.message}`);
    }
    if (stored === this.#stored) {
      await mend();
      const stillRefused = await this.#open(place);
      if (stillRefused !== undefined) {
        throw failedIn(`after ${error.message}, and when it was flipped back`, stillRefused.error);
      }
    }
    if ((await place.storedBytes()) !== this.#stored) await this.remove();
  }

  /** Opens and reads everything. @returns the refusal, or `undefined` where all is as it was written. */
  #open(place: Place): Promise<Refusal | undefined> {
    return inTime(this.#openAndRead(place), 'the storage', patienceMs);
  }

  async #openAndRead(place: Place): Promise<Refusal | undefined> {
    const storage = place.storage();
    let by: Refusal['by'] = 'open';
    let found: Found;
    try {
      const recovered = await storage.open(owner);
      by = 'read';
      found = await examine({ storage, recovered });
    } catch (error) {
      if (isRefusal(error)) return { by, error };
      throw error;
    } finally {
      await storage.close();
    }
    equal(found.recovered, this.#expected.recovered, 'recovered');
    equal(found.records, this.#expected.records, 'records');
    equal(found.snapshots, this.#expected.snapshots, 'snapshots');
    return undefined;
  }
}

const nothing = {
  state: undefined,
  records: undefined,
  snapshot: undefined,
  lastRecord: undefined,
} as const;

/** Records, some of them written over or dropped, state, and a snapshot; then a clean close. */
async function writeSmallLog(place: Place): Promise<Found> {
  const { storage } = await place.open();
  const expectation = new Expectation();
  await expectation.write(storage, [...puts(1, 4), state(1)]);
  await expectation.write(storage, [put(2, sample(22, 30))]);
  await expectation.write(storage, [put(5), put(6), put(9)]);
  await expectation.write(storage, [dropAfter(5), state(2)]);
  const content = sample(7, 300);
  const id = await stage(storage, content);
  expectation.staged(id, content);
  await expectation.write(storage, [publish(id, 1), dropBefore(2)]);
  await Promise.all(range(6, 8).map((index) => expectation.write(storage, [put(index)])));
  await place.close();
  return expectedOf(expectation.newest);
}

async function stagePartly(place: Place): Promise<void> {
  const { storage } = await place.open();
  await storage.write([put(1)]);
  await carryOn(await takeUp(storage, name, 0), name, partialBytes);
  await place.close();
}

async function carryOnOrRefuse(place: Place): Promise<void> {
  try {
    const { storage } = await place.open();
    const writer = await takeUp(storage, name, partialBytes);
    await carryOn(writer, name, partialBytes);
    await writer.finish();
    await storage.write([publish(writer.id, 1)]);
    const content = await readSnapshot(storage, writer.id, 100_000);
    equal(content, contentOf(name).subarray(0, partialBytes), 'content in the end');
  } catch (error) {
    if (!isRefusal(error)) throw error;
  }
}

function isRefusal(error: unknown): error is QuorateError {
  return (
    error instanceof QuorateError && (error.code === 'CORRUPT' || error.code === 'FOREIGN_DATA')
  );
}

/** Bytes in typed arrays, where the runtime tells. */
function allocatedBytes(): number {
  const { process } = globalThis as {
    readonly process?: { memoryUsage?(): { readonly arrayBuffers: number } };
  };
  return process?.memoryUsage?.().arrayBuffers ?? 0;
}
