/**
 * A snapshot on its way from one node to another: a sender, a receiver, and a link that loses, doubles,
 * delays, damages and is cut. Both ends can be restarted, the receiver on a disk that loses power.
 */
import {
  concatBytes,
  type NodeId,
  type Random,
  seededRandom,
  type SnapshotStore,
  type Storage,
  type Timer,
} from '@quorate/core';
import { type MemoryDisk, memoryDisk, memoryStorage } from '@quorate/storage-memory';
import { defaultLimits, type LogLimits } from '../../src/options.ts';
import type { FromReceiver, FromSender } from '../../src/snapshot-messages.ts';
import { SnapshotReceiver } from '../../src/snapshot-receiver.ts';
import { SnapshotSender } from '../../src/snapshot-sender.ts';
import { Throttle } from '../../src/throttle.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

/** What the engine would have put beside each snapshot. */
export const context: Uint8Array = new Uint8Array([1, 2, 3]);

/** Pieces of 1000 bytes, three of them under way. */
export const chunkBytes = 1000;
export const windowBytes = 3000;
export const limits: LogLimits = {
  ...defaultLimits,
  snapshotChunkBytes: chunkBytes,
  snapshotWindow: 3,
};

export function contentOf(bytes: number, seed: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
}

/** A storage with one snapshot. */
export async function storageWith(index: number, content: Uint8Array): Promise<Storage> {
  const storage = memoryStorage();
  await storage.open({ cluster: 'c', node: 'a', algorithm: 'x' });
  await publish(storage, index, content);
  return storage;
}

/** Publishes a snapshot, written in the pieces in which it will be read. */
export async function publish(storage: Storage, index: number, content: Uint8Array): Promise<void> {
  const writer = await storage.snapshots.stage();
  for (let at = 0; at < content.length; at += chunkBytes) {
    await writer.write(content.subarray(at, at + chunkBytes));
  }
  await writer.finish();
  await storage.write([{ type: 'snapshot', id: writer.id, index, context }]);
}

/** The content of the current snapshot. */
export async function contentIn(storage: Storage): Promise<Uint8Array> {
  const current = storage.snapshots.current();
  if (current === undefined) return new Uint8Array(0);
  const reader = await storage.snapshots.read(current.id);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < current.bytes; at += parts.at(-1)?.length ?? current.bytes) {
    parts.push(await reader.read(at, current.bytes));
  }
  await reader.close();
  return concatBytes(parts);
}

/** What may happen on the way. */
export interface Link {
  loss: number;
  duplication: number;
  reordering: boolean;
  cut: boolean;
  /** Changes what goes from the sender to the receiver. */
  damage: (message: FromSender) => FromSender;
}

/** How a world is to be. */
export interface WorldOptions {
  readonly seed: number;
  readonly source: Storage;
  readonly limits?: Partial<LogLimits>;
  /** Where those of the receiver are others. */
  readonly receiverLimits?: Partial<LogLimits>;
  /** Everything up to here is decided at the receiver at the start. */
  readonly decided?: number;
  /** Sees the snapshots of the receiver as the receiver is to see them. */
  readonly wrap?: (snapshots: SnapshotStore) => SnapshotStore;
}

/** Node a sends, node b receives. */
export class TransferWorld {
  readonly runtime: VirtualRuntime;
  readonly link: Link = {
    loss: 0,
    duplication: 0,
    reordering: false,
    cut: false,
    damage: (message) => message,
  };
  /** What the engine of the sender was told. */
  readonly shipped: (number | undefined)[] = [];
  readonly errors: unknown[] = [];
  readonly warnings: string[] = [];
  readonly installed: number[] = [];
  /** Everything that the sender said, whether it arrived or not. */
  readonly said: FromSender[] = [];
  readonly disk: MemoryDisk;
  /** The first index in the log of the sender. */
  firstIndex = 1;
  members: readonly NodeId[] = ['a', 'b'];
  target: Storage;
  sender: SnapshotSender;
  receiver: SnapshotReceiver;
  readonly #random: Random;
  readonly #options: WorldOptions;
  readonly #limits: LogLimits;
  readonly #throttle: Throttle;
  readonly #arrivals = { a: 0, b: 0 };
  #source: Storage;
  #decided: number;
  #senderRun = 1;
  #formerBytesSent = 0;
  #formerBytesReceived = 0;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.#limits = { ...limits, ...options.limits };
    this.#random = seededRandom(options.seed);
    this.runtime = new VirtualRuntime(this.#random.fork());
    this.#throttle = new Throttle(this.runtime, this.#limits.snapshotBytesPerSecond);
    this.#source = options.source;
    this.#decided = options.decided ?? 0;
    // No sync is ever quick: what has just arrived is what a power loss takes.
    this.disk = memoryDisk({
      runtime: this.runtime,
      latencyMs: [5, 50],
      random: this.#random.fork(),
    });
    this.target = this.disk.storage();
    this.sender = this.#makeSender();
    this.receiver = this.#makeReceiver();
  }

  static async open(options: WorldOptions): Promise<TransferWorld> {
    const world = new TransferWorld(options);
    await world.target.open({ cluster: 'c', node: 'b', algorithm: 'x' });
    return world;
  }

  /** Bytes of content that were sent in all lives of the sender. */
  get bytesSent(): number {
    return this.#formerBytesSent + this.sender.bytesSent;
  }

  /** Bytes of content that were accepted in all lives of the receiver. */
  get bytesReceived(): number {
    return this.#formerBytesReceived + this.receiver.bytesReceived;
  }

  /** Everything up to here is decided at the receiver now. */
  decide(index: number): void {
    this.#decided = index;
  }

  /** Runs until the engine of the sender has been told so many times. */
  untilShipped(times: number = 1, ms: number = 120_000): Promise<boolean> {
    return this.runtime.runUntil(() => this.shipped.length >= times, ms);
  }

  /** Runs until so many bytes were accepted. */
  untilReceived(bytes: number): Promise<boolean> {
    return this.runtime.runUntil(() => this.bytesReceived >= bytes, 120_000);
  }

  /** The connection is lost for so long. */
  async cut(ms: number): Promise<void> {
    this.link.cut = true;
    await this.runtime.run(ms);
    this.link.cut = false;
  }

  /** Power loss at the receiver, and its next life. */
  async crashReceiver(): Promise<void> {
    const { receiver } = this;
    this.disk.crash();
    this.target = this.disk.storage();
    await receiver.close();
    await this.target.open({ cluster: 'c', node: 'b', algorithm: 'x' });
    this.#formerBytesReceived += receiver.bytesReceived;
    this.receiver = this.#makeReceiver();
  }

  /** The receiver is closed as it should be, and starts again. */
  async restartReceiver(): Promise<void> {
    await this.#settle(this.receiver.close());
    await this.#settle(this.target.close());
    await this.crashReceiver();
  }

  /** The next life of the sender, perhaps on what another node holds. */
  async restartSender(source: Storage = this.#source): Promise<void> {
    this.#source = source;
    this.#senderRun += 1;
    this.#formerBytesSent += this.sender.bytesSent;
    await this.sender.close();
    this.sender = this.#makeSender();
  }

  #makeSender(): SnapshotSender {
    const run = this.#senderRun;
    return new SnapshotSender(
      {
        now: () => this.runtime.now(),
        setTimer: (ms: number, act: () => void): Timer => this.runtime.setTimer(ms, act),
        pass: (bytes) => this.#throttle.pass(bytes),
        send: (_to, message) => {
          this.said.push(message);
          const arriving = this.link.damage(message);
          this.#carry('b', () => {
            if (arriving.type === 'offer') this.receiver.offer('a', run, arriving);
            else this.receiver.chunk('a', run, arriving);
          });
        },
        shipped: (_to, index) => this.shipped.push(index),
        firstIndex: () => this.firstIndex,
        isMember: (peer) => this.members.includes(peer),
        failed: (error) => this.errors.push(error),
      },
      this.#source.snapshots,
      this.#limits,
    );
  }

  #makeReceiver(): SnapshotReceiver {
    const { target } = this;
    const { wrap } = this.#options;
    return new SnapshotReceiver(
      {
        now: () => this.runtime.now(),
        setTimer: (ms: number, act: () => void): Timer => this.runtime.setTimer(ms, act),
        send: (_to: NodeId, message: FromReceiver) => {
          this.#carry('a', () => {
            if (message.target === this.#senderRun) this.sender.answer('b', message);
          });
        },
        install: async ({ id, index }, bytes) => {
          if (index <= this.#decided) return false;
          await target.write([{ type: 'snapshot', id, index, context: bytes }]);
          this.#decided = index;
          this.installed.push(index);
          return true;
        },
        decided: () => this.#decided,
        warn: (message) => this.warnings.push(message),
        failed: (error) => {
          // A disk without power is no surprise.
          if (target === this.target) this.errors.push(error);
        },
      },
      wrap?.(target.snapshots) ?? target.snapshots,
      { ...this.#limits, ...this.#options.receiverLimits },
    );
  }

  #carry(to: 'a' | 'b', deliver: () => void): void {
    const { link, runtime } = this;
    const copies = this.#random.chance(link.duplication) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      if (link.cut || this.#random.chance(link.loss)) continue;
      let arrival = runtime.now() + this.#random.between(1, 20);
      if (!link.reordering) arrival = Math.max(arrival, this.#arrivals[to]);
      this.#arrivals[to] = arrival;
      runtime.setTimer(arrival - runtime.now(), () => {
        if (!link.cut) deliver();
      });
    }
  }

  async #settle(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    const watched = promise.finally(() => {
      settled = true;
    });
    await this.runtime.runUntil(() => settled, 10_000);
    await watched;
  }
}
