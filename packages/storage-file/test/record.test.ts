/** A record is believed only whole, and only in its place. */
import { seededRandom, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import {
  headerAt,
  payloadPasses,
  putHeader,
  type RecordFields,
  recordHeaderBytes,
  segmentSeed,
} from '../src/record.ts';

const log = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8]);
const seed = segmentSeed(log, 7);
const fields: RecordFields = { kind: 'put', index: 2 ** 40 + 5, batch: 4000, last: true };

function encode(payload: Uint8Array, place = { seed, position: 4096 }): Uint8Array {
  const bytes = new Uint8Array(recordHeaderBytes + payload.length);
  putHeader(new DataView(bytes.buffer), bytes, 0, place, fields, payload);
  bytes.set(payload, recordHeaderBytes);
  return bytes;
}

/** Whether what stands there is believed, at this place. */
function passes(bytes: Uint8Array, at: { seed: number; position: number }): boolean {
  const header = headerAt(bytes, new DataView(bytes.buffer), 0, at.seed, at.position);
  return (
    header !== undefined &&
    header.length === bytes.length - recordHeaderBytes &&
    payloadPasses(header, bytes.subarray(recordHeaderBytes))
  );
}

describe('a record', () => {
  const payloads = [
    new Uint8Array(),
    utf8('x'),
    utf8('a longer payload, above the limit of sixty-four bytes'.repeat(3)),
  ];

  it.each(payloads)('comes back as it was written', (payload) => {
    const bytes = encode(payload);
    const header = headerAt(bytes, new DataView(bytes.buffer), 0, seed, 4096);
    expect(header).toMatchObject({ ...fields, length: payload.length });
    expect(passes(bytes, { seed, position: 4096 })).toBe(true);
  });

  it.each(payloads)('S7: fails its check at every other position, segment and log', (payload) => {
    const bytes = encode(payload);
    for (let shift = 1; shift < 2 ** 31; shift *= 2) {
      expect(passes(bytes, { seed, position: 4096 + shift })).toBe(false);
    }
    for (const segment of [6, 8, 70, 2 ** 33 + 7]) {
      expect(passes(bytes, { seed: segmentSeed(log, segment), position: 4096 })).toBe(false);
    }
    const other = segmentSeed(Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 9]), 7);
    expect(passes(bytes, { seed: other, position: 4096 })).toBe(false);
  });

  it.each(payloads)('fails its check whichever bit is flipped', (payload) => {
    const bytes = encode(payload);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(passes(flipped, { seed, position: 4096 }), `bit ${String(bit)}`).toBe(false);
    }
  });

  it('S1: a length is not believed before its check, whatever it is', () => {
    const bytes = encode(utf8('payload'));
    const view = new DataView(bytes.buffer);
    for (const length of [0, 8, 2 ** 31, 2 ** 32 - 1]) {
      view.setUint32(4, length);
      expect(headerAt(bytes, view, 0, seed, 4096)).toBeUndefined();
    }
  });

  it('S3: zeros are no record, at no place', () => {
    const random = seededRandom(1);
    const zeros = new Uint8Array(recordHeaderBytes);
    for (let round = 0; round < 1000; round++) {
      const position = random.below(2 ** 32);
      expect(
        headerAt(zeros, new DataView(zeros.buffer), 0, random.below(2 ** 32), position),
      ).toBeUndefined();
    }
  });
});
