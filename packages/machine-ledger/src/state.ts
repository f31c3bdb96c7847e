/**
 * The state: what the journal says, at hand.
 *
 * An event is done in two steps. *Staging* does it to accounts and indexes, so that the next operation
 * of the same command sees it; *sealing* writes all that was staged to the journal. In between it can
 * still be undone. So the journal, and with it the hashes, only ever sees what happened.
 */
import { type ApplyContext, InvariantError, maxU48, unreachable } from '@quorate/core';
import { Account, assertSound, type Change, Currency, move } from './accounts.ts';
import { ChunkedList, IdIndex } from './containers.ts';
import type { LedgerEvent, LedgerMoved, LedgerMovement, LedgerOpened } from './events.ts';
import { Journal } from './journal.ts';
import type { LedgerOpen } from './operations.ts';
import { ExpiryQueue, type PendingTransfer, type Resolution } from './pendings.ts';
import { decodeRecord } from './record.ts';
import type { LedgerReceipt } from './results.ts';

/** A movement to stage. */
export interface Movement {
  readonly operation: LedgerMovement;
  readonly debit: Account;
  readonly credit: Account;
  readonly change: Change;
  /** The pending transfer that it ends. */
  readonly ends?: PendingTransfer;
}

interface StagedOpening {
  readonly type: 'opened';
  readonly event: LedgerOpened;
  readonly account: Account;
}

interface StagedMovement {
  readonly type: 'moved';
  readonly event: LedgerMoved;
  readonly movement: Movement;
  /** The pending transfer that it is. */
  readonly pending: PendingTransfer | undefined;
}

export class State {
  readonly journal: Journal = new Journal();
  readonly accounts: IdIndex<Account> = new IdIndex();
  /** In the order in which they were opened. */
  readonly accountList: ChunkedList<Account> = new ChunkedList();
  readonly currencies: Map<string, Currency> = new Map();
  /** Transfers of all kinds: sequence numbers of their events. */
  readonly transfers: IdIndex<number> = new IdIndex();
  /** Two-phase transfers, ended ones too. */
  readonly pendings: IdIndex<PendingTransfer> = new IdIndex();
  readonly expiries: ExpiryQueue = new ExpiryQueue();
  readonly #maxEvents: number;
  #staged: (StagedOpening | StagedMovement)[] = [];
  #pending = 0;
  #lastIndex = 0;
  #lastTime = 0;

  constructor(maxEvents: number) {
    this.#maxEvents = maxEvents;
  }

  /** Number of transfers that are pending. */
  get pending(): number {
    return this.#pending;
  }

  /** Number of events that there is room for, besides the ends of all that is pending. */
  get room(): number {
    return this.#maxEvents - this.#nextSequence - this.#pending;
  }

  /** Whether an event may happen in this place: neither the log nor its time goes backwards. */
  follows({ index, time }: ApplyContext): boolean {
    return index >= this.#lastIndex && time >= this.#lastTime;
  }

  /** An event, staged ones too. */
  event(sequence: number): LedgerEvent {
    const staged = this.#staged[sequence - this.journal.length];
    return staged?.event ?? decodeRecord(this.journal.record(sequence));
  }

  /** Opens an account whose id is new. */
  stageOpening(operation: LedgerOpen, context: ApplyContext): LedgerReceipt {
    const sequence = this.#nextSequence;
    const { id, limit } = operation;
    const currency = this.currencies.get(operation.currency) ?? new Currency(operation.currency);
    this.currencies.set(currency.name, currency);
    const account = new Account(id, currency, limit, sequence);
    currency.accounts += 1;
    this.accounts.add(id, account);
    this.accountList.push(account);
    const { index, position, time } = context;
    const event: LedgerOpened = { type: 'opened', sequence, index, position, time, operation };
    this.#staged.push({ type: 'opened', event, account });
    return { sequence, index, time };
  }

  /** Changes balances, as it was found to be allowed. */
  stageMovement(movement: Movement, context: ApplyContext): LedgerReceipt {
    const sequence = this.#nextSequence;
    const { operation, debit, credit, change, ends } = movement;
    const { index, position, time } = context;
    move(debit, credit, change);
    if (operation.type !== 'expire') this.transfers.add(operation.id, sequence);
    if (ends !== undefined) {
      ends.resolution = resolution(operation, sequence);
      this.#pending -= 1;
    }
    const pending = pendingOf(movement, sequence, time);
    if (pending !== undefined) {
      this.pendings.add(pending.id, pending);
      this.#pending += 1;
    }
    const event: LedgerMoved = {
      type: 'moved',
      sequence,
      index,
      position,
      time,
      operation,
      debit: { account: debit.id, balances: debit.balances },
      credit: { account: credit.id, balances: credit.balances },
    };
    this.#staged.push({ type: 'moved', event, movement, pending });
    return { sequence, index, time };
  }

  /** Takes back what was staged. */
  undo(): void {
    for (const staged of this.#staged.reverse()) {
      if (staged.type === 'opened') this.#undoOpening(staged.account);
      else this.#undoMovement(staged);
    }
    this.#staged = [];
  }

  /** Makes what was staged final. */
  seal(context: ApplyContext): void {
    const all = this.#staged;
    // First, because the journal's length says from where on events are staged.
    this.#staged = [];
    for (const staged of all) {
      this.journal.append(staged.event);
      if (staged.type === 'moved') this.#sealMovement(staged);
    }
    this.#lastIndex = context.index;
    this.#lastTime = context.time;
  }

  get #nextSequence(): number {
    return this.journal.length + this.#staged.length;
  }

  #sealMovement({ event, movement, pending }: StagedMovement): void {
    const { debit, credit, ends } = movement;
    debit.history.push(event.sequence);
    credit.history.push(event.sequence);
    assertSound(debit);
    assertSound(credit);
    if (pending !== undefined && pending.expiresAt !== 0) this.expiries.add(pending);
    // Also after one that was ended by the command that made it.
    if (pending !== undefined || ends !== undefined) this.expiries.settle();
  }

  #undoOpening({ id, currency }: Account): void {
    this.accounts.remove(id);
    this.accountList.pop();
    currency.accounts -= 1;
    if (currency.accounts === 0) this.currencies.delete(currency.name);
  }

  #undoMovement({ movement, pending }: StagedMovement): void {
    const { operation, debit, credit, change, ends } = movement;
    move(debit, credit, { posted: -change.posted, pending: -change.pending });
    if (operation.type !== 'expire') this.transfers.remove(operation.id);
    if (ends !== undefined) {
      ends.resolution = undefined;
      this.#pending += 1;
    }
    if (pending !== undefined) {
      this.pendings.remove(pending.id);
      this.#pending -= 1;
    }
  }
}

function resolution(operation: LedgerMovement, sequence: number): Resolution {
  switch (operation.type) {
    case 'post':
      return { type: 'posted', by: operation.id, sequence };
    case 'void':
      return { type: 'voided', by: operation.id, sequence };
    case 'expire':
      return { type: 'expired', sequence };
    case 'transfer':
    case 'pending':
      throw new InvariantError(
        'invariant broken: a transfer is ended by a post, a void or its time',
      );
    default:
      return unreachable(operation);
  }
}

function pendingOf(
  { operation, debit, credit }: Movement,
  sequence: number,
  time: number,
): PendingTransfer | undefined {
  if (operation.type !== 'pending') return undefined;
  const { id, amount, timeoutMs } = operation;
  const expiresAt = timeoutMs === 0 ? 0 : Math.min(time + timeoutMs, maxU48);
  return { id, sequence, debit, credit, amount, expiresAt, resolution: undefined };
}
