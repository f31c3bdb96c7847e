/**
 * Commands for engines alone. So many are in flight at a time: they are handed in in one turn, and the
 * next ones once all of them are decided and everybody has come to rest.
 */
import {
  type Algorithm,
  encodeEntry,
  entryOverheadBytes,
  payloadOverheadBytes,
} from '@quorate/core';
import { defaultLimits } from '@quorate/log';
import type { Use } from '../algorithms.ts';
import { type Measurement, Recorder } from '../results/measurement.ts';
import type { LoopTask } from './closed-loop.ts';
import { EngineGroup } from './engine-group.ts';
import type { Subject } from './subject.ts';
import { figuresOf, type Tally } from './tally.ts';

/**
 * `batch`: commands of a turn share entries, as the driver puts them together. `single`: each command
 * is an entry of its own, as if each came from another node.
 */
export type Packing = 'batch' | 'single';

/** How long the event loop waits, at most, for a turn of its own. */
const sliceMs = 50;
/**
 * The engines' clock runs only while they work, and never further at once: a pause of this process is
 * not to be taken for the loss of a leader.
 */
const maxStepMs = 10;

/** Makes a group of engines, with a leader. */
export function openEngines(algorithm: Use, valueBytes: number, packing: Packing): Subject {
  return algorithm((made) => new EngineLoad(made, valueBytes, packing));
}

class EngineLoad<Message> implements Subject {
  readonly leads = true;
  readonly #group: EngineGroup<Message>;
  readonly #headerBytes: number;
  readonly #value: Uint8Array;
  readonly #packing: Packing;
  #commands = 0;
  #entries = 0;

  constructor(algorithm: Algorithm<Message>, valueBytes: number, packing: Packing) {
    this.#group = new EngineGroup(algorithm);
    this.#headerBytes = algorithm.headerBytes;
    this.#value = new Uint8Array(valueBytes).fill(0x78);
    this.#packing = packing;
    this.#group.elect();
  }

  async measure({ clients, seconds, warmUpSeconds }: LoopTask): Promise<Measurement> {
    await this.#work(clients, warmUpSeconds, new Recorder());
    const recorder = new Recorder();
    const before = this.#tally();
    const busyMs = await this.#work(clients, seconds, recorder);
    const figures = figuresOf(before, this.#tally());
    return recorder.result(busyMs, {
      microsecondsPerCommand: (busyMs * 1000) / recorder.operations,
      ...figures,
    });
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  /** @returns how long the engines worked: encoding of the entries is the driver's, and not counted. */
  async #work(clients: number, seconds: number, recorder: Recorder): Promise<number> {
    let busyMs = 0;
    let tookMs = 0;
    const end = performance.now() + seconds * 1000;
    do {
      const sliceEnd = Math.min(performance.now() + sliceMs, end);
      do {
        const records = this.#records(clients);
        const from = performance.now();
        this.#group.decide(records, Math.min(tookMs, maxStepMs));
        tookMs = performance.now() - from;
        busyMs += tookMs;
        recorder.record(tookMs, clients);
        this.#commands += clients;
        this.#entries += records.length;
      } while (performance.now() < sliceEnd);
      await new Promise(setImmediate);
    } while (performance.now() < end);
    return busyMs;
  }

  #tally(): Tally {
    const { writes, frames } = this.#group;
    return { commands: this.#commands, entries: this.#entries, syncs: writes, frames };
  }

  #records(clients: number): readonly Uint8Array[] {
    const room = defaultLimits.maxEntryBytes - this.#headerBytes - entryOverheadBytes;
    const each = payloadOverheadBytes + this.#value.length;
    const most = this.#packing === 'single' ? 1 : Math.max(Math.floor(room / each), 1);
    const records: Uint8Array[] = [];
    for (let left = clients; left > 0; left -= most) {
      const payloads = new Array<Uint8Array>(Math.min(left, most)).fill(this.#value);
      const head = { kind: 'commands', time: Date.now(), incarnation: 1, ticket: 0 } as const;
      records.push(encodeEntry({ ...head, payloads }, this.#headerBytes));
    }
    return records;
  }
}
