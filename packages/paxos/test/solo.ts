/** One Paxos engine, driven by hand, and the messages that it is driven with. */
import { SoloEngine, type SoloEngineOptions } from '@quorate/conformance/engine';
import {
  emptyMembership,
  encodeEntry,
  type Membership,
  membershipOf,
  type NodeId,
  utf8,
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
export interface SoloOptions extends SoloEngineOptions {
  readonly paxos?: PaxosOptions;
}

/** What the others say to a candidate, where it is not that they hold nothing. */
export type Answers = Readonly<Record<NodeId, Partial<Omit<Promised, 'type' | 'ballot'>>>>;

/** One Paxos engine. */
export class Solo extends SoloEngine<PaxosMessage> {
  readonly agreement: number;

  constructor({ paxos: options = {}, ...rest }: SoloOptions = {}) {
    super(paxos(options), rest);
    this.agreement = settingsOf(options).agreement;
  }

  /** The durable state. */
  get state(): DurableState {
    const { state } = this.image;
    if (state === undefined) throw new Error(`${this.node} has no state on its disk`);
    return decodeState(state);
  }

  /** So long has nobody heard from a leader that its word binds it no more. */
  orphan(): this {
    return this.wait(1000);
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
      sentAt: last?.sentAt ?? this.now,
      ...fields,
    });
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
