/**
 * One life of a node, as a recorder sees it: how far it is, and that it keeps to what the port says of
 * effects.
 *
 *  - Epoch and commit index never fall; the commit index never passes the end of the log.
 *  - Nobody writes another value over what is decided, cuts it off, or trims what no snapshot covers.
 *  - Effects that were handed out do not change any more. Memory is bounded; writes and loads are
 *    numbered as the port says.
 */
import type { Effects, Input, Write } from '../engine.ts';
import type { LogIndex, WriteId } from '../ids.ts';
import type { Decisions } from './decisions.ts';
import { must, type WatchedNode } from './observer.ts';
import type { EngineRules } from './rules.ts';

/** Bounds that the options of an engine promise for the log it keeps in memory. */
export interface TailBounds {
  readonly maxTailBytes: number;
  /** Without what it was not told to be durable. */
  readonly maxDurableTailBytes: number;
}

/** One life of a node. */
export class Life {
  readonly #node: WatchedNode;
  readonly #rules: EngineRules;
  readonly #decisions: Decisions;
  #epoch: number;
  #commitIndex: number;
  /** Commit index at the end of the turn before. */
  #committed: number;
  /** Last index that a snapshot covers, by the writes so far. */
  #covered: LogIndex;
  /** Last index that is in the log or covered, by the writes so far. */
  #end: LogIndex;
  #lastWrite: WriteId | undefined;
  /** Writes of which it was not told that they are durable, and the bytes of their records. */
  #unstored: { readonly id: WriteId; readonly bytes: number }[] = [];
  readonly #loads = new Set<number>();
  /** The effects before, and how much was in them. */
  #effects: { readonly taken: Effects<unknown>; readonly amount: number } | undefined;
  /** Last index handed to the consumer. */
  delivered: LogIndex;

  constructor(node: WatchedNode, rules: EngineRules, decisions: Decisions) {
    const { epoch, commitIndex } = node.engine.status;
    const covered = node.disk.durable.snapshot?.index ?? 0;
    must(
      commitIndex >= covered,
      () => `${node.id} starts with a commit index below its own snapshot`,
    );
    this.#node = node;
    this.#rules = rules;
    this.#decisions = decisions;
    this.#epoch = epoch;
    this.#commitIndex = this.#committed = commitIndex;
    this.#covered = this.delivered = covered;
    this.#end = Math.max(covered, node.disk.durable.last);
  }

  stepped(input: Input<unknown>): void {
    const node = this.#node;
    const { status } = node.engine;
    must(
      status.epoch >= this.#epoch,
      () => `the epoch of ${node.id} falls from ${String(this.#epoch)} to ${String(status.epoch)}`,
    );
    must(
      status.commitIndex >= this.#commitIndex,
      () =>
        `the commit index of ${node.id} falls from ${String(this.#commitIndex)} to ${String(status.commitIndex)}`,
    );
    must(
      status.lastIndex >= status.commitIndex,
      () =>
        `${node.id} has committed ${String(status.commitIndex)} of ${String(status.lastIndex)} entries`,
    );
    this.#epoch = status.epoch;
    this.#commitIndex = status.commitIndex;
    if (input.type === 'loaded') this.#loads.delete(input.load);
    if (input.type === 'stored')
      this.#unstored = this.#unstored.filter(({ id }) => id > input.write);
  }

  /** A turn has ended: what it hands out. */
  took(effects: Effects<unknown>): void {
    const node = this.#node;
    must(
      this.#effects === undefined || amountOf(this.#effects.taken) === this.#effects.amount,
      () => `${node.id} goes on to fill effects that it has handed out`,
    );
    this.#effects = { taken: effects, amount: amountOf(effects) };
    for (const write of effects.writes) {
      const expected = this.#lastWrite === undefined ? write.id : this.#lastWrite + 1;
      must(write.id === expected, () => `${node.id} numbers a write ${String(write.id)}`);
      this.#lastWrite = write.id;
      this.#unstored.push({ id: write.id, bytes: recordBytes(write) });
      this.#checkWrite(write);
    }
    for (const { after } of effects.sends) {
      must(
        after === undefined || (this.#lastWrite !== undefined && after <= this.#lastWrite),
        () => `${node.id} sends after write ${String(after)}, which it never asked for`,
      );
    }
    for (const load of effects.loads) {
      must(
        !this.#loads.has(load.id) && load.from >= 1 && load.to >= load.from && load.maxBytes > 0,
        () => `${node.id} asks for a load that makes no sense: ${JSON.stringify(load)}`,
      );
      this.#loads.add(load.id);
    }
    this.#committed = node.engine.status.commitIndex;
  }

  /** The log in memory is bounded. */
  checkTail({ maxTailBytes, maxDurableTailBytes }: TailBounds): void {
    const node = this.#node;
    const { tailBytes, role, lastIndex } = node.engine.status;
    const unstoredBytes = this.#unstored.reduce((sum, { bytes }) => sum + bytes, 0);
    must(
      tailBytes <= maxTailBytes && tailBytes - unstoredBytes <= maxDurableTailBytes,
      () =>
        `${node.id} (${role}) keeps ${String(tailBytes)} bytes of its log in memory, ` +
        `${String(unstoredBytes)} of them not durable: up to ${String(lastIndex)}`,
    );
  }

  /** What is known to be decided stays as it is, on every disk. */
  #checkWrite({ ops }: Write): void {
    const node = this.#node;
    const rules = this.#rules;
    const committed = this.#committed;
    const covered = this.#covered;
    const published = ops.findLast((op) => op.type === 'snapshot');
    if (published !== undefined) this.#covered = published.index;
    for (const op of ops) {
      switch (op.type) {
        case 'put': {
          const decided = op.index <= committed ? this.#decisions.at(op.index) : undefined;
          must(
            decided === undefined || this.#decisions.sameValue(op.record, decided),
            () => `${node.id} writes another value over ${String(op.index)}, which is decided`,
          );
          must(
            op.index > covered,
            () => `${node.id} writes ${String(op.index)}, which its snapshot covers`,
          );
          must(
            op.index <= this.#end + 1 || !rules.contiguousLog,
            () => `${node.id} writes ${String(op.index)} behind ${String(this.#end)}`,
          );
          this.#end = Math.max(this.#end, op.index);
          break;
        }
        case 'dropAfter':
          must(
            rules.truncatesSuffix,
            () => `${node.id} cuts its log off behind ${String(op.index)}`,
          );
          // A snapshot may take the place of the log, in the same write.
          must(
            op.index >= committed || this.#covered >= committed,
            () =>
              `${node.id} cuts its log off behind ${String(op.index)}, and ${String(committed)} is decided`,
          );
          this.#end = Math.min(this.#end, op.index);
          break;
        case 'dropBefore':
          must(
            op.index <= this.#covered + 1,
            () =>
              `${node.id} trims its log below ${String(op.index)}, and its snapshot ends at ${String(this.#covered)}`,
          );
          break;
        case 'snapshot':
        case 'state':
      }
    }
    this.#end = Math.max(this.#end, this.#covered);
  }
}

/** Bytes of the records of a write. */
function recordBytes({ ops }: Write): number {
  return ops.reduce((sum, op) => sum + (op.type === 'put' ? op.record.length : 0), 0);
}

/** How much there is of everything together. */
function amountOf({
  writes,
  sends,
  committed,
  reads,
  outcomes,
  loads,
  ships,
}: Effects<unknown>): number {
  return (
    writes.length +
    sends.length +
    committed.length +
    reads.length +
    outcomes.length +
    loads.length +
    ships.length
  );
}
