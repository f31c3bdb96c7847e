/**
 * Group commit: one write to the storage is under way at a time; whatever the engine asks for
 * meanwhile waits and goes as one batch after it. No timer: the disk itself sets the rhythm.
 *
 * Persist-before-send is kept here, once for all engines: a message that names a write is held
 * back until that write is durable.
 */
import type { NodeId, Send, Storage, StorageOp, Write, WriteId } from '@quorate/core';

/** What a group commit tells its driver. */
export interface GroupCommitEvents<Message> {
  /** Every write up to this one is durable. */
  stored(write: WriteId): void;
  /** This message may leave now. */
  release(to: NodeId, message: Message): void;
  /** A write failed; nothing after it is acknowledged. */
  failed(error: unknown): void;
}

/** Orders writes and the messages that depend on them. */
export class GroupCommit<Message> {
  readonly #storage: Storage;
  readonly #events: GroupCommitEvents<Message>;
  #waiting: Write[] = [];
  #held: Send<Message>[] = [];
  #durable: WriteId = 0;
  #busy: Promise<void> | undefined;
  #stopped = false;

  /** Batches handed to the storage. */
  batches = 0;
  /** Writes of the engine in them. */
  writes = 0;

  constructor(storage: Storage, events: GroupCommitEvents<Message>) {
    this.#storage = storage;
    this.#events = events;
  }

  /** Takes the writes of one turn, in order, and starts a batch if none is under way. */
  add(writes: readonly Write[]): void {
    for (const write of writes) this.#waiting.push(write);
    this.#start();
  }

  /** Lets a message go as soon as the write that it depends on is durable. */
  send(send: Send<Message>): void {
    if (send.after === undefined || send.after <= this.#durable) {
      this.#events.release(send.to, send.message);
    } else {
      this.#held.push(send);
    }
  }

  /** Starts nothing more; resolves when the batch under way is finished, well or not. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#held = [];
    this.#waiting = [];
    await this.#busy;
  }

  #start(): void {
    const last = this.#waiting.at(-1);
    if (this.#busy !== undefined || this.#stopped || last === undefined) return;
    const ops: StorageOp[] = [];
    for (const write of this.#waiting) for (const op of write.ops) ops.push(op);
    this.batches += 1;
    this.writes += this.#waiting.length;
    this.#waiting = [];
    this.#busy = this.#storage
      .write(ops)
      .then(() => {
        this.#finished(last.id);
      })
      .catch((error: unknown) => {
        this.#stopped = true;
        this.#busy = undefined;
        this.#events.failed(error);
      });
  }

  #finished(write: WriteId): void {
    this.#busy = undefined;
    if (this.#stopped) return;
    this.#durable = write;
    this.#events.stored(write);
    const held = this.#held;
    if (held.length > 0) {
      this.#held = [];
      for (const send of held) this.send(send);
    }
    this.#start();
  }
}
