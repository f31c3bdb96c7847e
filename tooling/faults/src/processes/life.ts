/**
 * One life of a storage: it is opened, written to as planned, with several writes in flight and a
 * snapshot beside them, and closed. Whatever happens is said at once.
 */
import {
  describeError,
  QuorateError,
  type Random,
  type Recovered,
  seededRandom,
  type SnapshotId,
  type SnapshotWriter,
  type Storage,
  type StorageOp,
  type StorageOwner,
  crc32,
} from '@quorate/core';
import { bytesOf } from '../plan/content.ts';
import { shapeOf } from '../plan/model.ts';
import { type LifePlan, type PlannedOp, type Shape, type Staging, stepsOf } from '../plan/steps.ts';
import type { Asked, LifeEvent } from './events.ts';

/** Whose data it is. */
export const owner: StorageOwner = { cluster: 'faults', node: 'n1', algorithm: 'none' };

/** How a life goes. */
export interface LifeOrder {
  readonly plan: LifePlan;
  /** It ends by itself after so many writes. */
  readonly writes: number;
  /** Writes that are waited for at the same time. */
  readonly inFlight: number;
}

/** Where events go. */
export type Say = (event: LifeEvent) => void;

/** Writes that are tried after one was refused: none of them may be acknowledged. */
const triesAfterwards = 5;

/** A life from its beginning to its end. */
export async function live(storage: Storage, order: LifeOrder, say: Say): Promise<void> {
  say({ type: 'opening' });
  let recovered: Recovered;
  try {
    recovered = await storage.open(owner);
  } catch (error) {
    say(refusalOf('open', error));
    await close(storage, say);
    return;
  }
  const shape = shapeOf(recovered.records, recovered.snapshot?.index);
  say({ type: 'opened', shape });
  if (sameShape(shape, order.plan.start)) await new Life(storage, order, say).run();
  else say({ type: 'broken', message: `opened as ${shapeText(shape)}, not as it was closed` });
  await close(storage, say);
}

/** Writes as planned to a storage that is open. */
export function write(storage: Storage, order: LifeOrder, say: Say): Promise<void> {
  return new Life(storage, order, say).run();
}

/** Closes; whatever happened before, it must work. */
export async function close(storage: Storage, say: Say): Promise<void> {
  say({ type: 'closing' });
  try {
    await storage.close();
    say({ type: 'closed' });
  } catch (error) {
    say(refusalOf('close', error));
  }
}

/** An error as an event. */
export function refusalOf(
  asked: Asked,
  error: unknown,
  write?: number,
): LifeEvent & { readonly type: 'refused' } {
  const code = error instanceof QuorateError ? error.code : undefined;
  const message = describeError(error);
  return { type: 'refused', asked, code, message, ...(write === undefined ? {} : { write }) };
}

class Life {
  readonly #storage: Storage;
  readonly #order: LifeOrder;
  readonly #say: Say;
  readonly #random: Random;
  readonly #flying: Set<Promise<void>> = new Set<Promise<void>>();
  readonly #reading: Set<Promise<void>> = new Set<Promise<void>>();
  /** The snapshot that is being staged; gives its id once it is finished. */
  #staging: Promise<SnapshotId | undefined> = Promise.resolve(undefined);
  #refused = false;
  #last = 0;

  constructor(storage: Storage, order: LifeOrder, say: Say) {
    this.#storage = storage;
    this.#order = order;
    this.#say = say;
    this.#random = seededRandom(order.plan.seed * 127 + order.plan.life);
    this.#last = order.plan.start.last;
  }

  async run(): Promise<void> {
    let left = this.#order.writes;
    let giving = false;
    for (const step of stepsOf(this.#order.plan)) {
      if (step.type === 'stage') {
        this.#staging = this.#stage(step);
        continue;
      }
      if (this.#refused && !giving) {
        giving = true;
        left = triesAfterwards;
      }
      if (left === 0) break;
      left--;
      const ops = await this.#opsOf(step.ops);
      // What it should have published is not there: the plan ends here.
      if (ops === undefined) break;
      while (this.#flying.size >= this.#order.inFlight) await Promise.race(this.#flying);
      this.#write(step.write, ops);
      if (this.#random.chance(0.1)) this.#read();
      // Writes of the same turn share a batch, those of different turns may.
      if (this.#random.chance(0.5)) await nextTurn();
    }
    await Promise.all([...this.#flying, ...this.#reading, this.#staging]);
  }

  #write(number: number, ops: readonly StorageOp[]): void {
    if (ops.some(({ type }) => type === 'snapshot')) this.#say({ type: 'publishing' });
    this.#say({ type: 'called', write: number, atMs: Date.now() });
    const writing = this.#storage.write(ops).then(
      () => {
        this.#say({ type: 'acknowledged', write: number });
      },
      (error: unknown) => {
        this.#refuse('write', error, number);
      },
    );
    const settled = writing.finally(() => this.#flying.delete(settled));
    this.#flying.add(settled);
  }

  /** Reads somewhere. What comes is judged by whoever looks at the end; here it shall only be asked for. */
  #read(): void {
    const from = Math.max(1, this.#last - this.#random.below(200));
    const reading = this.#storage.read(from, from + 50, 100_000).then(
      () => undefined,
      (error: unknown) => {
        this.#refuse('read', error);
      },
    );
    const settled = reading.finally(() => this.#reading.delete(settled));
    this.#reading.add(settled);
  }

  async #opsOf(planned: readonly PlannedOp[]): Promise<readonly StorageOp[] | undefined> {
    const ops: StorageOp[] = [];
    for (const op of planned) {
      switch (op.type) {
        case 'put':
          this.#last = Math.max(this.#last, op.index);
          ops.push({ ...op, record: bytesOf(op.record) });
          break;
        case 'state':
          ops.push({ ...op, bytes: bytesOf(op.bytes) });
          break;
        case 'dropAfter':
        case 'dropBefore':
          ops.push(op);
          break;
        case 'snapshot': {
          const id = await this.#staging;
          if (id === undefined) return undefined;
          ops.push({ type: 'snapshot', id, index: op.index, context: bytesOf(op.context) });
          break;
        }
      }
    }
    return ops;
  }

  /** Never rejects. */
  async #stage(staging: Staging): Promise<SnapshotId | undefined> {
    const { name, content, chunkBytes } = staging;
    const bytes = bytesOf(content);
    try {
      const writer = await this.#storage.snapshots.stage(name);
      this.#say({ type: 'staging', staging, from: writer.bytes });
      const flaw = flawOf(writer, bytes);
      if (flaw !== undefined) {
        this.#say({ type: 'broken', message: flaw });
        return undefined;
      }
      for (let at = writer.bytes; at < bytes.length; at += chunkBytes) {
        await writer.write(bytes.subarray(at, at + chunkBytes));
      }
      await writer.finish();
      this.#say({ type: 'staged' });
      return writer.id;
    } catch (error) {
      this.#refuse('stage', error);
      return undefined;
    }
  }

  #refuse(asked: Asked, error: unknown, write?: number): void {
    this.#refused = true;
    this.#say(refusalOf(asked, error, write));
  }
}

/** What is wrong with the bytes that were taken up again. */
export function flawOf(
  writer: Pick<SnapshotWriter, 'bytes' | 'checksum'>,
  content: Uint8Array,
): string | undefined {
  const { bytes, checksum } = writer;
  return bytes <= content.length && checksum === crc32(content.subarray(0, bytes))
    ? undefined
    : `${bytes} bytes of a staged snapshot were kept that were never written (checksum ${checksum})`;
}

function sameShape(one: Shape, other: Shape): boolean {
  return shapeText(one) === shapeText(other);
}

function shapeText({ first, last, snapshot }: Shape): string {
  return `${first} to ${last}, snapshot ${snapshot}`;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
