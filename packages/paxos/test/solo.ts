/**
 * One engine, driven by hand: for rules that are about a single input and what comes of it.
 *
 * The disk is instant unless a test holds it back; time passes only where a test says so.
 */
import { Image } from '@quorate/conformance/engine';
import { emptyMembership, encodeEntry, membershipOf, seededRandom, utf8 } from '@quorate/core';
import type {
  CommittedRecord,
  Effects,
  Engine,
  EngineStatus,
  Input,
  Load,
  LogRecord,
  Membership,
  MembershipChange,
  NodeId,
  Outcome,
  ReadReady,
  Send,
  StagedSnapshot,
  Write,
  WriteId,
} from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import type { Ballot } from '../src/ballot.ts';
import { paxos, type PaxosMessage, type PaxosOptions } from '../src/index.ts';
import type { Accept, Accepted, Learned, Placed, Prepare, Promised } from '../src/messages.ts';
import { settingsOf } from '../src/options.ts';
import {
  ballotOf,
  headerBytes,
  headerOf,
  isMarkedChosen,
  markedChosen,
  stampHeader,
} from '../src/record.ts';
import { decodeState, type DurableState } from '../src/state.ts';

/** How a {@link Solo} starts. */
export interface SoloOptions {
  readonly node?: NodeId;
  /** @default n1, n2, n3 */
  readonly voters?: readonly NodeId[];
  readonly paxos?: PaxosOptions;
  /** What its disk holds. @default nothing */
  readonly image?: Image;
  /** Writes wait for `store`, and pages for the test. @default false */
  readonly slowDisk?: boolean;
}

/** What the others say to a candidate, where it is not that they hold nothing. */
export type Answers = Readonly<Record<NodeId, Partial<Omit<Promised, 'type' | 'ballot'>>>>;

/** One engine. */
export class Solo {
  readonly node: NodeId;
  readonly engine: Engine<PaxosMessage>;
  /** What is durable. */
  readonly image: Image;
  readonly agreement: number;
  readonly sent: Send<PaxosMessage>[] = [];
  readonly committed: CommittedRecord[] = [];
  readonly outcomes: Outcome[] = [];
  readonly reads: ReadReady[] = [];
  readonly loads: Load[] = [];
  readonly writes: Write[] = [];
  readonly restored: StagedSnapshot[] = [];
  readonly ships: NodeId[] = [];
  readonly #slowDisk: boolean;
  readonly #unstored: Write[] = [];
  #now = 1000;
  #wakeAt: number;
  #tickets = 0;

  constructor(options: SoloOptions = {}) {
    this.node = options.node ?? 'n1';
    this.image = options.image?.copy() ?? new Image();
    this.#slowDisk = options.slowDisk ?? false;
    this.agreement = settingsOf(options.paxos ?? {}).agreement;
    const { first, last, state, snapshot } = this.image;
    this.engine = paxos(options.paxos ?? {}).create({
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
    if (!this.#slowDisk) this.store().page();
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

  /** The durable state. */
  get state(): DurableState {
    const { state } = this.image;
    if (state === undefined) throw new Error(`${this.node} has no state on its disk`);
    return decodeState(state);
  }

  /** One turn with these inputs. */
  step(...inputs: readonly Input<PaxosMessage>[]): this {
    for (const input of inputs) this.engine.step(input, this.#now);
    this.#wakeAt = this.#take().wakeAt;
    if (!this.#slowDisk) this.store().page();
    return this;
  }

  receive(from: NodeId, ...messages: readonly PaxosMessage[]): this {
    return this.step(...messages.map((message) => ({ type: 'receive' as const, from, message })));
  }

  /** Lets time pass without telling the engine. */
  wait(ms: number): this {
    this.#now += ms;
    return this;
  }

  /** So long has nobody heard from a leader that its word binds it no more. */
  orphan(): this {
    return this.wait(1000);
  }

  /** Lets time pass up to the next moment at which the engine wants a tick. */
  tick(): this {
    this.#now = Math.max(this.#now, this.#wakeAt);
    return this.step({ type: 'tick' });
  }

  /** Proposes a command; the ticket. */
  propose(payload: string | Uint8Array = 'x'): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'propose', ticket, record: command(payload, ticket) });
    return ticket;
  }

  read(guarantee: 'linearizable' | 'lease' = 'linearizable'): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'read', ticket, guarantee });
    return ticket;
  }

  reconfigure(...change: MembershipChange): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'reconfigure', ticket, change });
    return ticket;
  }

  transfer(to?: NodeId): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'transfer', ticket, ...(to === undefined ? {} : { to }) });
    return ticket;
  }

  /** Publishes a snapshot of everything up to the index. */
  compact(index: number): number {
    const ticket = ++this.#tickets;
    this.step(
      { type: 'applied', index },
      { type: 'compact', ticket, snapshot: { id: `snapshot-${String(ticket)}`, index } },
    );
    return ticket;
  }

  install(index: number, context: Uint8Array): number {
    const ticket = ++this.#tickets;
    const snapshot = { id: `snapshot-${String(ticket)}`, index };
    this.step({ type: 'install', ticket, snapshot, context });
    return ticket;
  }

  /** How a request ended; `undefined` while it is open. */
  ending(ticket: number): Outcome | undefined {
    return this.outcomes.findLast((outcome) => outcome.ticket === ticket);
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

  /** Answers what is to be read from disk. */
  page(): this {
    for (let load = this.loads.shift(); load !== undefined; load = this.loads.shift()) {
      const records: LogRecord[] = [];
      for (let index = load.from, bytes = 0; index <= load.to; index++) {
        const record = this.image.record(index);
        if (record === undefined) continue;
        bytes += record.length;
        if (records.length > 0 && bytes > load.maxBytes) break;
        records.push({ index, record });
      }
      this.step({ type: 'loaded', load: load.id, records });
    }
    return this;
  }

  /** Messages sent to a node since the last `forget`, whatever they wait for. */
  sentTo(to: NodeId): readonly PaxosMessage[] {
    return this.sent.filter((send) => send.to === to).map((send) => send.message);
  }

  /** Those of one type, to anybody. */
  all<Type extends PaxosMessage['type']>(
    type: Type,
    to?: NodeId,
  ): readonly Extract<PaxosMessage, { type: Type }>[] {
    const is = (message: PaxosMessage): message is Extract<PaxosMessage, { type: Type }> =>
      message.type === type;
    const sends = this.sent.filter((send) => to === undefined || send.to === to);
    return sends.map(({ message }) => message).filter(is);
  }

  /** The last of one type. */
  last<Type extends PaxosMessage['type']>(
    type: Type,
    to?: NodeId,
  ): Extract<PaxosMessage, { type: Type }> {
    const message = this.all(type, to).at(-1);
    if (message === undefined) throw new Error(`no ${type} to ${to ?? 'anybody'}`);
    return message;
  }

  /** Slots proposed to a node since the last `forget`. */
  slotsTo(to: NodeId): readonly number[] {
    return this.all('accept', to).flatMap(({ proposals }) => proposals.map(({ slot }) => slot));
  }

  /** What was last proposed in a slot, as text; no-ops and memberships by their kind. */
  proposedIn(slot: number): string | undefined {
    const placed = this.all('accept')
      .flatMap(({ proposals }) => proposals)
      .findLast((each) => each.slot === slot);
    return placed === undefined ? undefined : textOf(placed.record);
  }

  /** Forgets what was sent so far. */
  forget(): this {
    this.sent.length = 0;
    return this;
  }

  /** The votes on the disk: a text of ballot and value for each slot, from the first to the last. */
  get votes(): readonly string[] {
    const votes: string[] = [];
    for (let index = this.image.first; index <= this.image.last; index++) {
      const record = this.image.record(index);
      votes.push(record === undefined ? '-' : voteOf(record));
    }
    return votes;
  }

  /** Begins phase 1: waits for the time-out, and everybody has lost the leader. */
  campaign(): Ballot {
    const { epoch } = this.status;
    for (let rounds = 0; rounds < 50; rounds++) {
      this.forget().tick();
      for (const { to, message } of [...this.sent]) {
        if (message.type !== 'survey') continue;
        const { askedAt } = message;
        this.receive(to, { type: 'survey-reply', askedAt, lost: true, round: 0 });
      }
      const prepare = this.all('prepare').at(-1);
      if (prepare !== undefined && prepare.ballot.round > epoch) return prepare.ballot;
    }
    throw new Error(`${this.node} does not campaign`);
  }

  /** Wins phase 1: everybody answers, with nothing unless the test says otherwise. */
  lead(answers: Answers = {}): this {
    this.campaign();
    return this.beElected(answers);
  }

  /** Leads, and everything that a new leader begins with is chosen and known to everybody. */
  reign(answers: Answers = {}): this {
    this.lead(answers);
    const others = this.status.peers.map(({ id }) => id);
    for (let last = 0; last < this.status.lastIndex; ) {
      last = this.status.lastIndex;
      for (const id of others) this.acknowledge(id, last, { chosen: last });
    }
    return this.forget();
  }

  /** Answers the prepares that are under way. */
  beElected(answers: Answers = {}): this {
    for (const { to, message } of [...this.sent]) {
      if (message.type === 'prepare') this.receive(to, promise(message, answers[to]));
    }
    if (!this.leads) throw new Error(`${this.node} cannot be made leader`);
    return this;
  }

  /** The ballot that this leader leads in, or its candidate wants to. */
  get ballot(): Ballot {
    return { round: this.status.epoch, node: this.node };
  }

  /** Answers the leader's latest accept as an acceptor that has everything up to `match`. */
  acknowledge(from: NodeId, match: number, fields: Partial<Accepted> = {}): this {
    const last = this.all('accept', from).at(-1);
    return this.receive(from, {
      type: 'accepted',
      ballot: this.ballot,
      match,
      beyond: [],
      seen: match,
      chosen: last?.chosen ?? 0,
      known: 0,
      last: match,
      round: last?.round ?? 0,
      sentAt: last?.sentAt ?? this.#now,
      ...fields,
    });
  }

  #take(): Effects<PaxosMessage> {
    const effects = this.engine.take();
    this.sent.push(...effects.sends);
    this.committed.push(...effects.committed);
    this.outcomes.push(...effects.outcomes);
    this.reads.push(...effects.reads);
    if (effects.restored !== undefined) this.restored.push(effects.restored);
    this.loads.push(...effects.loads);
    this.ships.push(...effects.ships.map(({ to }) => to));
    this.writes.push(...effects.writes);
    this.#unstored.push(...effects.writes);
    return effects;
  }
}

/** A ballot, written as its round and its owner: `3.n2`. */
export function ballot(text: string): Ballot {
  const [round = '', node = ''] = text.split('.');
  return { round: Number(round), node };
}

/** A vote for a command, in a ballot. */
export function vote(text: string, payload: string = 'x'): Uint8Array {
  return stamped(text, command(payload));
}

/** A vote for a membership, in a ballot. */
export function membershipVote(text: string, membership: Membership): Uint8Array {
  return stamped(text, membershipRecord(membership, headerBytes));
}

/** A record that says that its value is chosen. */
export function chosenRecord(text: string, payload: string = 'x'): Uint8Array {
  return markedChosen(vote(text, payload));
}

/** Votes in consecutive slots. */
export function votesFrom(slot: number, text: string, ...payloads: readonly string[]): Placed[] {
  return payloads.map((payload, at) => ({ slot: slot + at, record: vote(text, payload) }));
}

/** The agreement of a group with these options. */
export function agreementOf(options: PaxosOptions = {}): number {
  return settingsOf(options).agreement;
}

/** A prepare, its least interesting fields filled in. */
export function prepare(text: string, fields: Partial<Prepare> = {}): Prepare {
  const agreement = agreementOf();
  return {
    type: 'prepare',
    agreement,
    ballot: ballot(text),
    from: 1,
    transfer: undefined,
    ...fields,
  };
}

/** The answer to a prepare of an acceptor that holds nothing, unless the test says otherwise. */
export function promise(
  { ballot: of, from }: Pick<Prepare, 'ballot' | 'from'>,
  fields: Partial<Promised> = {},
): Promised {
  const chosen = fields.chosen ?? 0;
  return {
    type: 'promise',
    ballot: of,
    chosen,
    firstIndex: 1,
    from,
    votes: [],
    next: 0,
    ...fields,
  };
}

/** An accept, its least interesting fields filled in. */
export function accept(text: string, fields: Partial<Accept> = {}): Accept {
  return {
    type: 'accept',
    agreement: agreementOf(),
    ballot: ballot(text),
    transfer: undefined,
    chosen: 0,
    round: 0,
    sentAt: 0,
    notice: false,
    proposals: [],
    ...fields,
  };
}

/** Chosen values from a slot on. */
export function learned(
  from: number,
  text: string,
  payloads: readonly string[],
  fields: Partial<Learned> = {},
): Learned {
  const records = payloads.map((payload) => vote(text, payload));
  const chosen = from + records.length - 1;
  return {
    type: 'learned',
    from,
    records,
    more: false,
    chosen,
    knownIn: ballot(text),
    ...fields,
  };
}

/** A record's ballot and value: `3.n2 x`, with a star where it is marked as chosen. */
export function voteOf(record: Uint8Array): string {
  const { round, node } = ballotOf(record);
  const star = isMarkedChosen(record) ? '*' : '';
  return `${String(round)}.${node}${star} ${textOf(record)}`;
}

/** The value of a record: the text of a command; anything else by its kind. */
export function textOf(record: Uint8Array): string {
  const kind = record[headerBytes];
  if (kind === 2) return 'membership';
  if (kind === 0) return record.length === headerBytes + 23 ? 'noop' : 'settled';
  let text = '';
  for (const byte of record.subarray(headerBytes + 27)) text += String.fromCharCode(byte);
  return text;
}

/** An entry with one command, its ballot still open. */
export function command(payload: string | Uint8Array, ticket: number = 1): Uint8Array {
  const bytes = typeof payload === 'string' ? utf8(payload) : payload;
  return encodeEntry(
    { kind: 'commands', time: 1, incarnation: 1, ticket, payloads: [bytes] },
    headerBytes,
  );
}

/** Those voters; nobody at all where there are none. */
export function groupOf(voters: readonly NodeId[]): Membership {
  return voters.length === 0 ? emptyMembership : membershipOf(voters.map((id) => ({ id })));
}

function stamped(text: string, record: Uint8Array): Uint8Array {
  stampHeader(record, headerOf(ballot(text)));
  return record;
}
