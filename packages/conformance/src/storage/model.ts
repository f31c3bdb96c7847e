/**
 * The simplest model of a storage, two Maps and a list, and what it says about a real one: after a
 * power loss a storage must equal the model after some prefix of the writes that were called, with
 * all that were acknowledged among them.
 */
import {
  crc32,
  type LogIndex,
  type LogRecord,
  type Recovered,
  type SnapshotId,
  type SnapshotInfo,
  type Storage,
  type StorageOp,
  unreachable,
} from '@quorate/core';
import { check, equal, isEqual } from '../check.ts';
import type { Opened } from './place.ts';
import { readAll, readSnapshot } from './samples.ts';

/** A published snapshot as a whole. */
export interface Published {
  readonly info: SnapshotInfo;
  readonly content: Uint8Array;
}

/** What a storage holds, as plain values that are copied and never changed. */
export interface Model {
  readonly records: ReadonlyMap<LogIndex, Uint8Array>;
  readonly state: Uint8Array | undefined;
  /** Newest first. */
  readonly snapshots: readonly Published[];
}

/** All that a storage tells when it was opened. */
export interface Found {
  readonly recovered: Recovered;
  readonly records: readonly LogRecord[];
  readonly snapshots: readonly Published[];
}

/** Content of a snapshot that was finished. */
interface Staged {
  readonly content: Uint8Array;
  readonly checksum: number;
}

const emptyModel: Model = { records: new Map(), state: undefined, snapshots: [] };

/** What a storage may hold, given what was written and what was acknowledged. */
export class Expectation {
  readonly #retain: number;
  readonly #staged: Map<SnapshotId, Staged> = new Map<SnapshotId, Staged>();
  /** The model after the last write that was acknowledged, then after each later one. */
  #models: readonly Model[] = [emptyModel];

  /** @param retain how many published snapshots the storage keeps. */
  constructor(retain: number = 1) {
    this.#retain = retain;
  }

  /** After every write that was called. */
  get newest(): Model {
    return this.#models.at(-1) ?? emptyModel;
  }

  /** A snapshot was finished. */
  staged(id: SnapshotId, content: Uint8Array): void {
    this.#staged.set(id, { content, checksum: crc32(content) });
  }

  /** Writes, and follows what becomes of it. */
  write(storage: Storage, ops: readonly StorageOp[]): Promise<void> {
    const after = this.#after(this.newest, ops);
    this.#models = [...this.#models, after];
    return storage.write(ops).then(() => {
      const at = this.#models.indexOf(after);
      if (at > 0) this.#models = this.#models.slice(at);
    });
  }

  /** The storage was closed in good order: every write that was called is there. */
  closed(): void {
    this.#models = [this.newest];
  }

  /** Finds the model that equals what is there, and goes on from it. */
  async match(opened: Opened, where: string = 'after opening'): Promise<void> {
    const found = await examine(opened);
    const candidates = this.#models.map((model) => ({ model, expected: expectedOf(model) }));
    const match = candidates.findLast(({ expected }) => isEqual(expected, found));
    const likely = candidates.at(-1)?.expected;
    if (match === undefined && likely !== undefined) {
      equal(found.recovered, likely.recovered, `recovered ${where}`);
      equal(found.records, likely.records, `records ${where}`);
      equal(found.snapshots, likely.snapshots, `snapshots ${where}`);
    }
    check(match !== undefined, `no prefix of the writes explains what was found ${where}`);
    this.#models = [match.model];
  }

  #after(model: Model, ops: readonly StorageOp[]): Model {
    const records = new Map(model.records);
    const keep = (wanted: (index: LogIndex) => boolean): void => {
      for (const index of records.keys()) if (!wanted(index)) records.delete(index);
    };
    let { state, snapshots } = model;
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
          const { id, index, context } = op;
          const { content, checksum } = this.#staged.get(id) ?? noContent;
          const info = { id, index, context, bytes: content.length, checksum };
          snapshots = [{ info, content }, ...snapshots].slice(0, this.#retain);
          break;
        }
        default:
          unreachable(op);
      }
    }
    return { records, state, snapshots };
  }
}

const noContent: Staged = { content: new Uint8Array(), checksum: 0 };

/** Reads everything that a storage has. */
export async function examine({ storage, recovered }: Opened): Promise<Found> {
  const records = await readAll(storage, 4096);
  const listed = storage.snapshots.list();
  equal(storage.snapshots.current(), listed[0], 'the current snapshot');
  const snapshots: Published[] = [];
  for (const info of listed) {
    snapshots.push({ info, content: await readSnapshot(storage, info.id, 50_000) });
  }
  return { recovered, records, snapshots };
}

/** What a storage tells that holds what the model does. */
export function expectedOf(model: Model): Found {
  const records = sortedRecords(model);
  const first = records[0];
  const last = records.at(-1);
  return {
    records,
    snapshots: model.snapshots,
    recovered: {
      state: model.state,
      records:
        first === undefined || last === undefined
          ? undefined
          : { first: first.index, last: last.index },
      snapshot: model.snapshots[0]?.info,
      lastRecord: last?.record,
    },
  };
}

/** What a read must give. */
export function readModel(
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

function sortedRecords(model: Model): readonly LogRecord[] {
  return [...model.records]
    .map(([index, record]) => ({ index, record }))
    .sort((left, right) => left.index - right.index);
}
