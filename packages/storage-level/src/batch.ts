/**
 * What one LevelDB batch does: the steps of the writes that it carries, the head that goes with
 * them, and a few keys swept up.
 */
import {
  type IndexSpan,
  type LogIndex,
  type SnapshotInfo,
  type StorageOp,
  unreachable,
} from '@quorate/core';
import type { SnapshotFiles } from '@quorate/files';
import type { Batch, Database } from './database.ts';
import {
  encodeHead,
  encodeSnapshots,
  encodeState,
  type Head,
  keys,
  recordIndex,
  recordKey,
  seal,
} from './format.ts';
import type { Bounds, Layout, Sweep } from './layout.ts';

/** Bytes put into a batch before the event loop gets a turn: about half a millisecond of work. */
const sliceBytes = 512 * 1024;
/** Keys read or deleted before the event loop gets a turn. */
const sliceKeys = 512;

/** What a batch is made on. */
export interface BatchSetup {
  readonly database: Database;
  readonly batch: Batch;
  /** Is changed as the batch goes; to be taken over once the batch is durable. */
  readonly layout: Layout;
  /** As it is before. */
  readonly head: Head;
  readonly snapshots: SnapshotFiles;
}

/** Fills one batch. */
export class BatchFiller {
  /** What is put in the place of the head before. */
  head: Head;
  /** Snapshots that the batch publishes, in order. */
  readonly published: SnapshotInfo[] = [];
  keysSwept = 0;

  readonly #database: Database;
  readonly #batch: Batch;
  readonly #layout: Layout;
  readonly #snapshots: SnapshotFiles;
  /** Indexes of all puts, whatever became of them later in the batch. */
  readonly #written: LogIndex[] = [];
  #state: Uint8Array | undefined;
  #unsliced = 0;

  constructor({ database, batch, layout, head, snapshots }: BatchSetup) {
    this.#database = database;
    this.#batch = batch;
    this.#layout = layout;
    this.#snapshots = snapshots;
    this.head = head;
  }

  /** Adds the steps of a write. */
  async add(ops: readonly StorageOp[]): Promise<void> {
    for (const op of ops) {
      switch (op.type) {
        case 'put': {
          const stale = this.#layout.put(op.index);
          if (stale !== undefined) await this.#deleteAll(stale);
          this.#put(recordKey(op.index), op.record);
          this.#written.push(op.index);
          break;
        }
        case 'state':
          this.#state = op.bytes;
          break;
        case 'dropAfter':
          this.#layout.dropAfter(op.index);
          break;
        case 'dropBefore':
          this.#layout.dropBefore(op.index);
          break;
        case 'snapshot':
          this.published.push(this.#snapshots.describe(op));
          break;
        default:
          unreachable(op);
      }
      if (this.#unsliced >= sliceBytes) {
        this.#unsliced = 0;
        await nextTurn();
      }
    }
  }

  /** Deletes some of the keys that lie outside the bounds, once all steps have moved them. */
  async sweep(): Promise<void> {
    const sweep = this.#layout.stale();
    if (sweep === undefined) return;
    this.#deleteWritten(sweep);
    const found = await this.#keys(sweep);
    for (const index of found) this.#batch.del(recordKey(index));
    this.keysSwept = found.length;
    const end = sweep.reverse ? sweep.first : sweep.last;
    this.#layout.swept(sweep, found.length < sliceKeys ? end : (found.at(-1) ?? end));
  }

  /** Adds what goes along with the rest, where there is any. */
  finish(): void {
    let { stateVersion, snapshotVersion } = this.head;
    if (this.#state !== undefined) {
      this.#put(keys.state, encodeState(++stateVersion, this.#state));
    }
    if (this.published.length > 0) {
      let list = this.#snapshots.list();
      for (const info of this.published) list = this.#snapshots.listWith(info, list);
      this.#put(keys.snapshot, encodeSnapshots(++snapshotVersion, list));
    }
    const { live } = this.#layout;
    if (this.#batch.length === 0 && sameBounds(live, this.head.live)) return;
    this.head = { batch: this.head.batch + 1, live, stateVersion, snapshotVersion };
    const head = encodeHead(this.head);
    this.#put(keys.head, head);
    this.#put(keys.headAgain, head);
  }

  #put(key: Uint8Array, content: Uint8Array): void {
    this.#batch.put(key, seal(key, content));
    this.#unsliced += content.length;
  }

  /** Deletes every key of a gap that a put leaves open. */
  async #deleteAll(gap: IndexSpan): Promise<void> {
    this.#deleteWritten(gap);
    for (let from = gap.first; ; ) {
      const stale = await this.#keys({ first: from, last: gap.last, reverse: false });
      for (const index of stale) this.#batch.del(recordKey(index));
      if (stale.length < sliceKeys) return;
      from = (stale.at(-1) ?? gap.last) + 1;
    }
  }

  /** Deletes what the batch itself has put into a span: the database does not know those keys yet. */
  #deleteWritten(span: IndexSpan): void {
    for (const index of this.#written) {
      if (index >= span.first && index <= span.last) this.#batch.del(recordKey(index));
    }
  }

  /** The first keys of a span, as they are in the database. */
  async #keys({ first, last, reverse }: Sweep): Promise<readonly LogIndex[]> {
    const iterator = this.#database.keys({
      gte: recordKey(first),
      lte: recordKey(last),
      reverse,
      limit: sliceKeys,
    });
    try {
      const found: LogIndex[] = [];
      // One call may give fewer than there are: it stops at a number of bytes, too.
      for (;;) {
        const some = await iterator.nextv(sliceKeys);
        if (some.length === 0) return found;
        for (const key of some) found.push(recordIndex(key));
      }
    } finally {
      await iterator.close();
    }
  }
}

function sameBounds(left: Bounds | undefined, right: Bounds | undefined): boolean {
  return (
    left?.first === right?.first &&
    left?.last === right?.last &&
    left?.denseFrom === right?.denseFrom
  );
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
