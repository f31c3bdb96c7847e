/**
 * Everything that is asked of the engine on behalf of somebody: appends, reads, membership changes,
 * transfers. Any node takes them. On the leader they are stepped into the engine; elsewhere they go
 * to the leader in a frame, and the outcome comes back in the engine's own words, so both ways end
 * in {@link Requests.outcome}.
 *
 * The three outcomes (apps/docs/what-a-caller-is-told.md) are decided here:
 * - an append is *done* when a decided entry carries this run's incarnation and its ticket;
 * - it is *definitely not* when it was rejected; when another entry was decided at the index where it
 *   was accepted (one ticket is appended at one index only, so it can never come later); when all
 *   that its epoch can still decide was delivered without it (a request is taken in one epoch only).
 *   Then it is handed on again, under a new ticket, until its time runs out: a caller whose leader
 *   was killed waits a moment longer, and that is all;
 * - it is *unknown* when time runs out while it is handed on, or a snapshot jumped over it.
 */
import {
  ByteWriter,
  type Caller,
  decodeEntry,
  encodeEntry,
  encodeWritten,
  type EntryHead,
  entryOverheadBytes,
  type LogIndex,
  type NodeId,
  payloadOverheadBytes,
  type QuorateError,
  stampTicket,
  type Ticket,
  unreachable,
} from '@quorate/core';
import {
  closed,
  commandTooLarge,
  entryTooLarge,
  jumpedOver,
  leadershipLost,
  neverHandedOn,
  rejection,
  tooLate,
  tooMuchPending,
} from './answers.ts';
import type { Question, RequestBody, RequestOutcome } from './frames.ts';
import { type LogLimits, maxRecordBytes } from './options.ts';

/** What a request that is not a batch of callers comes to. */
export type Settle = (result: LogIndex | QuorateError) => void;

/** Gives a request up. @returns whether it is sure that nothing comes of it. */
export type Withdraw = () => boolean;

/** Where requests go. */
export interface RequestRoute {
  /** Whether the engine here answers linearizable reads without the leader. */
  readonly readsAnywhere: boolean;
  /** Who leads, as far as this node knows, and how to reach it. */
  leader(): 'here' | { readonly to: NodeId } | undefined;
  /** The epoch in which that node leads. */
  epoch(): number;
  /** Steps the request into the engine here. */
  here(ticket: Ticket, body: RequestBody): void;
  /** Sends the request to the leader. */
  there(to: NodeId, ticket: Ticket, body: RequestBody): void;
  now(): number;
  wallTime(): number;
  /** Draws the number for a ticket. */
  nextTicket(): Ticket;
  /** Asks for a turn. */
  schedule(): void;
}

interface Pending<C extends Caller> {
  body: RequestBody;
  readonly deadline: number;
  readonly bytes: number;
  /** One caller a payload, for batches of commands. */
  readonly callers: readonly C[] | undefined;
  readonly settle: Settle | undefined;
  /** Not handed on yet, or handed to the engine here, or sent to that node. */
  place: 'waiting' | 'here' | { readonly to: NodeId };
  ticket: Ticket;
  handedOnAt: number;
  /** The epoch in which it was handed on; it is taken in no other. */
  epoch: number;
  /** Where an append was accepted. */
  index: LogIndex | undefined;
  /** A snapshot took the place of a part of the log since it was handed on. */
  mayBeJumpedOver: boolean;
}

/** The batch of this turn. Its payloads are in the writer of the table. */
interface OpenBatch<C extends Caller> {
  readonly callers: C[];
  /** Of its record. */
  bytes: number;
}

/** A read that is not answered for so many retry intervals is asked again: reading twice is harmless. */
const readRetries = 10;

/** What a request other than an append counts against `maxPendingBytes`. */
const askBytes = 256;

/** The table of requests of this node. */
export class Requests<C extends Caller> {
  readonly #route: RequestRoute;
  readonly #limits: LogLimits;
  readonly #headerBytes: number;
  readonly #incarnation: number;
  #open: OpenBatch<C> | undefined;
  /** Payloads of the open batch. The same memory for every batch, so it is at hand. */
  readonly #payloads = new ByteWriter();
  #waiting: Pending<C>[] = [];
  readonly #handedOn = new Map<Ticket, Pending<C>>();
  /** Appends that were accepted, by index. */
  readonly #accepted = new Map<LogIndex, Pending<C>>();
  #pendingBytes = 0;
  #retryAt = 0;

  constructor(route: RequestRoute, limits: LogLimits, headerBytes: number, incarnation: number) {
    this.#route = route;
    this.#limits = limits;
    this.#headerBytes = headerBytes;
    this.#incarnation = incarnation;
  }

  /** Requests that wait or are under way. */
  get size(): number {
    return this.#waiting.length + this.#handedOn.size + (this.#open === undefined ? 0 : 1);
  }

  /** Bytes of payloads not settled yet. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Puts a command into the batch of this turn. */
  submit(payload: Uint8Array, caller: C): void {
    const bytes = payload.length + payloadOverheadBytes;
    const refusal = this.#refusal(payload.length, bytes);
    if (refusal !== undefined) {
      caller.reject(refusal);
      return;
    }
    let open = this.#open;
    if (open !== undefined && open.bytes + bytes > this.#limits.maxEntryBytes) {
      this.#closeBatch();
      open = undefined;
    }
    if (open === undefined) {
      open = { callers: [], bytes: this.#headerBytes + entryOverheadBytes };
      this.#open = open;
      this.#route.schedule();
    }
    this.#payloads.bytes(payload);
    open.callers.push(caller);
    open.bytes += bytes;
    this.#pendingBytes += bytes;
  }

  /** Appends payloads as one entry. */
  append(payloads: readonly Uint8Array[], settle: Settle): Withdraw {
    let bytes = entryOverheadBytes;
    let longest = 0;
    for (const { length } of payloads) {
      bytes += length + payloadOverheadBytes;
      if (length > longest) longest = length;
    }
    const refusal = this.#refusal(longest, bytes);
    if (refusal !== undefined) return refused(settle, refusal);
    const whole = this.#headerBytes + bytes;
    const most = maxRecordBytes(this.#limits, this.#headerBytes);
    if (whole > most) return refused(settle, entryTooLarge(whole, most));
    this.#closeBatch();
    return this.#wait({ kind: 'append', record: this.#encode(payloads) }, bytes, undefined, settle);
  }

  /** Asks for a read, a change or a transfer. */
  ask(body: Question, settle: Settle): Withdraw {
    const refusal = this.#refusal(0, askBytes);
    if (refusal !== undefined) return refused(settle, refusal);
    // What was submitted before must not find that leadership is being handed over. Reads may
    // overtake commands that are not decided.
    if (body.kind !== 'read') this.#closeBatch();
    return this.#wait(body, askBytes, undefined, settle);
  }

  /** Hands on what waits, where a leader is known. Once a turn. */
  flush(): void {
    this.#closeBatch();
    if (this.#waiting.length === 0 || this.#route.now() < this.#retryAt) return;
    const leader = this.#route.leader();
    if (leader === undefined && !this.#route.readsAnywhere) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const pending of waiting) {
      const place = this.#isForAnybody(pending.body) ? 'here' : leader;
      if (place === undefined) this.#waiting.push(pending);
      else this.#handOn(pending, place);
    }
  }

  /** What an engine says of a ticket, the one here or (`from`) the one of the node that was asked. */
  outcome(
    outcome: RequestOutcome,
    from: NodeId | undefined,
    applied: LogIndex,
    jumpedTo: LogIndex,
  ): void {
    const pending = this.#handedOn.get(outcome.ticket);
    if (pending === undefined || !isFrom(pending, from)) return;
    const { kind } = pending.body;
    switch (outcome.type) {
      case 'accepted':
        this.#wasAccepted(pending, outcome.index, applied, jumpedTo);
        return;
      case 'done':
      case 'ready':
        // Only its own entry says that an append is done: it has callers to hand over.
        if (kind !== 'append') this.#settle(pending, outcome.index);
        return;
      case 'unknown':
        this.#settle(pending, leadershipLost());
        return;
      case 'rejected': {
        const error = rejection(kind, outcome);
        if (error === undefined) this.#again(pending);
        else this.#settle(pending, error);
        return;
      }
      default:
        unreachable(outcome);
    }
  }

  /**
   * Notes a decided entry.
   *
   * @returns the callers of its payloads, where this run of this node submitted it and they wait.
   */
  decided(index: LogIndex, incarnation: number, ticket: Ticket): readonly C[] | undefined {
    const own = incarnation === this.#incarnation ? this.#handedOn.get(ticket) : undefined;
    if (this.#accepted.size > 0) {
      const expected = this.#accepted.get(index);
      if (expected !== undefined && expected !== own) this.#again(expected);
    }
    if (own === undefined) return undefined;
    own.index = index;
    this.#settle(own, index);
    return own.callers;
  }

  /**
   * A snapshot took the place of the log up to this index. What was accepted below is unknown; of
   * everything else that is under way it is not known any more that it does not stand there.
   */
  jumped(index: LogIndex): void {
    for (const pending of [...this.#handedOn.values()]) {
      if (pending.index !== undefined && pending.index <= index) {
        this.#settle(pending, jumpedOver());
      } else {
        pending.mayBeJumpedOver = pending.index === undefined;
      }
    }
  }

  /**
   * What was proposed in an epoch below this one and was not delivered until now will never be
   * decided (see core's `EngineStatus.settledEpoch`).
   */
  settled(epoch: number): void {
    for (const pending of [...this.#handedOn.values()]) {
      if (pending.epoch >= epoch) continue;
      switch (pending.body.kind) {
        case 'append':
          if (pending.mayBeJumpedOver) this.#settle(pending, jumpedOver());
          else this.#again(pending);
          break;
        case 'read':
          this.#again(pending);
          break;
        case 'change':
          // Its first half may be decided, and the new leader then brings it to its end.
          this.#settle(pending, leadershipLost());
          break;
        case 'transfer':
          // What was asked for is just this: its own outcome is on the way.
          break;
        default:
          unreachable(pending.body);
      }
    }
  }

  /** Rejects what waits for too long, and asks again for reads that got no answer. */
  sweep(): void {
    const now = this.#route.now();
    const late = this.#waiting.filter(({ deadline }) => now >= deadline);
    if (late.length > 0) this.#waiting = this.#waiting.filter(({ deadline }) => now < deadline);
    for (const pending of late) this.#settle(pending, neverHandedOn(pending.body.kind));
    for (const pending of [...this.#handedOn.values()]) {
      if (now >= pending.deadline) {
        this.#settle(pending, tooLate(pending.body.kind));
      } else if (
        pending.body.kind === 'read' &&
        typeof pending.place === 'object' &&
        now - pending.handedOnAt >= readRetries * this.#limits.retryMs
      ) {
        this.#again(pending);
      }
    }
  }

  /** Rejects everything; afterwards nothing waits. */
  close(cause?: QuorateError): void {
    this.#closeBatch();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const pending of waiting) this.#settle(pending, closed(pending.body.kind, false, cause));
    for (const pending of [...this.#handedOn.values()]) {
      this.#settle(pending, closed(pending.body.kind, true, cause));
    }
  }

  #isForAnybody(body: RequestBody): boolean {
    return this.#route.readsAnywhere && body.kind === 'read' && body.guarantee === 'linearizable';
  }

  #refusal(payloadBytes: number, addedBytes: number): QuorateError | undefined {
    const { maxCommandBytes, maxPendingBytes } = this.#limits;
    if (payloadBytes > maxCommandBytes) return commandTooLarge(payloadBytes, maxCommandBytes);
    if (this.#pendingBytes + addedBytes > maxPendingBytes) return tooMuchPending(maxPendingBytes);
    return undefined;
  }

  #closeBatch(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const bytes = open.bytes - this.#headerBytes - entryOverheadBytes;
    this.#pendingBytes -= bytes;
    const { callers } = open;
    const record = encodeWritten(this.#head(), callers.length, this.#payloads, this.#headerBytes);
    this.#wait({ kind: 'append', record }, bytes, callers, undefined);
  }

  #wait(
    body: RequestBody,
    bytes: number,
    callers: readonly C[] | undefined,
    settle: Settle | undefined,
  ): Withdraw {
    const pending: Pending<C> = {
      body,
      bytes,
      callers,
      settle,
      deadline: this.#route.now() + this.#limits.requestTimeoutMs,
      place: 'waiting',
      ticket: 0,
      handedOnAt: 0,
      epoch: 0,
      mayBeJumpedOver: false,
      index: undefined,
    };
    this.#pendingBytes += bytes;
    this.#waiting.push(pending);
    this.#route.schedule();
    return () => this.#withdraw(pending);
  }

  /** What was handed on may still happen, and is kept until that is known: except for a read. */
  #withdraw(pending: Pending<C>): boolean {
    if (pending.place === 'waiting') {
      this.#waiting = this.#waiting.filter((other) => other !== pending);
    } else if (pending.body.kind === 'read') {
      this.#handedOn.delete(pending.ticket);
    } else {
      return false;
    }
    this.#pendingBytes -= pending.bytes;
    return true;
  }

  #handOn(pending: Pending<C>, leader: 'here' | { readonly to: NodeId }): void {
    const ticket = this.#route.nextTicket();
    pending.ticket = ticket;
    pending.handedOnAt = this.#route.now();
    pending.epoch = this.#route.epoch();
    pending.mayBeJumpedOver = false;
    if (pending.body.kind === 'append') stampTicket(pending.body.record, this.#headerBytes, ticket);
    this.#handedOn.set(ticket, pending);
    pending.place = leader;
    if (leader === 'here') this.#route.here(ticket, pending.body);
    else this.#route.there(leader.to, ticket, pending.body);
  }

  #wasAccepted(pending: Pending<C>, index: LogIndex, applied: LogIndex, jumpedTo: LogIndex): void {
    if (pending.body.kind !== 'append') return;
    pending.index = index;
    pending.mayBeJumpedOver = false;
    if (index > applied) {
      this.#accepted.set(index, pending);
    } else if (index > jumpedTo) {
      // The answer came after that index was delivered here, and it was not ours.
      this.#again(pending);
    } else {
      this.#settle(pending, jumpedOver());
    }
  }

  /** Hands on again what definitely did not happen. Its place among other requests is lost. */
  #again(pending: Pending<C>): void {
    this.#forget(pending);
    pending.place = 'waiting';
    pending.index = undefined;
    // The engine stamped the record, and a transport may still hold it: a new copy for the new ticket.
    if (pending.body.kind === 'append') {
      const { payloads } = decodeEntry(pending.body.record, this.#headerBytes);
      pending.body = { kind: 'append', record: this.#encode(payloads) };
    }
    this.#waiting.push(pending);
    this.#retryAt = this.#route.now() + this.#limits.retryMs;
  }

  #forget(pending: Pending<C>): void {
    if (pending.place !== 'waiting') this.#handedOn.delete(pending.ticket);
    if (pending.index !== undefined && this.#accepted.get(pending.index) === pending) {
      this.#accepted.delete(pending.index);
    }
  }

  #settle(pending: Pending<C>, result: LogIndex | QuorateError): void {
    this.#forget(pending);
    this.#pendingBytes -= pending.bytes;
    pending.settle?.(result);
    if (typeof result !== 'number' && pending.callers !== undefined) {
      for (const caller of pending.callers) caller.reject(result);
    }
  }

  #encode(payloads: readonly Uint8Array[]): Uint8Array {
    return encodeEntry({ ...this.#head(), payloads }, this.#headerBytes);
  }

  /** Of an entry of now; its ticket is drawn when it is handed on. */
  #head(): EntryHead {
    const time = this.#route.wallTime();
    return { kind: 'commands', time, incarnation: this.#incarnation, ticket: 0 };
  }
}

function isFrom<C extends Caller>({ place }: Pending<C>, from: NodeId | undefined): boolean {
  return typeof place === 'object' ? place.to === from : from === undefined;
}

function refused(settle: Settle, refusal: QuorateError): Withdraw {
  settle(refusal);
  return () => true;
}
