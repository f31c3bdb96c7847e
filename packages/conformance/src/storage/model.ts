/**
 * Random histories against the simplest model of a storage: two Maps.
 *
 * Every write, read, reopening and power loss is drawn by fast-check, which prints seed and path of
 * a failing history and shrinks it. After a power loss the storage must equal the model after some
 * prefix of the writes that were called, with all that were acknowledged among them.
 */
import type {
  LogIndex,
  LogRecord,
  Recovered,
  SnapshotInfo,
  Storage,
  StorageOp,
} from '@quorate/core';
import { unreachable } from '@quorate/core';
import fc from 'fast-check';
import { check, equal, isEqual } from '../check.ts';
import {
  Place,
  publish,
  readAll,
  readSnapshot,
  sample,
  stage,
  type StorageTests,
} from './harness.ts';

/** Indexes are few, so that histories meet themselves. */
const maxIndex = 24;

type Action =
  | { readonly type: 'write'; readonly ops: readonly StorageOp[]; readonly wait: boolean }
  | { readonly type: 'append'; readonly count: number; readonly wait: boolean }
  | { readonly type: 'snapshot'; readonly bytes: number; readonly wait: boolean }
  | { readonly type: 'stage'; readonly abort: boolean }
  | {
      readonly type: 'read';
      readonly from: LogIndex;
      readonly to: LogIndex;
      readonly bytes: number;
    }
  | { readonly type: 'reopen' }
  | { readonly type: 'crash' };

export function modelTests({ test, has, options }: StorageTests): void {
  test('behaves as a model does, in every random history', async () => {
    const property = fc.asyncProperty(actions(has('crash')), async (history) => {
      // Each history has a place of its own: the one of the test stays empty.
      const place = new Place(await options.create());
      try {
        await new Run(place).follow(history);
      } finally {
        await place.remove();
      }
    });
    const { runs: numRuns = 100, seed } = options;
    await fc.assert(property, seed === undefined ? { numRuns } : { numRuns, seed });
  });
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

/** The model: what a storage holds, as plain values that are copied and never changed. */
interface Model {
  readonly records: ReadonlyMap<LogIndex, Uint8Array>;
  readonly state: Uint8Array | undefined;
  readonly snapshot: { readonly info: SnapshotInfo; readonly content: Uint8Array } | undefined;
}

const emptyModel: Model = { records: new Map(), state: undefined, snapshot: undefined };

/** One history on one place. */
class Run {
  readonly #place: Place;
  /** The model after the last write that was acknowledged, then after each later one. */
  #models: readonly Model[] = [emptyModel];
  readonly #contents: Map<string, Uint8Array> = new Map<string, Uint8Array>();
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
    await this.#compare(await this.#place.reopen());
  }

  async #do(storage: Storage, action: Action): Promise<Storage> {
    switch (action.type) {
      case 'write':
        await this.#write(storage, action.ops, action.wait);
        return storage;
      case 'append': {
        const last = Math.max(0, ...this.#model.records.keys());
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
        this.#contents.set(id, content);
        const first = Math.min(maxIndex, ...this.#model.records.keys());
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
      case 'read':
        equal(
          await storage.read(action.from, action.to, action.bytes),
          readModel(this.#model, action.from, action.to, action.bytes),
          `records ${String(action.from)} to ${String(action.to)}`,
        );
        return storage;
      case 'reopen': {
        const opened = await this.#place.reopen();
        this.#models = [this.#model];
        await this.#compare(opened);
        return opened.storage;
      }
      case 'crash': {
        const opened = await this.#place.crash();
        await this.#compare(opened);
        return opened.storage;
      }
      default:
        return unreachable(action);
    }
  }

  /** After every write that was called. */
  get #model(): Model {
    return this.#models.at(-1) ?? emptyModel;
  }

  async #write(storage: Storage, ops: readonly StorageOp[], wait: boolean): Promise<void> {
    const after = applyAll(this.#model, ops, this.#contents);
    this.#models = [...this.#models, after];
    const written = storage.write(ops).then(() => {
      const at = this.#models.indexOf(after);
      if (at > 0) this.#models = this.#models.slice(at);
    });
    if (wait) await written;
    // A power loss rejects it, or leaves it open.
    else written.catch(() => undefined);
  }

  /** Finds the model that equals what is there, and goes on from it. */
  async #compare(opened: {
    readonly storage: Storage;
    readonly recovered: Recovered;
  }): Promise<void> {
    const { storage, recovered } = opened;
    const records = await readAll(storage);
    const info = recovered.snapshot;
    const content = info === undefined ? undefined : await readSnapshot(storage, info.id, 700);
    const found = { records, content, recovered };
    const candidates = this.#models.map((model) => ({ model, ...expected(model) }));
    const match = candidates.findLast(
      (candidate) =>
        isEqual(candidate.records, found.records) &&
        isEqual(candidate.content, found.content) &&
        isEqual(candidate.recovered, found.recovered),
    );
    const likely = candidates.at(-1);
    if (match === undefined) {
      equal(found.recovered, likely?.recovered, `recovered at step ${String(this.#step)}`);
      equal(found.records, likely?.records, `records at step ${String(this.#step)}`);
      equal(found.content, likely?.content, `snapshot at step ${String(this.#step)}`);
    }
    check(match !== undefined, `no prefix of the writes explains what was found`);
    this.#models = [match.model];
    equal(storage.snapshots.current(), match.recovered.snapshot, 'the current snapshot');
  }
}

function expected(model: Model): {
  readonly records: readonly LogRecord[];
  readonly content: Uint8Array | undefined;
  readonly recovered: Recovered;
} {
  const records = sortedRecords(model);
  const first = records[0];
  const last = records.at(-1);
  return {
    records,
    content: model.snapshot?.content,
    recovered: {
      state: model.state,
      records:
        first === undefined || last === undefined
          ? undefined
          : { first: first.index, last: last.index },
      snapshot: model.snapshot?.info,
      lastRecord: last?.record,
    },
  };
}

function sortedRecords(model: Model): readonly LogRecord[] {
  return [...model.records]
    .map(([index, record]) => ({ index, record }))
    .sort((left, right) => left.index - right.index);
}

function readModel(
  model: Model,
  from: LogIndex,
  to: LogIndex,
  maxBytes: number,
): readonly LogRecord[] {
  const inside = sortedRecords(model).filter(({ index }) => index >= from && index <= to);
  let bytes = 0;
  return inside.filter(({ record }, at) => {
    bytes += record.length;
    return at === 0 || bytes <= maxBytes;
  });
}

function applyAll(
  model: Model,
  ops: readonly StorageOp[],
  contents: ReadonlyMap<string, Uint8Array>,
): Model {
  const records = new Map(model.records);
  const keep = (wanted: (index: LogIndex) => boolean): void => {
    for (const index of records.keys()) if (!wanted(index)) records.delete(index);
  };
  let { state, snapshot } = model;
  for (const op of ops) {
    switch (op.type) {
      case 'put':
        records.set(op.index, op.record);
        break;
      case 'state':
        state = op.bytes;
        break;
      case 'dropAfter':
        keep((index) => index <= op.index);
        break;
      case 'dropBefore':
        keep((index) => index >= op.index);
        break;
      case 'snapshot': {
        const content = contents.get(op.id) ?? new Uint8Array();
        const { id, index, context } = op;
        snapshot = { info: { id, index, context, bytes: content.length }, content };
        break;
      }
      default:
        unreachable(op);
    }
  }
  return { records, state, snapshot };
}
