/** The memory of values: each is what was put, whatever was moved meanwhile, and little of it is dead. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ValueLog } from '../src/value-log.ts';

const segmentBytes = 256 * 1024;

/** A log beside the values that it should hold. */
class Modelled {
  readonly #places = new Map<number, number>();
  readonly values = new Map<number, Uint8Array>();
  readonly log = new ValueLog({
    setPlace: (id, place) => {
      this.#places.set(id, place);
      this.moves += 1;
    },
  });
  /** How many values were written, those that were moved too. */
  moves = 0;

  put(id: number, bytes: number, fill: number): void {
    this.drop(id);
    const value = new Uint8Array(bytes).fill(fill);
    this.log.append(id, value);
    this.values.set(id, value);
  }

  drop(id: number): void {
    const place = this.#places.get(id);
    const value = this.values.get(id);
    if (place === undefined || value === undefined) return;
    this.log.release(place, value.length);
    this.#places.delete(id);
    this.values.delete(id);
  }

  /** What it gives that it should not. */
  wrong(): number[] {
    const wrong: number[] = [];
    for (const [id, value] of this.values) {
      const found = this.log.view(this.#places.get(id) ?? -1);
      if (Buffer.compare(found, value) !== 0) wrong.push(id);
    }
    return wrong;
  }

  get liveBytes(): number {
    let bytes = 0;
    for (const value of this.values.values()) bytes += 8 + Math.ceil(value.length / 8) * 8;
    return bytes;
  }
}

describe('a log of values', () => {
  it('gives each as it was put, of whatever length', () => {
    const someLength = fc.oneof(
      fc.nat(40),
      fc.constantFrom(0, 7, 8, 9, 4096, 65_519, 65_520, 65_527, 65_528, 262_136, 262_137, 300_000),
    );
    const someStep = fc.record({ id: fc.integer({ min: 1, max: 30 }), bytes: someLength });
    fc.assert(
      fc.property(fc.array(someStep, { minLength: 50, maxLength: 300 }), (steps) => {
        const modelled = new Modelled();
        for (const [at, { id, bytes }] of steps.entries()) {
          if (at % 5 === 4) modelled.drop(id);
          else modelled.put(id, bytes, at);
        }
        expect(modelled.wrong()).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('has little that is dead, whatever is overwritten', () => {
    const modelled = new Modelled();
    let seed = 1;
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fff_ffff;
      return (seed >>> 8) % below;
    };
    const keys = 20_000;
    for (let id = 1; id <= keys; id++) modelled.put(id, 256, id);
    modelled.moves = 0;
    const puts = 5 * keys;
    for (let put = 0; put < puts; put++) modelled.put(1 + random(keys), 256, put);
    expect(modelled.wrong()).toEqual([]);
    expect(modelled.log.bytes).toBeLessThan(1.5 * modelled.liveBytes + 4 * segmentBytes);
    // Each value is written once for whoever put it, and moved less than once in its life.
    expect(modelled.moves).toBeLessThan(1.7 * puts);
    // Other lengths in the place of those.
    for (let id = 1; id <= keys; id++) modelled.put(id, random(600), id);
    expect(modelled.wrong()).toEqual([]);
    expect(modelled.log.bytes).toBeLessThan(1.5 * modelled.liveBytes + 4 * segmentBytes);
    for (let id = 1; id <= keys; id++) modelled.drop(id);
    expect(modelled.log.bytes).toBe(segmentBytes);
  });

  it('gives back the memory of a large value at once', () => {
    const modelled = new Modelled();
    for (let put = 0; put < 20; put++) modelled.put(1, 1024 * 1024, put);
    expect(modelled.log.bytes).toBeLessThan(1024 * 1024 + 4096);
    expect(modelled.wrong()).toEqual([]);
  });
});
