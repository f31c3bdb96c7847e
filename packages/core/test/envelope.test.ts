/** What stands around commands, and what becomes of them, in bytes. */
import {
  ByteReader,
  ByteWriter,
  type Envelope,
  envelopeType,
  MalformedError,
  readEnvelope,
  readReply,
  type Reply,
  writeEnvelope,
  writeReply,
} from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const place = { session: 2 ** 40, sequence: 7, answered: 5 };
const envelopes: readonly Envelope[] = [
  { type: 'command' },
  { type: 'session-command', ...place },
  { type: 'skip', ...place },
  { type: 'open-session', timeoutMs: 10_000 },
  { type: 'keep-session', session: 1, answered: 9 },
  { type: 'close-session', session: 3 },
  { type: 'time' },
  { type: 'leader' },
];
const replies: readonly Reply[] = [
  { type: 'result' },
  { type: 'rejected', reason: 'no such account: Zoë' },
  { type: 'skipped' },
  { type: 'session', session: 2 ** 40 },
  { type: 'done' },
];

function bytesOf(write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.take();
}

/** Whether something of the user's may stand behind it. */
const carries = ({ type }: Envelope | Reply): boolean =>
  ['command', 'session-command', 'result', 'rejected'].includes(type);

describe.each([
  ...envelopes.map((value) => ({
    value,
    name: `the envelope ${value.type}`,
    bytes: bytesOf((writer) => writeEnvelope(value, writer)),
    read: readEnvelope,
  })),
  ...replies.map((value) => ({
    value,
    name: `the reply ${value.type}`,
    bytes: bytesOf((writer) => writeReply(value, writer)),
    read: readReply,
  })),
])('$name', ({ value, bytes, read }) => {
  it('comes back as it was, and leaves the reader behind it', () => {
    const reader = new ByteReader(bytes);
    expect(read(reader)).toEqual(value);
    expect(reader.left).toBe(0);
  });

  it('is refused if it is cut short', () => {
    const least = value.type === 'rejected' ? 1 : bytes.length;
    for (let length = 0; length < least; length++) {
      expect(() => read(new ByteReader(bytes.subarray(0, length)))).toThrow(MalformedError);
    }
  });

  if (carries(value)) return;

  it('is refused if something stands behind it', () => {
    expect(() => read(new ByteReader(Uint8Array.of(...bytes, 0)))).toThrow(MalformedError);
  });
});

it.each([8, 255])('kind %i is refused', (kind) => {
  expect(() => readEnvelope(new ByteReader(Uint8Array.of(kind)))).toThrow(MalformedError);
  expect(() => readReply(new ByteReader(Uint8Array.of(kind)))).toThrow(MalformedError);
});

it('the type alone is told, and refused, as with all the rest', () => {
  const outcome = (read: () => Envelope['type']): string => {
    try {
      return read();
    } catch (error) {
      if (error instanceof MalformedError) return 'malformed';
      throw error;
    }
  };
  const payloads = fc.oneof(
    fc.uint8Array({ maxLength: 24 }),
    fc
      .tuple(fc.nat(9), fc.uint8Array({ maxLength: 24 }))
      .map(([kind, rest]) => Uint8Array.of(kind, ...rest)),
  );
  fc.assert(
    fc.property(payloads, (payload) => {
      expect(outcome(() => envelopeType(payload))).toBe(
        outcome(() => readEnvelope(new ByteReader(payload)).type),
      );
    }),
    { numRuns: 1_000 },
  );
});
