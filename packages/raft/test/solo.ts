/** One Raft engine, driven by hand, and the messages that it is driven with. */
import { type Image, SoloEngine, type SoloEngineOptions } from '@quorate/conformance/engine';
import {
  encodeEntry,
  type Membership,
  membershipBytes,
  type NodeId,
  noopRecord,
  utf8,
} from '@quorate/core';
import { raft, type RaftMessage, type RaftOptions } from '../src/index.ts';
import { headerBytes } from '../src/record.ts';

type Append = Extract<RaftMessage, { type: 'append' }>;
type AppendReply = Extract<RaftMessage, { type: 'append-reply' }>;

/** How a {@link Solo} starts. */
export interface SoloOptions extends SoloEngineOptions {
  readonly raft?: RaftOptions;
}

/** One Raft engine. */
export class Solo extends SoloEngine<RaftMessage> {
  constructor({ raft: options = {}, ...rest }: SoloOptions = {}) {
    super(raft(options), rest);
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
      sentAt: last?.sentAt ?? this.now,
      rejected: undefined,
    });
  }

  #grant(from: NodeId, request: RaftMessage): void {
    if (request.type !== 'vote-request' || this.leads) return;
    const { term, pre } = request;
    this.receive(from, { type: 'vote-reply', term, pre, granted: true });
  }
}

/** A record with a term, as a leader of that term would have written it. */
export function record(term: number, payload: string = 'x'): Uint8Array {
  return stamped(
    term,
    encodeEntry(
      { kind: 'commands', time: 1, incarnation: 9, ticket: 1, payloads: [utf8(payload)] },
      headerBytes,
    ),
  );
}

/** A no-op with a term. */
export function noop(term: number): Uint8Array {
  return stamped(term, noopRecord(headerBytes));
}

/** A membership with a term. */
export function membershipEntry(term: number, membership: Membership): Uint8Array {
  const payloads = [membershipBytes(membership)];
  return stamped(
    term,
    encodeEntry({ kind: 'membership', time: 0, incarnation: 0, ticket: 0, payloads }, headerBytes),
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

function stamped(term: number, bytes: Uint8Array): Uint8Array {
  new DataView(bytes.buffer, bytes.byteOffset).setUint16(4, term);
  return bytes;
}
