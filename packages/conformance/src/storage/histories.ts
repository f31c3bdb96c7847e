/**
 * Random histories against the model.
 *
 * Every write, read, transfer, reopening and power loss is drawn by fast-check, which prints seed and
 * path of a failing history and shrinks it.
 */
import {
  type LogIndex,
  type SnapshotWriter,
  type Storage,
  type StorageOp,
  unreachable,
} from '@quorate/core';
import fc from 'fast-check';
import { equal, rejects } from '../check.ts';
import { manyCasesMs, type StorageTests } from './harness.ts';
import { Expectation, readModel } from './model.ts';
import { Place } from './place.ts';
import { publish, sample, stage } from './samples.ts';
import { carryOn, contentOf, takeUp, transferBytes } from './transfers.ts';

/** Indexes are few, so that histories meet themselves. */
const maxIndex = 24;

/** Published snapshots that the storages keep. */
const retain = 2;

type Action =
  | { readonly type: 'write'; readonly ops: readonly StorageOp[]; readonly wait: boolean }
  | { readonly type: 'append'; readonly count: number; readonly wait: boolean }
  | { readonly type: 'snapshot'; readonly bytes: number; readonly wait: boolean }
  | { readonly type: 'stage'; readonly abort: boolean }
  | {
      readonly type: 'transfer';
      readonly name: string;
      readonly bytes: number;
      readonly then: 'leave' | 'close' | 'abort' | 'publish';
    }
  | {
      readonly type: 'read';
      readonly from: LogIndex;
      readonly to: LogIndex;
      readonly bytes: number;
    }
  | { readonly type: 'reopen' }
  | { readonly type: 'crash' };

export function historyTests({ test, has, options, seed }: StorageTests): void {
  test(
    'behaves as a model does, in every random history',
    async () => {
      const property = fc.asyncProperty(
        fc.nat(),
        actions(has('crash')),
        async (placeSeed, history) => {
          // Each history has a place of its own: the one of the test stays empty.
          const place = new Place(await options.create(placeSeed), { retainSnapshots: retain });
          try {
            await new Run(place).follow(history);
          } finally {
            await place.remove();
          }
        },
      );
      await fc.assert(property, { numRuns: options.runs ?? 100, seed });
    },
    [],
    manyCasesMs,
  );
}

function actions(crashes: boolean): fc.Arbitrary<readonly Action[]> {
  const index = fc.integer({ min: 1, max: maxIndex });
  const wait = fc.boolean();
  const record = fc
    .tuple(fc.nat(10_000), fc.integer({ min: 0, max: 40 }))
    .map(([seed, length]) => sample(seed, length));
  const op = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ type: fc.constant('put' as const), index, record }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('state' as const), bytes: record }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom('dropAfter' as const, 'dropBefore' as const),
        index,
      }),
    },
  );
  const ops = fc.array(op, { maxLength: 5 });
  const action: fc.Arbitrary<Action> = fc.oneof(
    { weight: 8, arbitrary: fc.record({ type: fc.constant('write' as const), ops, wait }) },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('append' as const),
        count: fc.integer({ min: 1, max: 5 }),
        wait,
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('snapshot' as const),
        bytes: fc.nat(3000),
        wait,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('stage' as const), abort: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('transfer' as const),
        name: fc.constantFrom('left', 'right'),
        bytes: fc.oneof(fc.nat(2000), fc.constant(300_000)),
        then: fc.constantFrom('leave', 'close', 'abort', 'publish'),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('read' as const),
        from: index,
        to: index,
        bytes: fc.nat(100),
      }),
    },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('reopen' as const) }) },
    {
      weight: crashes ? 3 : 0,
      arbitrary: fc.record({ type: fc.constant('crash' as const) }),
    },
  );
  return fc.array(action, { minLength: 1, maxLength: 25 });
}

/** One history on one place. */
class Run {
  readonly #place: Place;
  readonly #expectation: Expectation = new Expectation(retain);
  readonly #transfers: Transfers = new Transfers();
  #step = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  async follow(history: readonly Action[]): Promise<void> {
    let { storage } = await this.#place.open();
    for (const action of history) {
      this.#step++;
      storage = await this.#do(storage, action);
    }
    await this.#reopen();
  }

  async #do(storage: Storage, action: Action): Promise<Storage> {
    const { records } = this.#expectation.newest;
    switch (action.type) {
      case 'write':
        await this.#write(storage, action.ops, action.wait);
        return storage;
      case 'append': {
        const last = Math.max(0, ...records.keys());
        const ops = Array.from({ length: action.count }, (_, at): StorageOp => {
          const index = last + 1 + at;
          return { type: 'put', index, record: sample(this.#step * 100 + at) };
        });
        await this.#write(storage, ops, action.wait);
        return storage;
      }
      case 'snapshot': {
        const content = sample(this.#step, action.bytes);
        const id = await stage(storage, content);
        this.#expectation.staged(id, content);
        const first = Math.min(maxIndex, ...records.keys());
        const ops: StorageOp[] = [publish(id, first), { type: 'dropBefore', index: first + 1 }];
        await this.#write(storage, ops, action.wait);
        return storage;
      }
      case 'stage': {
        const writer = await storage.snapshots.stage();
        await writer.write(sample(this.#step, 100));
        if (action.abort) await writer.abort();
        return storage;
      }
      case 'transfer':
        await this.#transfer(storage, action);
        return storage;
      case 'read':
        equal(
          await storage.read(action.from, action.to, action.bytes),
          readModel(this.#expectation.newest, action.from, action.to, action.bytes),
          `records ${String(action.from)} to ${String(action.to)}`,
        );
        return storage;
      case 'reopen':
        return this.#reopen();
      case 'crash': {
        this.#transfers.crashed();
        const opened = await this.#place.crash();
        await this.#expectation.match(opened, `at step ${String(this.#step)}`);
        return opened.storage;
      }
      default:
        return unreachable(action);
    }
  }

  async #write(storage: Storage, ops: readonly StorageOp[], wait: boolean): Promise<void> {
    const written = this.#expectation.write(storage, ops);
    if (wait) await written;
    // A power loss rejects it, or leaves it open.
    else written.catch(() => undefined);
  }

  async #transfer(
    storage: Storage,
    { name, bytes, then }: Action & { readonly type: 'transfer' },
  ): Promise<void> {
    const writer = await this.#transfers.takeUp(storage, name);
    const upTo = Math.min(writer.bytes + bytes, transferBytes);
    await carryOn(writer, name, upTo, 100_000);
    this.#transfers.staged(name, upTo);
    switch (then) {
      case 'leave':
        this.#transfers.left = writer;
        return;
      case 'close':
        await writer.close();
        return;
      case 'abort':
        await writer.abort();
        this.#transfers.forgotten();
        return;
      case 'publish':
        await writer.finish();
        this.#transfers.forgotten();
        this.#expectation.staged(writer.id, contentOf(name).subarray(0, upTo));
        await this.#write(storage, [publish(writer.id, this.#step)], true);
        return;
      default:
        unreachable(then);
    }
  }

  async #reopen(): Promise<Storage> {
    this.#transfers.closed();
    await this.#place.close();
    this.#expectation.closed();
    const opened = await this.#place.open();
    await this.#expectation.match(opened, `at step ${String(this.#step)}`);
    return opened.storage;
  }
}

/** What may be found staged under a name. */
class Transfers {
  /** A writer that nobody closed. */
  left: SnapshotWriter | undefined;
  #last: { readonly name: string; readonly bytes: number } | undefined;
  /** The most that there ever was: a power loss may bring what was forgotten back. */
  readonly #ever: Map<string, number> = new Map<string, number>();
  #certain = true;

  async takeUp(storage: Storage, name: string): Promise<SnapshotWriter> {
    const before = this.#last?.name === name ? this.#last.bytes : 0;
    const writer = await takeUp(
      storage,
      name,
      this.#certain ? before : (this.#ever.get(name) ?? 0),
    );
    if (this.left !== undefined) {
      await rejects(this.left.write(sample(1)), 'CLOSED', 'a writer whose name was staged again');
    }
    this.left = undefined;
    this.#certain = true;
    return writer;
  }

  staged(name: string, bytes: number): void {
    this.#last = { name, bytes };
    this.#ever.set(name, Math.max(bytes, this.#ever.get(name) ?? 0));
  }

  forgotten(): void {
    this.#last = undefined;
  }

  closed(): void {
    this.left = undefined;
  }

  crashed(): void {
    this.left = undefined;
    this.#certain = false;
  }
}
