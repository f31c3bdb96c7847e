/** Frames on a stream: cut out right wherever the chunks end, and judged before they are believed. */
import { concatBytes, crc32, utf8 } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../src/codes.ts';
import { checksum, encodeFrame, FrameParser, headerBytes } from '../src/framing.ts';
import { frameType, preamble } from '../src/members/handshake.ts';
import { nodePlatform } from '../src/node/platform.ts';

/** A header without its payload. */
function header(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint32(1, length);
  return bytes;
}

const limit = 1_000_000;

/** Feeds chunks to a parser and returns the payloads. */
function parse(chunks: Iterable<Uint8Array>): Uint8Array[] {
  const payloads: Uint8Array[] = [];
  const parser = new FrameParser(
    { limit: () => limit, frame: (_type, payload) => payloads.push(payload) },
    preamble,
    nodePlatform,
  );
  for (const chunk of chunks) parser.push(chunk);
  return payloads;
}

function codeOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error instanceof ProtocolError ? error.code : String(error);
  }
}

describe('the checksum', () => {
  it('is the CRC-32 of core, seeded with the type, on every platform', () => {
    const payload = utf8('the same everywhere');
    const expected = crc32(payload, frameType.data);
    expect(checksum(frameType.data, [payload])).toBe(expected);
    expect(checksum(frameType.data, [payload], nodePlatform)).toBe(expected);
  });

  it('does not depend on how the payload is cut into parts, empty ones included', () => {
    const whole = checksum(frameType.data, [utf8('one two')]);
    // An array with no memory of its own makes zlib start over.
    const parts = [utf8(''), utf8('one'), new Uint8Array(0), utf8(' two'), utf8('')];
    expect(checksum(frameType.data, parts)).toBe(whole);
    expect(checksum(frameType.data, parts, nodePlatform)).toBe(whole);
  });
});

describe('the parser', () => {
  it('finds the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 50 }),
        (payloads, sizes) => {
          const stream = concatBytes([
            preamble,
            ...payloads.map((payload) => encodeFrame(frameType.data, payload)),
          ]);
          const chunks: Uint8Array[] = [];
          for (let at = 0, turn = 0; at < stream.length; turn++) {
            const size = sizes[turn % sizes.length] ?? 1;
            chunks.push(stream.slice(at, at + size));
            at += size;
          }
          expect(parse(chunks)).toEqual(payloads);
        },
      ),
    );
  });

  it('hands up a frame that lies inside a chunk as a view, and assembles one that does not', () => {
    const frame = encodeFrame(frameType.data, utf8('payload'));
    const chunk = concatBytes([preamble, frame, frame.subarray(0, 12)]);
    const [inside, spread] = parse([chunk, frame.slice(12)]);
    expect(inside?.buffer).toBe(chunk.buffer);
    expect(spread?.buffer.byteLength).toBe(7);
    expect([inside, spread]).toEqual([utf8('payload'), utf8('payload')]);
  });

  it('takes a million chunks of one byte without keeping any of them', () => {
    const payload = new Uint8Array(999_991).fill(5);
    const stream = concatBytes([preamble, encodeFrame(frameType.data, payload)]);
    const one = new Uint8Array(1);
    // The same array for every byte: a parser that kept chunks would end with garbage.
    const chunks = function* (): Generator<Uint8Array> {
      for (const byte of stream) {
        one[0] = byte;
        yield one;
      }
    };
    const [frame] = parse(chunks());
    expect(frame?.length).toBe(payload.length);
    expect(frame?.every((byte) => byte === 5)).toBe(true);
  });

  it('refuses a length over its limit by the header alone', () => {
    const announced = concatBytes([preamble, header(frameType.data, limit + 1)]);
    expect(codeOf(() => parse([announced]))).toBe('FRAME_TOO_LARGE');
    expect(
      codeOf(() => parse([concatBytes([preamble, header(frameType.data, limit)])])),
    ).toBeUndefined();
  });

  it('knows a stranger by the first wrong byte', () => {
    expect(codeOf(() => parse([utf8('G')]))).toBe('UNKNOWN_PROTOCOL');
    expect(codeOf(() => parse([utf8('quoratX')]))).toBe('UNKNOWN_PROTOCOL');
    expect(codeOf(() => parse([utf8('quorate'), Uint8Array.of(9)]))).toBe('OTHER_VERSION');
  });

  it('notices every flipped bit of a frame, or takes it for the start of a longer one', () => {
    const sound = encodeFrame(frameType.data, utf8('sound'));
    for (let bit = 0; bit < sound.length * 8; bit++) {
      const damaged = sound.slice();
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const frames: Uint8Array[] = [];
      const parser = new FrameParser(
        { limit: () => limit, frame: (_, payload) => frames.push(payload) },
        preamble,
      );
      const code = codeOf(() => {
        parser.push(preamble);
        parser.push(damaged);
      });
      expect(frames).toEqual([]);
      expect(code !== undefined || !parser.betweenFrames).toBe(true);
    }
  });

  it('hands up nothing after it was stopped, not even from the same chunk', () => {
    const frame = encodeFrame(frameType.data, utf8('payload'));
    let count = 0;
    const parser: FrameParser = new FrameParser(
      {
        limit: () => limit,
        frame: () => {
          count += 1;
          if (count === 2) parser.stop();
        },
      },
      preamble,
    );
    parser.push(concatBytes([preamble, frame, frame, frame, frame]));
    parser.push(frame);
    expect(count).toBe(2);
  });
});
