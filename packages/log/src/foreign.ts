/**
 * Requests of other nodes, answered here because this node leads (or did, when they set out).
 */
import {
  type LogIndex,
  MalformedError,
  type NodeId,
  openEntry,
  stampTime,
  type Ticket,
} from '@quorate/core';
import type { PeerRuns } from './duplicates.ts';
import type { PeerMessage, RequestBody, RequestOutcome } from './frames.ts';
import { maxRecordBytes, type LogLimits } from './options.ts';

/** How foreign requests reach the engine, and their outcomes the node that asked. */
export interface ForeignRoute {
  /** The epoch in which this node leads, if it does. */
  epoch(): number | undefined;
  step(ticket: Ticket, body: RequestBody): void;
  /** Answers a run of a node; the next one may use the same ticket for something else. */
  answer(to: NodeId, run: number, outcome: RequestOutcome): void;
  nextTicket(): Ticket;
  wallTime(): number;
}

interface Asked {
  readonly from: NodeId;
  readonly run: number;
  readonly ticket: Ticket;
  readonly kind: RequestBody['kind'];
}

/** The table of requests of other nodes. */
export class ForeignRequests {
  readonly #route: ForeignRoute;
  readonly #runs: PeerRuns;
  readonly #incarnation: number;
  readonly #headerBytes: number;
  readonly #max: number;
  readonly #maxRecordBytes: number;
  readonly #asked = new Map<Ticket, Asked>();
  /** Up to where a node waits for what it has handed in. */
  readonly #awaited = new Map<NodeId, LogIndex>();

  constructor(
    route: ForeignRoute,
    runs: PeerRuns,
    incarnation: number,
    headerBytes: number,
    limits: LogLimits,
  ) {
    this.#route = route;
    this.#runs = runs;
    this.#incarnation = incarnation;
    this.#headerBytes = headerBytes;
    this.#max = limits.maxForeignRequests;
    this.#maxRecordBytes = maxRecordBytes(limits, headerBytes);
  }

  /**
   * Takes a request of a run of a node.
   *
   * @throws MalformedError if the record in it is not what a peer may send.
   */
  receive(
    from: NodeId,
    run: number,
    { body, epoch, target, ticket }: Extract<PeerMessage, { readonly type: 'request' }>,
  ): void {
    // Meant for an earlier run of this node, which may have carried it out: nobody can tell any more.
    if (target !== this.#incarnation) return;
    const fits = body.kind !== 'append' || body.record.length <= this.#maxRecordBytes;
    if (body.kind === 'append' && fits) this.#checkRecord(run, ticket, body.record);
    if (!this.#runs.first(from, run, ticket)) return;
    if (epoch !== this.#route.epoch()) {
      this.#route.answer(from, run, { type: 'rejected', ticket, reason: 'not-leader' });
      return;
    }
    if (!fits) {
      // Once in the log it could be too long for a frame, and then no leader could bring it anywhere.
      const detail = `an entry over the limits.maxEntryBytes or maxCommandBytes of the leader (${String(this.#maxRecordBytes)})`;
      this.#route.answer(from, run, { type: 'rejected', ticket, reason: 'invalid', detail });
      return;
    }
    if (this.#asked.size >= this.#max) {
      this.#route.answer(from, run, { type: 'rejected', ticket, reason: 'overloaded' });
      return;
    }
    const own = this.#route.nextTicket();
    this.#asked.set(own, { from, run, ticket, kind: body.kind });
    this.#route.step(own, body);
  }

  /** Passes an outcome on. `false`: the ticket is not a foreign one. */
  outcome(outcome: RequestOutcome): boolean {
    const asked = this.#asked.get(outcome.ticket);
    if (asked === undefined) return false;
    this.#route.answer(asked.from, asked.run, { ...outcome, ticket: asked.ticket });
    // An accepted append has had all its outcomes: its entry tells the rest. An accepted change
    // still becomes done or unknown, and is kept until then.
    if (outcome.type !== 'accepted' || asked.kind === 'append') this.#asked.delete(outcome.ticket);
    if (outcome.type === 'accepted') this.#awaited.set(asked.from, outcome.index);
    return true;
  }

  /** Whether a node waits to hear that the group has decided: asked when it is told up to where that is so. */
  awaits(node: NodeId, decided: LogIndex): boolean {
    const awaited = this.#awaited.get(node);
    if (awaited === undefined) return false;
    if (awaited <= decided) this.#awaited.delete(node);
    return true;
  }

  #checkRecord(run: number, ticket: Ticket, record: Uint8Array): void {
    const entry = openEntry(record, this.#headerBytes);
    if (entry.kind !== 'commands' || entry.incarnation !== run || entry.ticket !== ticket) {
      throw new MalformedError('a forwarded entry must hold commands of the run that sends it');
    }
    // Batches carry the leader's time, not that of whoever forwarded them.
    stampTime(record, this.#headerBytes, this.#route.wallTime());
  }
}
