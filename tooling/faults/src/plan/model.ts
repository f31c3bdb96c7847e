/** What a storage must hold after so many writes: the same as the storage, without a disk. */
import { type LogIndex, unreachable } from '@quorate/core';
import { bytesOf, type Fingerprint, fingerprintOf, fingerprintOfContent } from './content.ts';
import type { PlannedOp, Shape } from './steps.ts';

/** A published snapshot. */
export interface ModelSnapshot {
  readonly index: LogIndex;
  readonly context: Fingerprint;
  readonly content: Fingerprint;
}

/** What is there. */
export class Model {
  readonly records: Map<LogIndex, Fingerprint> = new Map<LogIndex, Fingerprint>();
  state: Fingerprint | undefined;
  snapshot: ModelSnapshot | undefined;

  /** Does what a write does. */
  apply(ops: readonly PlannedOp[]): void {
    for (const op of ops) {
      switch (op.type) {
        case 'put':
          this.records.set(op.index, fingerprintOfContent(op.record));
          break;
        case 'state':
          this.state = fingerprintOfContent(op.bytes);
          break;
        case 'dropAfter':
          this.#drop((index) => index > op.index);
          break;
        case 'dropBefore':
          this.#drop((index) => index < op.index);
          break;
        case 'snapshot':
          this.snapshot = {
            index: op.index,
            context: fingerprintOfContent(op.context),
            content: fingerprintOf(bytesOf(op.content)),
          };
          break;
        default:
          unreachable(op);
      }
    }
  }

  /** Lowest and highest index present. */
  get span(): { readonly first: LogIndex; readonly last: LogIndex } | undefined {
    let first = Infinity;
    let last = 0;
    for (const index of this.records.keys()) {
      if (index < first) first = index;
      if (index > last) last = index;
    }
    return last === 0 ? undefined : { first, last };
  }

  get shape(): Shape {
    return shapeOf(this.span, this.snapshot?.index);
  }

  /** Another one, which holds the same and goes its own way. */
  clone(): Model {
    const copy = new Model();
    for (const [index, record] of this.records) copy.records.set(index, record);
    copy.state = this.state;
    copy.snapshot = this.snapshot;
    return copy;
  }

  #drop(goes: (index: LogIndex) => boolean): void {
    for (const index of this.records.keys()) if (goes(index)) this.records.delete(index);
  }
}

/** The shape of a log, from what a storage says when it is opened. */
export function shapeOf(
  records: { readonly first: LogIndex; readonly last: LogIndex } | undefined,
  snapshot: LogIndex = 0,
): Shape {
  const last = Math.max(records?.last ?? 0, snapshot);
  return { first: records?.first ?? last + 1, last, snapshot };
}
