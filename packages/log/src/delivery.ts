/**
 * Hands decided entries to the consumer, gapless and ascending, and lets it restore a snapshot
 * where one took the place of the log. While it restores, what is decided waits here.
 */
import {
  type Caller,
  ClosedError,
  CompactedError,
  type Committed,
  type CommittedRecord,
  type LogConsumer,
  type LogIndex,
  invariant,
  openEntry,
  Payloads,
  type SnapshotId,
  type SnapshotReader,
  type SnapshotStore,
} from '@quorate/core';
import type { Requests } from './requests.ts';

/** What the delivery tells its driver. */
export interface DeliveryEvents {
  /** The consumer has applied everything up to here. */
  applied(index: LogIndex, bytes: number): void;
  restored(index: LogIndex): void;
  failed(error: unknown): void;
}

/** The way from decided records to the consumer. */
export class Delivery<C extends Caller> {
  readonly #consumer: LogConsumer<C>;
  readonly #requests: Requests<C>;
  readonly #snapshots: SnapshotStore;
  readonly #headerBytes: number;
  readonly #chunkBytes: number;
  readonly #events: DeliveryEvents;
  #applied: LogIndex = 0;
  #jumpedTo: LogIndex = 0;
  #restoring: Promise<void> | undefined;
  #waiting: CommittedRecord[] = [];
  #closed = false;

  constructor(
    consumer: LogConsumer<C>,
    requests: Requests<C>,
    snapshots: SnapshotStore,
    headerBytes: number,
    chunkBytes: number,
    events: DeliveryEvents,
  ) {
    this.#consumer = consumer;
    this.#requests = requests;
    this.#snapshots = snapshots;
    this.#headerBytes = headerBytes;
    this.#chunkBytes = chunkBytes;
    this.#events = events;
  }

  /** The last index that the consumer has applied. */
  get applied(): LogIndex {
    return this.#applied;
  }

  /** The last index that a snapshot jumped to: what was decided at or before was not seen here. */
  get jumpedTo(): LogIndex {
    return this.#jumpedTo;
  }

  /** Restores the consumer before anything else is delivered; at the start. */
  async begin(id: SnapshotId): Promise<void> {
    const restoring = this.#restore(id);
    this.#restoring = restoring.catch(() => undefined);
    await restoring;
    this.#restoring = undefined;
  }

  /** Delivers, or keeps for later while the consumer restores. */
  committed(records: readonly CommittedRecord[]): void {
    if (records.length === 0) return;
    if (this.#restoring === undefined) this.#deliver(records);
    else for (const record of records) this.#waiting.push(record);
  }

  /** A snapshot took the place of the log: the consumer has to restore it. */
  jump(id: SnapshotId, index: LogIndex): void {
    // What waits behind an earlier jump is covered by this one.
    this.#waiting = [];
    const before = this.#restoring ?? Promise.resolve();
    const restoring: Promise<void> = before
      .then(() => this.#restore(id))
      .then(() => {
        if (this.#restoring !== restoring) return;
        this.#restoring = undefined;
        if (this.#closed) return;
        this.#requests.jumped(index);
        this.#events.restored(index);
        const waiting = this.#waiting;
        this.#waiting = [];
        if (waiting.length > 0) this.#deliver(waiting);
      })
      .catch((error: unknown) => {
        // Replaced before it was read: the jump to the newer one is on its way.
        const newest = this.#snapshots.current()?.index ?? 0;
        if (error instanceof CompactedError && newest > index) return;
        if (!this.#closed) this.#events.failed(error);
      });
    this.#restoring = restoring;
  }

  /** Delivers nothing more; resolves when the consumer is not restoring any more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting = [];
    await this.#restoring;
  }

  #deliver(records: readonly CommittedRecord[]): void {
    let expected = this.#applied;
    let bytes = 0;
    // All of them first: the callers of an entry in front of one that cannot be read would be gone
    // from the table, and never get to the consumer.
    const decoded = records.map(({ index, record }) => {
      expected += 1;
      invariant(
        index === expected,
        `entries are delivered without a gap: ${String(index)} where ${String(expected)} is due`,
      );
      bytes += record.length;
      return openEntry(record, this.#headerBytes);
    });
    let index = this.#applied;
    const entries = decoded.map(({ kind, time, incarnation, ticket, payloads }): Committed<C> => {
      index += 1;
      const callers = this.#requests.decided(index, incarnation, ticket);
      return { index, time, payloads: kind === 'commands' ? payloads : Payloads.none, callers };
    });
    this.#consumer.deliver(entries);
    this.#applied = expected;
    this.#events.applied(this.#applied, bytes);
  }

  async #restore(id: SnapshotId): Promise<void> {
    if (this.#closed) return;
    const reader = await this.#snapshots.read(id);
    try {
      const { index } = reader.info;
      await this.#consumer.restore(index, this.#chunks(reader));
      this.#applied = index;
      this.#jumpedTo = index;
      this.#events.applied(index, 0);
    } finally {
      await reader.close();
    }
  }

  async *#chunks(reader: SnapshotReader): AsyncGenerator<Uint8Array> {
    for (let offset = 0; offset < reader.info.bytes; ) {
      // A large restore ends here instead of making whoever closes wait for it.
      if (this.#closed) throw new ClosedError('the log was closed while it restored a snapshot');
      const chunk = await reader.read(offset, this.#chunkBytes);
      invariant(chunk.length > 0, 'a snapshot has as many bytes as it says');
      offset += chunk.length;
      yield chunk;
    }
  }
}
