/** Messages as bytes: what goes in comes out, and nothing else is believed. */
import {
  ByteReader,
  concatBytes,
  FrameWriter,
  MalformedError,
  membershipOf,
  seededRandom,
} from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { describe, expect, it } from 'vitest';
import { codec } from '../../src/codec.ts';
import type { Append, RaftMessage } from '../../src/index.ts';
import { headerBytes, stampTerm } from '../../src/record.ts';
import { commandRecord } from './group.ts';

function encode(message: RaftMessage): Uint8Array {
  const frame = new FrameWriter();
  codec.encode(message, frame);
  return concatBytes(frame.take());
}

const decode = (bytes: Uint8Array): RaftMessage => codec.decode(new ByteReader(bytes));

function record(term: number, text = 'x'): Uint8Array {
  const bytes = commandRecord(text);
  stampTerm(bytes, term);
  return bytes;
}

function membership(term: number): Uint8Array {
  const bytes = membershipRecord(membershipOf([{ id: 'a' }]), headerBytes);
  stampTerm(bytes, term);
  return bytes;
}

const append: Append = {
  type: 'append',
  term: 7,
  previousIndex: 2 ** 40,
  previousTerm: 5,
  commit: 12,
  round: 3,
  sentAt: 1234.5,
  notice: false,
  records: [record(5), record(6, 'y'.repeat(2000)), membership(7)],
};

const messages: readonly RaftMessage[] = [
  { type: 'vote-request', term: 3, lastIndex: 9, lastTerm: 2, pre: true, transfer: false },
  { type: 'vote-request', term: 3, lastIndex: 0, lastTerm: 0, pre: false, transfer: true },
  { type: 'vote-reply', term: 0, pre: true, granted: false },
  { type: 'vote-reply', term: 2 ** 47, pre: false, granted: true },
  append,
  { ...append, previousIndex: 0, previousTerm: 0, notice: true, records: [] },
  {
    type: 'append-reply',
    term: 3,
    match: 1,
    verified: 2,
    round: 4,
    sentAt: 0.25,
    rejected: undefined,
  },
  {
    type: 'append-reply',
    term: 3,
    match: 1,
    verified: 2,
    round: 4,
    sentAt: 0.25,
    rejected: { previousIndex: 9, hintIndex: 8, hintTerm: 1 },
  },
  { type: 'timeout-now', term: 1 },
];

describe('the codec', () => {
  it.each(messages)('keeps a $type', (message) => {
    expect(decode(encode(message))).toEqual(message);
  });

  it.each([
    ['terms that fall', { ...append, records: [record(6), record(5)] }],
    ['a term before the previous one', { ...append, records: [record(4)] }],
    ['a term after the message’s own', { ...append, records: [record(8)] }],
    ['a record too short for an entry', { ...append, records: [record(5).subarray(0, 20)] }],
    ['an index without a term', { ...append, previousTerm: 0 }],
    ['a term without an index', { ...append, previousIndex: 0 }],
    ['a time that is none', { ...append, sentAt: Number.NaN }],
    ['term 0', { ...append, term: 0, previousIndex: 0, previousTerm: 0, records: [] }],
    ['an index past what can be counted', { ...append, previousIndex: 2 ** 48 - 1 }],
    [
      'a membership that is none',
      {
        ...append,
        records: [Uint8Array.from(membership(7), (byte, at) => (at === 40 ? 255 : byte))],
      },
    ],
  ] as const)('refuses %s', (_what, message) => {
    expect(() => decode(encode(message))).toThrow(MalformedError);
  });

  it('refuses an election in a term that the candidate’s log already has', () => {
    const request = {
      type: 'vote-request',
      term: 3,
      lastIndex: 9,
      lastTerm: 3,
      pre: false,
      transfer: false,
    } as const;
    expect(() => decode(encode(request))).toThrow(MalformedError);
  });

  it('refuses every message that is cut short or has something behind it', () => {
    for (const message of messages) {
      const bytes = encode(message);
      for (let length = 0; length < Math.min(bytes.length, 200); length++) {
        expect(() => decode(bytes.slice(0, length))).toThrow(MalformedError);
      }
      expect(() => decode(concatBytes([bytes, new Uint8Array(1)]))).toThrow(MalformedError);
    }
  });

  it('throws nothing but MalformedError, whatever comes in', () => {
    const random = seededRandom(5);
    for (let nth = 0; nth < 20_000; nth++) {
      const bytes = encode(random.pick(messages)).slice();
      for (let flips = 1 + random.below(4); flips > 0; flips--) {
        bytes[random.below(Math.min(bytes.length, 160))] = random.below(256);
      }
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(MalformedError);
      }
    }
  });
});
