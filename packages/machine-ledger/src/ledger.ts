/**
 * The ledger: commands and expiries in the order of the log, and the same again from records.
 */
import { type ApplyContext, equalBytes, invariant, MalformedError } from '@quorate/core';
import type { LedgerEvent } from './events.ts';
import { maxEvents as maxEventsOfAll, maxExpiriesAtOnce } from './limits.ts';
import type { LedgerOperation } from './operations.ts';
import { decodeRecord } from './record.ts';
import type { LedgerReceipt, LedgerResult } from './results.ts';
import { stage, stageExpiry } from './rules.ts';
import { State } from './state.ts';
import { operationProblem } from './validate.ts';

export class Ledger {
  readonly state: State;

  /** @param maxEvents equal on all replicas */
  constructor(maxEvents: number = maxEventsOfAll) {
    this.state = new State(maxEvents);
  }

  /** Does all operations, which make sense by themselves, or none. */
  apply(operations: readonly LedgerOperation[], context: ApplyContext): LedgerResult {
    const { state } = this;
    invariant(state.follows(context), 'neither the log nor its time goes backwards');
    const receipts: LedgerReceipt[] = [];
    for (const [at, operation] of operations.entries()) {
      const outcome = stage(state, operation, context);
      if (typeof outcome === 'string') {
        state.undo();
        return { type: 'refused', operation: at, id: operation.id, reason: outcome };
      }
      receipts.push(outcome);
    }
    state.seal(context);
    return { type: 'applied', receipts };
  }

  /** When the next pending transfer runs out, in ms since 1970. */
  get nextExpiry(): number | undefined {
    return this.state.expiries.next?.expiresAt;
  }

  /** Ends pending transfers whose time has run out: a bounded number, the earliest first. */
  expire(context: ApplyContext): void {
    const { state } = this;
    invariant(state.follows(context), 'neither the log nor its time goes backwards');
    for (let count = 0; count < maxExpiriesAtOnce; count++) {
      if (!stageExpiry(state, context)) return;
      state.seal(context);
    }
  }

  /**
   * Does again what a record says, by the same rules. It fits if that makes the same record.
   *
   * @returns what does not fit, or nothing. After that this ledger is of no use any more.
   */
  replay(record: Uint8Array): string | undefined {
    const { state } = this;
    let event: LedgerEvent;
    try {
      event = decodeRecord(record);
    } catch (error) {
      if (error instanceof MalformedError) return `it is no record: ${error.message}`;
      throw error;
    }
    const { length } = state.journal;
    if (event.sequence !== length) {
      return `it has the number ${String(event.sequence)} in the place of ${String(length)}`;
    }
    if (!state.follows(event)) {
      return 'its log index or its time lies before that of the record before';
    }
    const problem = this.#redo(event);
    if (problem !== undefined) return problem;
    state.seal(event);
    return equalBytes(state.journal.record(length), record)
      ? undefined
      : 'it is not the record that its operation leads to';
  }

  #redo(event: LedgerEvent): string | undefined {
    const { operation } = event;
    if (operation.type === 'expire') {
      // Which transfer it is comes out of the comparison with what was made here.
      return stageExpiry(this.state, event) ? undefined : 'no transfer expires there';
    }
    const problem = operationProblem(operation);
    if (problem !== undefined) return problem;
    const outcome = stage(this.state, operation, event);
    if (typeof outcome === 'string') return `its operation is refused: ${outcome}`;
    return outcome.sequence === event.sequence ? undefined : 'its operation was done before';
  }
}
