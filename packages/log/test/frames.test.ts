import { ByteReader, concatBytes, FrameWriter, MalformedError, seededRandom } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodePeerMessage,
  encodePeerMessage,
  kindOf,
  type PeerMessage,
  type RequestBody,
  type RequestOutcome,
} from '../src/frames.ts';
import { type AckState, chunkChecksum, maxContextBytes } from '../src/snapshot-messages.ts';

const number = fc.integer({ min: 0, max: 2 ** 47 });
const checksum = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const name = fc.stringMatching(/^[a-z0-9]{1,12}$/);
const bytes = fc.uint8Array({ maxLength: 2000 });
const member = fc.record({ id: name, address: name });

const body: fc.Arbitrary<RequestBody> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), record: bytes }),
  fc.record({
    kind: fc.constant('read' as const),
    guarantee: fc.constantFrom('linearizable' as const, 'lease' as const),
  }),
  fc.record({
    kind: fc.constant('change' as const),
    change: fc.array(
      fc.oneof(
        fc.record({
          type: fc.constantFrom('add-voter' as const, 'add-learner' as const, 'move' as const),
          member: fc.oneof(member, fc.record({ id: name })),
        }),
        fc.record({ type: fc.constant('remove' as const), id: name }),
      ),
      { maxLength: 5 },
    ),
  }),
  fc.record({ kind: fc.constant('transfer' as const), to: fc.option(name, { nil: undefined }) }),
);

const outcome: fc.Arbitrary<RequestOutcome> = fc.oneof(
  fc.record({
    type: fc.constantFrom('accepted' as const, 'done' as const, 'ready' as const),
    ticket: number,
    index: number,
  }),
  fc.record({ type: fc.constant('unknown' as const), ticket: number }),
  fc.record(
    {
      type: fc.constant('rejected' as const),
      ticket: number,
      reason: fc.constantFrom('not-leader' as const, 'overloaded' as const, 'invalid' as const),
      leader: name,
      detail: name,
    },
    { requiredKeys: ['type', 'ticket', 'reason'] },
  ),
);

const message: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    type: fc.constant('request' as const),
    ticket: number,
    target: number,
    epoch: number,
    body,
  }),
  fc.record({ type: fc.constant('outcome' as const), target: number, outcome }),
  fc.record({ type: fc.constantFrom('watch' as const, 'applied' as const), index: number }),
  fc.record({
    type: fc.constant('offer' as const),
    transfer: number,
    index: number,
    totalBytes: number,
    checksum,
    context: bytes,
  }),
  fc.record({
    type: fc.constant('accept' as const),
    target: number,
    transfer: number,
    offset: number,
    chunkBytes: number,
    windowBytes: number,
  }),
  fc.record({
    type: fc.constant('chunk' as const),
    transfer: number,
    offset: number,
    checksum,
    bytes,
  }),
  fc.record({
    type: fc.constant('ack' as const),
    target: number,
    transfer: number,
    offset: number,
    state: fc.constantFrom<AckState>('more', 'again', 'unknown', 'done', 'refused'),
  }),
);

describe('messages between drivers', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(message, (sent) => {
        const frame = new FrameWriter();
        encodePeerMessage(sent, frame);
        const reader = new ByteReader(concatBytes(frame.take()));
        expect(decodePeerMessage(kindOf(sent), reader)).toEqual(sent);
        expect(reader.left).toBe(0);
      }),
    );
  });

  it('that are damaged are refused as malformed, or read as something else, never worse', () => {
    const random = seededRandom(1);
    fc.assert(
      fc.property(message, (sent) => {
        const frame = new FrameWriter();
        encodePeerMessage(sent, frame);
        const damaged = concatBytes(frame.take()).slice();
        damaged[random.below(Math.max(damaged.length, 1))] = random.below(256);
        const cut = damaged.subarray(0, random.below(damaged.length + 1));
        try {
          decodePeerMessage(kindOf(sent), new ByteReader(cut));
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedError);
        }
      }),
    );
  });

  it('have no larger context of a snapshot than is allowed, before anything is made of it', () => {
    const frame = new FrameWriter();
    const offer: PeerMessage = {
      type: 'offer',
      transfer: 1,
      index: 1,
      totalBytes: 1,
      checksum: 1,
      context: new Uint8Array(maxContextBytes + 1),
    };
    encodePeerMessage(offer, frame);
    const reader = new ByteReader(concatBytes(frame.take()));
    expect(() => decodePeerMessage(kindOf(offer), reader)).toThrow(MalformedError);
  });
});

describe('the checksum of a chunk', () => {
  it('covers every bit of it, of its place and of its transfer', () => {
    fc.assert(
      fc.property(number, number, bytes, fc.nat(), (transfer, offset, content, at) => {
        const sum = chunkChecksum(transfer, offset, content);
        const flip = (value: number): number => {
          const bit = 2 ** (at % 48);
          return Math.floor(value / bit) % 2 === 0 ? value + bit : value - bit;
        };
        expect(chunkChecksum(flip(transfer), offset, content)).not.toBe(sum);
        expect(chunkChecksum(transfer, flip(offset), content)).not.toBe(sum);
        if (content.length === 0) return;
        const damaged = content.slice();
        const place = at % content.length;
        damaged[place] = (damaged[place] ?? 0) ^ (1 << (at % 8));
        expect(chunkChecksum(transfer, offset, damaged)).not.toBe(sum);
      }),
    );
  });
});
