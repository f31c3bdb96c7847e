/**
 * What goes to the disk: everything that changed in a turn, as one atomic write. So a vote and the promise
 * that it implies reach the disk together, and a snapshot together with the trimming it allows.
 *
 * Steps change memory only; memory and disk never differ by more than the writes that are on their way.
 */
import type { LogIndex, StorageOp, Write, WriteId } from '@quorate/core';
import { Marks, WriteLedger } from '@quorate/core/engines';
import type { PaxosNode } from './node.ts';
import { hintEverySlots } from './slots.ts';
import { encodeState } from './state.ts';

/** The hint of what is chosen goes to the disk at the latest after so many bytes. */
const hintEveryBytes = 4 * 1024 * 1024;

/** What this node has told its disk, and what it has still to tell. */
export class Journal {
  readonly writes: WriteLedger = new WriteLedger();
  #stateChanged: boolean;
  #promiseUnwritten = false;
  /** The write that brought the promise to the disk. */
  #promiseWrite: WriteId = 0;
  #dropBefore: LogIndex | undefined;
  #snapshots: StorageOp[] = [];
  #hinted: LogIndex;
  #hintedBytes = 0;
  /** Writes that bring the hint to the disk. */
  readonly #hints = new Marks();
  #known: LogIndex;

  /**
   * @param known what the disk says is chosen.
   * @param stateChanged whether the first write has to bring the state along.
   */
  constructor(known: LogIndex, stateChanged: boolean) {
    this.#hinted = known;
    this.#known = known;
    this.#stateChanged = stateChanged;
  }

  /** Every slot up to here is chosen, and this node would still know after a crash. */
  get known(): LogIndex {
    return this.#known;
  }

  /** Whether the promise, as it is, would survive a crash now. */
  get promiseIsStored(): boolean {
    return !this.#promiseUnwritten && this.writes.stored >= this.#promiseWrite;
  }

  /** The promise is another one. */
  promiseChanged(): void {
    this.#promiseUnwritten = true;
    this.#stateChanged = true;
  }

  /** The next write brings the state along. */
  stateChanged(): void {
    this.#stateChanged = true;
  }

  /** Makes a staged snapshot current with the next write. */
  publish(op: StorageOp): void {
    this.#snapshots.push(op);
    this.#stateChanged = true;
  }

  /** Removes everything before the index with the next write. */
  dropBefore(index: LogIndex): void {
    this.#dropBefore = index;
    this.#stateChanged = true;
  }

  /** Everything that the disk has to be told, as one write; `undefined` where nothing. */
  collect(node: PaxosNode): Write | undefined {
    const { slots, chosen, chosenBytes } = node;
    if (!this.#stateChanged && !slots.hasUnwritten) return undefined;
    const id = this.writes.issue(node.now);
    const ops = this.#snapshots;
    this.#snapshots = [];
    if (this.#dropBefore !== undefined) ops.push({ type: 'dropBefore', index: this.#dropBefore });
    this.#dropBefore = undefined;
    for (const item of slots.takeUnwritten(id)) ops.push(item);
    const hintDue =
      chosen - this.#hinted >= hintEverySlots || chosenBytes - this.#hintedBytes >= hintEveryBytes;
    if (this.#stateChanged || hintDue) ops.push({ type: 'state', bytes: this.#encode(node) });
    node.publications.noteWrite(id);
    return { id, ops };
  }

  /** Takes the completion of a write; says whether it was news. */
  settle(write: WriteId, now: number): boolean {
    if (!this.writes.settle(write, now)) return false;
    this.#known = this.#hints.reach(write) ?? this.#known;
    return true;
  }

  #encode(node: PaxosNode): Uint8Array {
    const { base, chosen, chosenBytes, configurations, knownIn, promised, settledRound } = node;
    const { issued } = this.writes;
    if (this.#promiseUnwritten) this.#promiseWrite = issued;
    this.#promiseUnwritten = false;
    this.#stateChanged = false;
    this.#hinted = chosen;
    this.#hintedBytes = chosenBytes;
    this.#hints.push(issued, chosen);
    return encodeState({
      agreement: node.settings.agreement,
      promised,
      chosen,
      base,
      knownIn,
      settledRound,
      memberships: configurations.all(),
    });
  }
}
