/**
 * A storage in one journal on a {@link ByteDisk}: small, sound, and with a flaw where a test asks
 * for one. The suite must pass it without a flaw, and turn it down with any.
 */
import {
  checkStorageOps,
  ClosedError,
  CorruptError,
  ForeignDataError,
  InvalidArgumentError,
  LockedError,
  type LogIndex,
  type LogRecord,
  QuorateError,
  type Recovered,
  type Storage,
  StorageFailedError,
  type StorageOp,
  type StorageOwner,
  describeError,
} from '@quorate/core';
import type { ByteDisk, Process } from './byte-disk.ts';
import { encodeFrame, frameAt, type Payload, sealBytes, type Step } from './frames.ts';
import { JournalSnapshots } from './journal-snapshots.ts';

/** What is wrong with a journal. */
export type Flaw =
  | 'acknowledges a large batch before it is durable'
  | 'writes a batch in two, and syncs between them'
  | 'keeps a torn tail'
  | 'takes damage for a torn tail'
  | 'refuses a torn tail'
  | 'cuts a torn tail one step too far'
  | 'ignores checksums'
  | 'trusts lengths'
  | 'cuts before it refuses'
  | 'recovers by writing everything anew in place'
  | 'hangs on damage'
  | 'publishes before the content is durable'
  | 'removes a snapshot before the next one is durable'
  | 'leaves behind what was never published'
  | 'serves snapshots unchecked'
  | 'forgets the snapshots that are retained when it opens'
  | 'takes up a transfer unchecked'
  | 'takes up a transfer by the size of its file'
  | 'opens with a torn transfer and refuses';

const journalName = 'journal';

interface Waiting {
  readonly steps: readonly Step[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Journal implements Storage {
  readonly snapshots: JournalSnapshots;
  readonly #disk: ByteDisk;
  readonly #flaw: Flaw | undefined;
  readonly #maxRecordBytes: number;
  #process: Process | undefined;
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #failure: StorageFailedError | undefined;
  #size = 0;
  #state: Uint8Array | undefined;
  readonly #records = new Map<LogIndex, Uint8Array>();
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;

  constructor(
    disk: ByteDisk,
    maxRecordBytes: number,
    { retain, flaw }: { readonly retain: number; readonly flaw: Flaw | undefined },
  ) {
    this.#disk = disk;
    this.#maxRecordBytes = maxRecordBytes;
    this.#flaw = flaw;
    this.snapshots = new JournalSnapshots({ retain, flaw, live: () => this.#live() });
  }

  async open(owner: StorageOwner): Promise<Recovered> {
    if (this.#phase === 'closed') throw new ClosedError('it was closed');
    if (this.#phase !== 'new') throw new InvalidArgumentError('it is open');
    this.#phase = 'opening';
    try {
      return await this.#recover(owner);
    } catch (error) {
      this.#phase = 'closed';
      this.#process?.end();
      if (error instanceof QuorateError) throw error;
      throw new StorageFailedError(describeError(error), { cause: error });
    }
  }

  async write(ops: readonly StorageOp[]): Promise<void> {
    this.#live();
    const { bytes } = checkStorageOps(ops, this.#maxRecordBytes);
    const steps = this.snapshots.claim(ops);
    const durable = new Promise<void>((resolve, reject) => {
      this.#queue.push({ steps, resolve, reject });
    });
    this.#start();
    if (this.#flaw === 'acknowledges a large batch before it is durable' && bytes > 5000) {
      durable.catch(() => undefined);
      return;
    }
    await durable;
  }

  async read(from: LogIndex, to: LogIndex, maxBytes: number): Promise<readonly LogRecord[]> {
    this.#live();
    while (this.#running !== undefined) await this.#running;
    this.#live();
    const found: LogRecord[] = [];
    let bytes = 0;
    for (const index of this.#indexes()) {
      const record = this.#records.get(index);
      if (index < from || index > to || record === undefined) continue;
      bytes += record.length;
      if (found.length > 0 && bytes > maxBytes) break;
      found.push({ index, record: record.slice() });
    }
    return found;
  }

  async close(): Promise<void> {
    if (this.#phase !== 'open') {
      this.#phase = 'closed';
      return;
    }
    this.#phase = 'closed';
    while (this.#running !== undefined) await this.#running;
    const process = this.#process;
    await this.snapshots.close();
    if (process !== undefined && this.#failure === undefined) {
      await this.#append(process, { type: 'seal' });
      await process.sync(journalName);
    }
    process?.end();
  }

  #live(): Process {
    if (this.#phase !== 'open' || this.#process === undefined) throw new ClosedError('not open');
    if (this.#failure !== undefined) throw this.#failure;
    return this.#process;
  }

  async #recover(owner: StorageOwner): Promise<Recovered> {
    const process = this.#disk.start();
    if (process === undefined) throw new LockedError('another one has it open');
    this.#process = process;
    const journal = (await process.read(journalName)) ?? new Uint8Array();
    const payloads = await this.#readFrames(process, journal);
    const [first, ...rest] = payloads;
    if (first === undefined) {
      await this.#append(process, { type: 'owner', owner });
      await process.sync(journalName);
    } else if (first.type !== 'owner') {
      throw new CorruptError('it does not say whose it is');
    } else if (!sameOwner(first.owner, owner)) {
      throw new ForeignDataError('it is of somebody else');
    }
    for (const payload of rest) {
      if (payload.type === 'steps') this.#apply(payload.steps);
    }
    await this.snapshots.recover(process);
    if (this.#phase === 'opening') this.#phase = 'open';
    const indexes = this.#indexes();
    const last = indexes.at(-1);
    return {
      state: this.#state,
      records: last === undefined ? undefined : { first: indexes[0] ?? last, last },
      snapshot: this.snapshots.current(),
      lastRecord: last === undefined ? undefined : this.#records.get(last),
    };
  }

  /** Reads the frames that are whole, and repairs the end of the journal where that may be. */
  async #readFrames(process: Process, journal: Uint8Array): Promise<readonly Payload[]> {
    const checks = {
      checksums: this.#flaw !== 'ignores checksums',
      lengths: this.#flaw !== 'trusts lengths',
    };
    const payloads: Payload[] = [];
    let end = 0;
    let before = 0;
    for (let frame = frameAt(journal, 0, checks); frame !== undefined; ) {
      payloads.push(frame.payload);
      before = end;
      end = frame.end;
      frame = frameAt(journal, end, checks);
    }
    this.#size = end;
    if (end === journal.length) return payloads;
    const seal = journal.length < sealBytes ? undefined : journal.length - sealBytes;
    const closed =
      seal !== undefined && frameAt(journal, seal, checks)?.payload.type === 'seal' && seal > end;
    if (closed && this.#flaw === 'hangs on damage') await new Promise<never>(() => undefined);
    if (this.#flaw === 'refuses a torn tail') throw new CorruptError('the end is damaged');
    if (closed && this.#flaw === 'cuts before it refuses') await this.#cut(process, end);
    if (closed && this.#flaw !== 'takes damage for a torn tail') {
      throw new CorruptError(`the journal is damaged at ${String(end)}`);
    }
    if (this.#flaw === 'keeps a torn tail') this.#size = journal.length;
    else if (this.#flaw === 'cuts a torn tail one step too far') {
      await this.#cut(process, before);
      this.#size = before;
      return payloads.slice(0, -1);
    } else if (this.#flaw === 'recovers by writing everything anew in place') {
      await this.#cut(process, 0);
      await process.write(journalName, 0, journal.subarray(0, end));
      await process.sync(journalName);
    } else await this.#cut(process, end);
    return payloads;
  }

  async #cut(process: Process, bytes: number): Promise<void> {
    await process.cut(journalName, bytes);
    await process.sync(journalName);
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const group = this.#queue;
      this.#queue = [];
      try {
        const process = this.#process;
        if (this.#failure !== undefined) throw this.#failure;
        if (process === undefined) throw new ClosedError('not open');
        const steps = group.flatMap((waiting) => waiting.steps);
        await this.#commit(process, steps);
        this.#apply(steps);
        await this.snapshots.sweep(process);
        for (const { resolve } of group) resolve();
      } catch (error) {
        this.#failure ??= new StorageFailedError(describeError(error), { cause: error });
        for (const { reject } of group) reject(this.#failure);
      }
    }
  }

  async #commit(process: Process, steps: readonly Step[]): Promise<void> {
    if (this.#flaw === 'removes a snapshot before the next one is durable') {
      if (steps.some(({ type }) => type === 'snapshot')) await this.snapshots.removeOldest(process);
    }
    const parts =
      this.#flaw === 'writes a batch in two, and syncs between them' && steps.length > 1
        ? [steps.slice(0, 1), steps.slice(1)]
        : [steps];
    for (const part of parts) {
      await this.#append(process, { type: 'steps', steps: part });
      await process.sync(journalName);
    }
  }

  async #append(process: Process, payload: Payload): Promise<void> {
    const frame = encodeFrame(payload, this.#size);
    await process.write(journalName, this.#size, frame);
    this.#size += frame.length;
  }

  #apply(steps: readonly Step[]): void {
    for (const step of steps) {
      switch (step.type) {
        case 'put':
          this.#records.set(step.index, step.record);
          break;
        case 'state':
          this.#state = step.bytes;
          break;
        case 'dropAfter':
          for (const index of this.#indexes()) if (index > step.index) this.#records.delete(index);
          break;
        case 'dropBefore':
          for (const index of this.#indexes()) if (index < step.index) this.#records.delete(index);
          break;
        case 'snapshot': {
          const { id, index, context, bytes, checksum } = step;
          this.snapshots.published({ id, index, context, bytes, checksum });
        }
      }
    }
  }

  #indexes(): readonly LogIndex[] {
    return [...this.#records.keys()].sort((left, right) => left - right);
  }
}

function sameOwner(left: StorageOwner, right: StorageOwner): boolean {
  return (
    left.cluster === right.cluster && left.node === right.node && left.algorithm === right.algorithm
  );
}
