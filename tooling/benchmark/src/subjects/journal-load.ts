/**
 * Writes into a journal, each awaited before the next: so many entries at once, of bytes that do not
 * compress. Only the writes are timed, not what lies between them.
 *
 * The log is bounded as that of a node is: when it has grown by what makes a snapshot due, all but what
 * was there at first is dropped, as a part of the next write, and whoever keeps it may tidy up behind
 * that as it likes.
 */
import { seededRandom } from '@quorate/core';
import { defaultLimits } from '@quorate/log';
import { type Measurement, Recorder } from '../results/measurement.ts';
import type { LoopTask } from './closed-loop.ts';
import { folderSize, sizeFigures } from './folder-size.ts';
import type { Append, Journal } from './journals/journal.ts';
import { openRawAppend } from './journals/raw-append.ts';
import { openRawLevel } from './journals/raw-level.ts';
import { openStorageJournal } from './journals/storage-journal.ts';
import type { Fill, Subject } from './subject.ts';

/** The two that ours are compared with. */
export const rawNames = { append: 'raw append', level: 'classic-level' } as const;

/** Which one, and where. */
export interface JournalOptions {
  /** One of {@link rawNames}, or a storage. */
  readonly name: string;
  /** An empty folder. */
  readonly directory: string;
  readonly valueBytes: number;
  /** Entries of the largest write. */
  readonly mostEntries: number;
  /** It is bounded as soon as so much was written on top. @default what makes a snapshot due */
  readonly boundBytes?: number;
}

/** Random bytes that entries are cut from; a write finds other ones than the write before. */
const poolBytes = 4 * 1024 * 1024;
const poolSeed = 1;

/** Opens a journal in an empty folder. */
export async function openJournal(options: JournalOptions): Promise<Subject> {
  return new JournalLoad(options, await makeJournal(options));
}

function makeJournal({
  name,
  directory,
  valueBytes,
  mostEntries,
}: JournalOptions): Promise<Journal> {
  if (name === rawNames.append) return openRawAppend(directory, mostEntries * valueBytes);
  if (name === rawNames.level) return openRawLevel(directory);
  return openStorageJournal(name, directory);
}

class JournalLoad implements Subject {
  readonly leads = true;
  readonly #options: JournalOptions;
  readonly #journal: Journal;
  readonly #pool: Uint8Array;
  #poolAt = 0;
  #first = 1;
  #last = 0;
  /** Entries that are left when others are dropped. */
  #kept = 0;
  #writes = 0;

  constructor(options: JournalOptions, journal: Journal) {
    this.#options = options;
    this.#journal = journal;
    const { mostEntries, valueBytes } = options;
    this.#pool = randomBytes(poolBytes + mostEntries * valueBytes);
  }

  /** Writes entries until there are so many. */
  async fill({ entries, batch, goOn }: Fill): Promise<void> {
    while (this.#last < entries) await this.#next(Math.min(batch, entries - this.#last), false)();
    this.#kept = this.#last;
    if (goOn) void this.#writeForEver(batch);
  }

  async measure({ clients, seconds, warmUpSeconds }: LoopTask): Promise<Measurement> {
    await this.#work(clients, warmUpSeconds, new Recorder());
    const recorder = new Recorder();
    const before = { syncs: this.#journal.syncs, writes: this.#writes };
    const busyMs = await this.#work(clients, seconds, recorder);
    const { syncs } = this.#journal;
    const writes = this.#writes - before.writes;
    return recorder.result(busyMs, {
      ...(syncs === undefined || before.syncs === undefined
        ? {}
        : { syncsPerWrite: (syncs - before.syncs) / writes }),
      ...(await this.#sizes()),
    });
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  /** @returns how long the writes took, all together. */
  async #work(entries: number, seconds: number, recorder: Recorder): Promise<number> {
    let busyMs = 0;
    do {
      const write = this.#next(entries, true);
      const from = performance.now();
      await write();
      const tookMs = performance.now() - from;
      recorder.record(tookMs, entries);
      busyMs += tookMs;
    } while (busyMs < seconds * 1000);
    return busyMs;
  }

  /** Until the process ends: it is to be killed in the middle of a write. */
  async #writeForEver(batch: number): Promise<never> {
    for (;;) await this.#next(batch, false)();
  }

  #next(entries: number, bounded: boolean): () => Promise<void> {
    this.#writes += 1;
    return this.#journal.prepare(this.#append(entries, bounded));
  }

  #append(count: number, bounded: boolean): Append {
    const { valueBytes } = this.#options;
    const first = this.#last + 1;
    this.#last += count;
    const block = this.#block(count * valueBytes);
    const entries = Array.from({ length: count }, (_, at) =>
      block.subarray(at * valueBytes, (at + 1) * valueBytes),
    );
    return { first, entries, block, dropBefore: bounded ? this.#dropBefore(first) : undefined };
  }

  /** @param next index of the first entry that is not written yet. */
  #dropBefore(next: number): number | undefined {
    const grown = next - this.#first - this.#kept;
    const { boundBytes = defaultLimits.snapshotLogBytes, valueBytes } = this.#options;
    if (grown * valueBytes < boundBytes) return undefined;
    this.#first = next - this.#kept;
    return this.#first;
  }

  #block(bytes: number): Uint8Array {
    if (this.#poolAt + bytes > this.#pool.length) this.#poolAt = 0;
    const block = this.#pool.subarray(this.#poolAt, this.#poolAt + bytes);
    this.#poolAt += bytes;
    return block;
  }

  async #sizes(): Promise<Readonly<Record<string, number>>> {
    const { name, directory, valueBytes } = this.#options;
    // Its file is there in full from the beginning; what lies in memory lies nowhere else.
    if (name === rawNames.append || name === 'memory') return {};
    return sizeFigures(await folderSize(directory), this.#last + 1 - this.#first, valueBytes);
  }
}

function randomBytes(length: number): Uint8Array {
  const random = seededRandom(poolSeed);
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let at = 0; at < words.length; at++) words[at] = random.next() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}
