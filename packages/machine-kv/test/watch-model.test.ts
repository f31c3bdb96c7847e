/**
 * Random commands and random watchers against the reference, which has all changes in an array: who is woken
 * when, what is taken, where it goes on, and when it comes too late. In between the machine falls behind and
 * is given a snapshot of another one.
 */
import { CompactedError, type Cursor, decode, encode } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KvEvent, type KvWatch, kv } from '../src/index.ts';
import { Hosted, someKey, someStep, type Step } from './harness.ts';
import { Model, type ModelChange, selects } from './model.ts';
import { perform } from './steps.ts';

type Action =
  | { readonly type: 'step'; readonly step: Step }
  /** The machine hears nothing of these; then it is given a snapshot. */
  | { readonly type: 'jump'; readonly steps: readonly Step[] }
  | { readonly type: 'open'; readonly request: KvWatch }
  /** A watcher takes so many events, or as many bytes as one event has. */
  | { readonly type: 'take'; readonly who: number; readonly most: number; readonly bytes: number }
  /** A watcher goes away and comes back with what `rest` said. */
  | { readonly type: 'resume'; readonly who: number }
  | { readonly type: 'close'; readonly who: number };

interface Place {
  readonly revision: number;
  readonly position: number;
}

/** What the reference says of one who watches. */
class Expected {
  readonly request: KvWatch;
  readonly #model: Model;
  #place: Place;
  #waiting: boolean;
  /** Has found nothing since it was last woken. */
  #idle = false;
  wakes = 0;

  constructor(request: KvWatch, model: Model) {
    this.request = request;
    this.#model = model;
    const { revision, position } = request;
    if (revision === 0) this.#place = { revision: model.revision + 1, position: 0 };
    else this.#place = revision === 1 ? { revision: 2, position: 0 } : { revision, position };
    this.#waiting = this.#place.revision > model.revision;
  }

  get place(): Place {
    const { revision } = this.#model;
    return this.#waiting && this.#place.revision <= revision
      ? { revision: revision + 1, position: 0 }
      : this.#place;
  }

  get isCompacted(): boolean {
    return this.place.revision <= this.#model.compactRevision;
  }

  /** Changes were added behind the first `known`. */
  changed(known: number): void {
    const first = this.#model.changes.slice(known).find((change) => this.#wants(change));
    if (first === undefined || !this.#waiting) return;
    this.#place = first;
    this.#go();
  }

  /** The machine is going to be another one. */
  moved(): void {
    if (!this.#waiting) return;
    this.#place = this.place;
    this.#go();
  }

  take(most: number): readonly KvEvent[] {
    const wanted = this.#waiting ? [] : this.#model.changes.filter((change) => this.#wants(change));
    const next = wanted[most];
    this.#place = next ?? this.place;
    if (next === undefined) this.#wait();
    const taken = wanted.slice(0, most);
    this.#idle = taken.length === 0;
    return taken.map((change) => this.#eventOf(change));
  }

  #wait(): void {
    const { revision } = this.#model;
    if (this.#place.revision <= revision) this.#place = { revision: revision + 1, position: 0 };
    this.#waiting = true;
  }

  #go(): void {
    this.#waiting = false;
    if (this.#idle) this.wakes += 1;
    this.#idle = false;
  }

  #wants({ revision, position, key, pair }: ModelChange): boolean {
    const place = this.#place;
    const isBehind =
      revision > place.revision || (revision === place.revision && position >= place.position);
    const { selection, puts, deletes } = this.request;
    return isBehind && selects(selection, key) && (pair === undefined ? deletes : puts);
  }

  #eventOf({ revision, position, key, pair, previous }: ModelChange): KvEvent {
    const event: KvEvent =
      pair === undefined
        ? { type: 'delete', revision, position, key }
        : { type: 'put', revision, position, pair };
    return this.request.previous && previous !== undefined ? { ...event, previous } : event;
  }
}

/** One who watches the machine. */
interface Watcher {
  readonly cursor: Cursor<KvWatch, KvEvent>;
  readonly expected: Expected;
  readonly woken: () => number;
}

class World {
  readonly #hosted = new Hosted();
  /** Has done everything, always. */
  readonly #ahead = new Hosted();
  readonly #model = new Model();
  readonly #watchers: Watcher[] = [];

  async run(actions: readonly Action[]): Promise<void> {
    for (const action of actions) {
      await this.#do(action);
      for (const { expected, woken } of this.#watchers) expect(woken()).toBe(expected.wakes);
    }
    for (const watcher of this.#watchers) {
      expect(watcher.cursor.rest).toEqual(restOf(watcher));
      this.#take(watcher, 1000, 1e9);
    }
  }

  async #do(action: Action): Promise<void> {
    switch (action.type) {
      case 'step': {
        const known = this.#model.changes.length;
        this.#step(action.step);
        perform(this.#hosted, action.step);
        for (const { expected } of this.#watchers) expected.changed(known);
        return;
      }
      case 'jump':
        for (const { expected } of this.#watchers) expected.moved();
        for (const step of action.steps) this.#step(step);
        await this.#hosted.machine.restore(this.#ahead.machine.snapshot());
        this.#hosted.time = this.#ahead.time;
        return;
      case 'open':
        this.#open(action.request);
        return;
      case 'take': {
        const watcher = this.#watchers[action.who % this.#watchers.length];
        if (watcher !== undefined) this.#take(watcher, action.most, action.bytes);
        return;
      }
      case 'resume': {
        const cursor = this.#close(action.who);
        if (cursor !== undefined) this.#open(cursor.rest);
        return;
      }
      case 'close':
        expect(this.#close(action.who)?.take(1, 1) ?? []).toEqual([]);
    }
  }

  #close(who: number): Cursor<KvWatch, KvEvent> | undefined {
    const [watcher] = this.#watchers.splice(who % Math.max(this.#watchers.length, 1), 1);
    watcher?.cursor.close();
    if (watcher !== undefined) expect(watcher.cursor.rest).toEqual(restOf(watcher));
    return watcher?.cursor;
  }

  #step(step: Step): void {
    perform(this.#ahead, step);
    perform(this.#model, step);
  }

  #open(request: KvWatch): void {
    const { machine } = this.#hosted;
    const received = decode(machine.watches, encode(machine.watches, request));
    const expected = new Expected(received, this.#model);
    let wakes = 0;
    const wake = (): void => {
      wakes += 1;
    };
    if (expected.isCompacted) {
      expect(() => machine.watch(received, wake)).toThrow(CompactedError);
      return;
    }
    this.#watchers.push({ cursor: machine.watch(received, wake), expected, woken: () => wakes });
  }

  #take({ cursor, expected }: Watcher, most: number, bytes: number): void {
    if (expected.isCompacted) {
      expect(() => cursor.take(most, bytes)).toThrow(CompactedError);
      return;
    }
    const { events } = this.#hosted.machine;
    const taken = cursor.take(most, bytes);
    expect(taken).toEqual(expected.take(bytes === 0 ? 1 : most));
    for (const event of taken) expect(decode(events, encode(events, event))).toEqual(event);
  }
}

function restOf({ expected }: Watcher): KvWatch {
  const { revision, position } = expected.place;
  return { ...expected.request, revision, position };
}

const someBound = fc.oneof(someKey, fc.constant(''));
const someWatch = fc
  .tuple(
    fc.oneof(
      someKey,
      fc.record({ prefix: someBound }),
      fc.record({ from: someBound, to: someBound }),
    ),
    fc.record({
      revision: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(40)),
      position: fc.nat(3),
      kinds: fc.constantFrom({}, {}, { puts: false }, { deletes: false }),
      previous: fc.boolean(),
    }),
  )
  .map(([keys, { revision, position, kinds, previous }]) =>
    kv.watch(keys, {
      revision,
      position: revision === 0 ? 0 : position,
      previous,
      ...kinds,
    }),
  );
const who = fc.nat(5);
const someAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 10, arbitrary: someStep.map((step) => ({ type: 'step', step }) as const) },
  { weight: 4, arbitrary: someWatch.map((request) => ({ type: 'open', request }) as const) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('take' as const),
      who,
      most: fc.integer({ min: 1, max: 4 }),
      bytes: fc.constantFrom(0, 1e9, 1e9),
    }),
  },
  { weight: 2, arbitrary: who.map((at) => ({ type: 'resume', who: at }) as const) },
  { weight: 1, arbitrary: who.map((at) => ({ type: 'close', who: at }) as const) },
  {
    weight: 1,
    arbitrary: fc
      .array(someStep, { maxLength: 8 })
      .map((steps) => ({ type: 'jump', steps }) as const),
  },
);

describe('watchers', () => {
  test('see what the reference says, each change once, and are woken exactly when there is one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someAction, { maxLength: 120, size: 'max' }), (actions) =>
        new World().run(actions),
      ),
      { numRuns: 200 },
    );
  });
});
