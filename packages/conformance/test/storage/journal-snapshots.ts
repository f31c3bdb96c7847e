/** The snapshots of a {@link Journal}: a file for each, and one of blocks for what is staged under a name. */
import {
  checkStageName,
  ClosedError,
  CompactedError,
  CorruptError,
  crc32,
  describeError,
  InvalidArgumentError,
  type SnapshotId,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  StorageFailedError,
  type StorageOp,
  utf8,
} from '@quorate/core';
import type { Process } from './byte-disk.ts';
import type { Step } from './frames.ts';
import type { Flaw } from './journal.ts';

interface Setup {
  readonly retain: number;
  readonly flaw: Flaw | undefined;
  readonly live: () => Process;
}

/** Where the content of a writer goes. */
interface Target {
  readonly id: SnapshotId;
  /** Of what can be taken up again. */
  readonly name: string | undefined;
  content: Uint8Array;
  checksum: number;
}

const blockHeaderBytes = 8;

export class JournalSnapshots implements SnapshotStore {
  readonly setup: Setup;
  readonly finished = new Map<SnapshotId, SnapshotInfo>();
  writer: JournalWriter | undefined;
  #published: readonly SnapshotInfo[] = [];
  #gone: SnapshotId[] = [];
  #lastId = 0;

  constructor(setup: Setup) {
    this.setup = setup;
  }

  /** The journal was read: what nobody needs any more goes. */
  async recover(process: Process): Promise<void> {
    const { flaw } = this.setup;
    const { names } = process;
    for (const name of names) {
      if (name.startsWith('s')) this.#lastId = Math.max(this.#lastId, Number(name.slice(1)));
    }
    if (flaw === 'forgets the snapshots that are retained when it opens') {
      this.#published = this.#published.slice(0, 1);
    }
    const [current] = this.#published;
    if (current !== undefined && !names.includes(fileOf(current.id))) {
      throw new CorruptError(`snapshot ${current.id} is gone`);
    }
    this.#published = this.#published.filter(({ id }) => names.includes(fileOf(id)));
    this.#gone = [];
    const kept = this.#published.map(({ id }) => fileOf(id));
    for (const name of names) {
      if (name.startsWith('s') && !kept.includes(name)) {
        if (flaw !== 'leaves behind what was never published') await process.remove(name);
      }
      if (name.startsWith('p') && flaw === 'opens with a torn transfer and refuses') {
        const blocks = (await process.read(name)) ?? new Uint8Array();
        if (readBlocks(name, blocks, flaw).end < blocks.length) {
          throw new CorruptError('the transfer is damaged');
        }
      }
    }
  }

  current(): SnapshotInfo | undefined {
    return this.#published[0];
  }

  list(): readonly SnapshotInfo[] {
    return this.#published;
  }

  async stage(name?: string): Promise<SnapshotWriter> {
    const process = this.setup.live();
    const id = String(++this.#lastId);
    if (name === undefined) {
      return new JournalWriter(this, { id, name, content: new Uint8Array(), checksum: 0 });
    }
    checkStageName(name);
    const before = this.writer;
    // Whoever asks next finds this one.
    const target: Target = { id, name, content: new Uint8Array(), checksum: 0 };
    const writer = new JournalWriter(this, target);
    this.writer = writer;
    await before?.release();
    for (const other of process.names) {
      if (other.startsWith('p') && other !== partialOf(name)) await process.remove(other);
    }
    const stored = (await process.read(partialOf(name))) ?? new Uint8Array();
    const { content, end } = readBlocks(partialOf(name), stored, this.setup.flaw);
    await process.cut(partialOf(name), end);
    await process.sync(partialOf(name));
    await writer.takeUp(content, end);
    return writer;
  }

  async read(id: SnapshotId): Promise<SnapshotReader> {
    const process = this.setup.live();
    const info = this.#published.find((one) => one.id === id);
    if (info === undefined) throw new CompactedError(`snapshot ${id} is gone`);
    const content = await process.read(fileOf(id));
    if (content === undefined) throw new CompactedError(`snapshot ${id} is gone`);
    const whole = content.length === info.bytes && crc32(content) === info.checksum;
    if (!whole && this.setup.flaw !== 'serves snapshots unchecked') {
      throw new CorruptError(`snapshot ${id} is damaged`);
    }
    let closed = false;
    return {
      info,
      read: async (offset, maxBytes) => {
        this.setup.live();
        if (closed) throw new ClosedError('the reader is closed');
        return content.slice(offset, offset + maxBytes);
      },
      close: async () => {
        closed = true;
      },
    };
  }

  /** The steps of a write, with what is known of the snapshots that it publishes. */
  claim(ops: readonly StorageOp[]): readonly Step[] {
    const steps = ops.map((op): Step => {
      if (op.type !== 'snapshot') return copyOf(op);
      const info = this.finished.get(op.id);
      if (info === undefined) throw new InvalidArgumentError(`${op.id} is not finished`);
      const { id, bytes, checksum } = info;
      return {
        type: 'snapshot',
        id,
        index: op.index,
        context: op.context.slice(),
        bytes,
        checksum,
      };
    });
    for (const step of steps) if (step.type === 'snapshot') this.finished.delete(step.id);
    return steps;
  }

  published(info: SnapshotInfo): void {
    const published = [info, ...this.#published];
    this.#gone.push(...published.slice(this.setup.retain).map(({ id }) => id));
    this.#published = published.slice(0, this.setup.retain);
  }

  /** Removes the content of those that went. */
  async sweep(process: Process): Promise<void> {
    for (const id of this.#gone.splice(0)) await process.remove(fileOf(id));
  }

  /** Removes the one that is about to go, too early. */
  async removeOldest(process: Process): Promise<void> {
    const oldest = this.#published[this.setup.retain - 1];
    if (oldest !== undefined) await process.remove(fileOf(oldest.id));
  }

  async close(): Promise<void> {
    await this.writer?.release();
  }
}

class JournalWriter implements SnapshotWriter {
  readonly #store: JournalSnapshots;
  readonly #target: Target;
  #end = 0;
  #phase: 'writing' | 'finished' | 'closed' | 'aborted' = 'writing';
  #step: Promise<void> = Promise.resolve();

  constructor(store: JournalSnapshots, target: Target) {
    this.#store = store;
    this.#target = target;
  }

  get id(): SnapshotId {
    return this.#target.id;
  }

  get bytes(): number {
    return this.#target.content.length;
  }

  get checksum(): number {
    return this.#target.checksum;
  }

  takeUp(content: Uint8Array, end: number): Promise<void> {
    this.#end = end;
    this.#add(content);
    return Promise.resolve();
  }

  async write(chunk: Uint8Array): Promise<void> {
    const process = this.#checkWriting();
    this.#add(chunk);
    const { id, name } = this.#target;
    const block = name === undefined ? chunk : blockOf(partialOf(name), this.#end, chunk);
    const at = this.#end;
    this.#end += block.length;
    const file = name === undefined ? fileOf(id) : partialOf(name);
    await this.#next(() => process.write(file, at, block));
  }

  async finish(): Promise<void> {
    const process = this.#checkWriting();
    this.#phase = 'finished';
    const { id, name, content, checksum } = this.#target;
    await this.#next(async () => {
      await process.write(fileOf(id), 0, content);
      if (this.#store.setup.flaw !== 'publishes before the content is durable') {
        await process.sync(fileOf(id));
      }
      if (name !== undefined) await process.remove(partialOf(name));
    });
    const info = { id, index: 0, context: new Uint8Array(), bytes: content.length, checksum };
    this.#store.finished.set(id, info);
  }

  async close(): Promise<void> {
    if (this.#phase === 'finished' || this.#target.name === undefined) await this.abort();
    else await this.release();
  }

  async abort(): Promise<void> {
    const { id, name } = this.#target;
    const finished = this.#store.finished.delete(id);
    const unfinished = this.#phase === 'writing' || this.#phase === 'closed';
    if (!finished && !unfinished) return;
    this.#phase = 'aborted';
    await this.#step.catch(() => undefined);
    try {
      const process = this.#store.setup.live();
      if (finished || name === undefined) await process.remove(fileOf(id));
      else if (this.#store.writer === this) await process.remove(partialOf(name));
    } catch {
      // Whoever wrote was told.
    }
  }

  async release(): Promise<void> {
    if (this.#phase === 'writing') this.#phase = 'closed';
    await this.#step.catch(() => undefined);
  }

  #add(chunk: Uint8Array): void {
    const { content, checksum } = this.#target;
    const longer = new Uint8Array(content.length + chunk.length);
    longer.set(content);
    longer.set(chunk, content.length);
    this.#target.content = longer;
    this.#target.checksum = chunk.length === 0 ? checksum : crc32(chunk, checksum);
  }

  async #next(run: () => Promise<void>): Promise<void> {
    this.#step = this.#step.then(run);
    try {
      await this.#step;
    } catch (cause) {
      throw new StorageFailedError(describeError(cause), { cause });
    }
  }

  #checkWriting(): Process {
    const process = this.#store.setup.live();
    if (this.#phase !== 'writing') throw new ClosedError(`snapshot ${this.id} is ${this.#phase}`);
    return process;
  }
}

/** The content of the blocks that are whole, and where they end. */
function readBlocks(
  file: string,
  stored: Uint8Array,
  flaw: Flaw | undefined,
): { readonly content: Uint8Array; readonly end: number } {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.length);
  const content = new Uint8Array(stored.length);
  let filled = 0;
  let at = 0;
  while (at + blockHeaderBytes <= stored.length) {
    const end = at + blockHeaderBytes + view.getUint32(at);
    const chunk = stored.subarray(at + blockHeaderBytes, end);
    const whole = end <= stored.length && view.getUint32(at + 4) === blockChecksum(file, at, chunk);
    const believed =
      flaw === 'takes up a transfer by the size of its file' ||
      (flaw === 'takes up a transfer unchecked' && end <= stored.length);
    if (!whole && !believed) break;
    content.set(chunk, filled);
    filled += chunk.length;
    at = Math.min(end, stored.length);
  }
  return { content: content.subarray(0, filled), end: at };
}

function blockOf(file: string, at: number, chunk: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockHeaderBytes + chunk.length);
  const view = new DataView(block.buffer);
  view.setUint32(0, chunk.length);
  view.setUint32(4, blockChecksum(file, at, chunk));
  block.set(chunk, blockHeaderBytes);
  return block;
}

function blockChecksum(file: string, at: number, chunk: Uint8Array): number {
  return crc32(chunk, crc32(utf8(`${file} ${String(at)}`)));
}

function copyOf(op: Exclude<StorageOp, { type: 'snapshot' }>): Step {
  if (op.type === 'put') return { ...op, record: op.record.slice() };
  return op.type === 'state' ? { ...op, bytes: op.bytes.slice() } : op;
}

function fileOf(id: SnapshotId): string {
  return `s${id}`;
}

function partialOf(name: string): string {
  return `p-${name}`;
}
