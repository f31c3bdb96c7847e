/**
 * One engine, driven by hand: for rules that are about a single input and what comes of it.
 *
 * The disk is instant unless a test holds it back; time passes only where a test says so.
 */
import { Image } from '@quorate/conformance/engine';
import {
  emptyMembership,
  encodeEntry,
  membershipBytes,
  membershipOf,
  noopRecord,
  seededRandom,
  utf8,
} from '@quorate/core';
import type {
  CommittedRecord,
  Effects,
  Engine,
  EngineStatus,
  Input,
  Load,
  LogRecord,
  Membership,
  NodeId,
  Outcome,
  ReadReady,
  Send,
  StagedSnapshot,
  Write,
  WriteId,
} from '@quorate/core';
import { raft, type RaftMessage, type RaftOptions } from '../src/index.ts';
import { termBytes } from './raft-checks.ts';

type Append = Extract<RaftMessage, { type: 'append' }>;
type AppendReply = Extract<RaftMessage, { type: 'append-reply' }>;

/** How a {@link Solo} starts. */
export interface SoloOptions {
  readonly node?: NodeId;
  /** @default n1, n2, n3 */
  readonly voters?: readonly NodeId[];
  readonly raft?: RaftOptions;
  /** What its disk holds. @default nothing */
  readonly image?: Image;
  /** Writes wait for `store`, and pages for the test. @default false */
  readonly slowDisk?: boolean;
}

/** One engine. */
export class Solo {
  readonly node: NodeId;
  readonly engine: Engine<RaftMessage>;
  /** What is durable. */
  readonly image: Image;
  readonly sent: Send<RaftMessage>[] = [];
  readonly committed: CommittedRecord[] = [];
  readonly outcomes: Outcome[] = [];
  readonly reads: ReadReady[] = [];
  readonly loads: Load[] = [];
  readonly writes: Write[] = [];
  readonly restored: StagedSnapshot[] = [];
  readonly #slowDisk: boolean;
  readonly #unstored: Write[] = [];
  #now = 1000;
  #wakeAt: number;
  #tickets = 0;

  constructor(options: SoloOptions = {}) {
    this.node = options.node ?? 'n1';
    this.image = options.image?.copy() ?? new Image();
    this.#slowDisk = options.slowDisk ?? false;
    const { first, last, state, snapshot } = this.image;
    this.engine = raft(options.raft ?? {}).create({
      node: this.node,
      recovered: {
        state,
        records: last >= first ? { first, last } : undefined,
        snapshot:
          snapshot === undefined
            ? undefined
            : {
                id: snapshot.id,
                index: snapshot.index,
                context: snapshot.context,
                bytes: snapshot.content.length,
              },
        lastRecord: this.image.record(last),
      },
      bootstrap: groupOf(options.voters ?? ['n1', 'n2', 'n3']),
      random: seededRandom(7),
      now: this.#now,
    });
    this.#wakeAt = this.#take().wakeAt;
  }

  get status(): EngineStatus {
    return this.engine.status;
  }

  get leads(): boolean {
    return this.engine.status.role === 'leader';
  }

  get now(): number {
    return this.#now;
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** One input, one turn. */
  step(...inputs: readonly Input<RaftMessage>[]): this {
    for (const input of inputs) this.engine.step(input, this.#now);
    this.#wakeAt = this.#take().wakeAt;
    if (!this.#slowDisk) this.store().#page();
    return this;
  }

  receive(from: NodeId, message: RaftMessage): this {
    return this.step({ type: 'receive', from, message });
  }

  /** Lets time pass without telling the engine. */
  wait(ms: number): this {
    this.#now += ms;
    return this;
  }

  /** Lets time pass up to the next moment at which the engine wants a tick. */
  tick(): this {
    this.#now = Math.max(this.#now, this.#wakeAt);
    return this.step({ type: 'tick' });
  }

  /** Proposes a command; the ticket. */
  propose(payload: Uint8Array = utf8('x')): number {
    const ticket = ++this.#tickets;
    const record = encodeEntry(
      { kind: 'commands', time: 1, incarnation: 1, ticket, payloads: [payload] },
      termBytes,
    );
    this.step({ type: 'propose', ticket, record });
    return ticket;
  }

  read(guarantee: 'linearizable' | 'lease' = 'linearizable'): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'read', ticket, guarantee });
    return ticket;
  }

  /** Makes writes durable up to one of them, or all, and says so. */
  store(upTo: WriteId = Number.POSITIVE_INFINITY): this {
    while (this.#unstored[0] !== undefined && this.#unstored[0].id <= upTo) {
      const write = this.#unstored.shift();
      if (write === undefined) break;
      this.image.apply(write.ops, () => new Uint8Array(0));
      this.stored(write.id);
    }
    return this;
  }

  /** Reports a write as durable, whatever is true. */
  stored(write: WriteId): this {
    this.engine.step({ type: 'stored', write }, this.#now);
    this.#wakeAt = this.#take().wakeAt;
    return this;
  }

  /** Messages sent to a node since the last `forget`, whatever they wait for. */
  sentTo(to: NodeId): readonly RaftMessage[] {
    return this.sent.filter((send) => send.to === to).map((send) => send.message);
  }

  appendsTo(to: NodeId): readonly Append[] {
    return this.sentTo(to).filter((message) => message.type === 'append');
  }

  repliesTo(to: NodeId): readonly AppendReply[] {
    return this.sentTo(to).filter((message) => message.type === 'append-reply');
  }

  /** The last reply to an append of that node. */
  replyTo(to: NodeId): AppendReply {
    const reply = this.repliesTo(to).at(-1);
    if (reply === undefined) throw new Error(`no reply to ${to}`);
    return reply;
  }

  /** Forgets what was sent so far. */
  forget(): this {
    this.sent.length = 0;
    return this;
  }

  /** Terms of the whole log on disk. */
  get terms(): readonly number[] {
    const terms: number[] = [];
    for (let index = this.image.first; index <= this.image.last; index++) {
      const record = this.image.record(index);
      terms.push(
        record === undefined ? -1 : new DataView(record.buffer, record.byteOffset).getUint16(4),
      );
    }
    return terms;
  }

  /** Wins an election: waits for the time-out and has every voter agree to everything. */
  lead(): this {
    for (let rounds = 0; !this.leads; rounds++) {
      if (rounds === 20) throw new Error(`${this.node} cannot be made leader`);
      const asked = this.sent.filter(({ message }) => message.type === 'vote-request');
      this.forget();
      if (asked.length === 0) this.tick();
      for (const { to, message } of asked) this.#grant(to, message);
    }
    return this;
  }

  /** Answers the leader's latest append as a follower that has everything up to `match`. */
  acknowledge(from: NodeId, match: number): this {
    const last = this.appendsTo(from).at(-1);
    return this.receive(from, {
      type: 'append-reply',
      term: this.status.epoch,
      match,
      verified: match,
      round: last?.round ?? 0,
      sentAt: last?.sentAt ?? this.#now,
      rejected: undefined,
    });
  }

  #grant(from: NodeId, request: RaftMessage): void {
    if (request.type !== 'vote-request' || this.leads) return;
    const { term, pre } = request;
    this.receive(from, { type: 'vote-reply', term, pre, granted: true });
  }

  /** Answers what is to be read from disk. */
  #page(): void {
    for (let load = this.loads.shift(); load !== undefined; load = this.loads.shift()) {
      const records: LogRecord[] = [];
      for (let index = load.from, bytes = 0; index <= load.to; index++) {
        const record = this.image.record(index);
        if (record === undefined) break;
        bytes += record.length;
        if (records.length > 0 && bytes > load.maxBytes) break;
        records.push({ index, record });
      }
      this.step({ type: 'loaded', load: load.id, records });
    }
  }

  #take(): Effects<RaftMessage> {
    const effects = this.engine.take();
    this.sent.push(...effects.sends);
    this.committed.push(...effects.committed);
    this.outcomes.push(...effects.outcomes);
    this.reads.push(...effects.reads);
    if (effects.restored !== undefined) this.restored.push(effects.restored);
    this.loads.push(...effects.loads);
    this.writes.push(...effects.writes);
    this.#unstored.push(...effects.writes);
    return effects;
  }
}

/** A record with a term, as a leader of that term would have written it. */
export function record(term: number, payload: string = 'x'): Uint8Array {
  return stamped(
    term,
    encodeEntry(
      { kind: 'commands', time: 1, incarnation: 9, ticket: 1, payloads: [utf8(payload)] },
      termBytes,
    ),
  );
}

/** A no-op with a term. */
export function noop(term: number): Uint8Array {
  return stamped(term, noopRecord(termBytes));
}

/** A membership with a term. */
export function membershipEntry(term: number, membership: Membership): Uint8Array {
  const payloads = [membershipBytes(membership)];
  return stamped(
    term,
    encodeEntry({ kind: 'membership', time: 0, incarnation: 0, ticket: 0, payloads }, termBytes),
  );
}

/** An append, its least interesting fields filled in. */
export function append(
  fields: Pick<Append, 'term'> & Partial<Omit<Append, 'type' | 'term'>>,
): Append {
  return {
    type: 'append',
    previousIndex: 0,
    previousTerm: 0,
    commit: 0,
    round: 0,
    sentAt: 0,
    notice: false,
    records: [],
    ...fields,
  };
}

/**
 * A disk whose log has entries of these terms, as followers get it: by appends of a leader of each
 * term in turn. The node's own term is at least `term`.
 */
export function diskWith(
  terms: readonly number[],
  options: SoloOptions & { readonly term?: number } = {},
): Image {
  const solo = new Solo({ raft: { maxUnappliedBytes: 1024 ** 3 }, ...options });
  const leader = solo.node === 'n2' ? 'n1' : 'n2';
  let at = 0;
  while (at < terms.length) {
    const term = terms[at] ?? 0;
    let end = at;
    while (terms[end] === term) end++;
    const records = Array.from({ length: end - at }, () => noop(term));
    const previousTerm = terms[at - 1] ?? 0;
    solo.receive(leader, append({ term, previousIndex: at, previousTerm, records }));
    at = end;
  }
  const { term } = options;
  const previousTerm = terms.at(-1) ?? 0;
  if (term !== undefined && term > previousTerm) {
    solo.receive(leader, append({ term, previousIndex: terms.length, previousTerm }));
  }
  return solo.image;
}

/** Those voters; nobody at all where there are none. */
function groupOf(voters: readonly NodeId[]): Membership {
  return voters.length === 0 ? emptyMembership : membershipOf(voters.map((id) => ({ id })));
}

function stamped(term: number, bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(4, term);
  return bytes;
}
