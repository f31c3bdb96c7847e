/**
 * The four codecs: what goes in comes out, exactly; bytes from strangers are refused with one error
 * and cost no more memory than they have themselves.
 */
import {
  ByteReader,
  ByteWriter,
  type Codec,
  decode,
  describeError,
  encode,
  MalformedError,
} from '@quorate/core';
import { check, ConformanceError, equal } from '../check.ts';
import type { Bench } from './bench.ts';
import { places } from './chunks.ts';
import type { MachineTests } from './options.ts';
import { damaged } from './rejections.ts';
import { witness } from './witness.ts';

type Kind = 'commands' | 'results' | 'queries' | 'answers';

interface Sample {
  readonly kind: Kind;
  readonly codec: Codec<unknown>;
  readonly value: unknown;
  readonly bytes: Uint8Array;
}

/** In front of and behind what is decoded, to see that nothing else is read. */
const marginBytes = 7;
const maxCuts = 48;
const rounds = 12;
/** The most that bytes may make a decoder ask for at once, besides their own length. */
const maxAllocation = 1024 * 1024;
/** Lengths and counts that nobody has, as they look in the fields that hold them. */
const hostileLengths: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x01, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];

export function codecTests({ test }: MachineTests): void {
  test('what was encoded comes back', async (bench) => {
    for (const { kind, codec, value, bytes } of samples(bench)) {
      equal(decode(codec, bytes), value, `one of the ${kind}`);
      equal(encode(codec, decode(codec, bytes)), bytes, `one of the ${kind}, encoded again`);
    }
  });

  test('decoding ends right behind the value, whatever follows', async (bench) => {
    for (const { kind, codec, value } of samples(bench)) {
      const writer = new ByteWriter(8).skip(marginBytes);
      codec.encode(value, writer);
      const end = writer.length;
      codec.encode(value, writer);
      const reader = new ByteReader(writer.skip(marginBytes).take(), marginBytes);
      equal(codec.decode(reader), value, `one of the ${kind} in front of another`);
      equal(reader.offset, end, `where the reader stands behind one of the ${kind}`);
      equal(codec.decode(reader), value, `one of the ${kind} behind another`);
      equal(reader.left, marginBytes, `bytes left behind two of the ${kind}`);
    }
  });

  test('bytes that are cut short are MALFORMED', async (bench) => {
    for (const { kind, codec, bytes } of samples(bench)) {
      for (const length of places(bytes.length, maxCuts, bench.random)) {
        const cut = tryToDecode(kind, codec, bytes.slice(0, length));
        check(!cut, `one of the ${kind} was decoded though it was cut short`);
      }
    }
  });

  test('bytes from strangers are MALFORMED, or a value', async (bench) => {
    for (const { kind, codec, bytes } of samples(bench)) {
      for (let round = 0; round < 8; round++) {
        tryToDecode(kind, codec, damaged(bytes, bench.random));
      }
    }
  });

  test('a length that is not there is not believed', async (bench) => {
    for (const { kind, codec, bytes } of samples(bench)) {
      const hostile = bench.random.pick(hostileLengths);
      for (const at of places(bytes.length, maxCuts, bench.random)) {
        const lying = new Uint8Array(Math.max(bytes.length, at + hostile.length));
        lying.set(bytes);
        lying.set(hostile, at);
        const { largest } = witness(() => tryToDecode(kind, codec, lying));
        check(
          largest <= lying.length + maxAllocation,
          `${String(lying.length)} bytes of ${kind} made the decoder ask for room for ${String(largest)}`,
        );
      }
    }
  });
}

/** Values of all four kinds, as a history gives them. */
function samples(bench: Bench): readonly Sample[] {
  const { options, random } = bench;
  const { hosted, script } = bench.lived(bench.length >> 1);
  const { machine } = hosted;
  const found: Sample[] = [];
  const add = (kind: Kind, value: unknown): void => {
    const codec: Codec<unknown> = machine[kind];
    found.push({ kind, codec, value, bytes: encode(codec, value) });
  };
  for (let round = 0; round < rounds; round++) {
    const command = options.command(random);
    add('commands', command);
    const outcome = attempt(() => machine.apply(command, script.context()));
    if ('value' in outcome) add('results', outcome.value);
    const query = options.query(random);
    add('queries', query);
    const answer = attempt(() => machine.query(query));
    if ('value' in answer) add('answers', answer.value);
  }
  return found;
}

/** What is refused gives no sample; with what it may be refused is the matter of other tests. */
function attempt(ask: () => unknown): { readonly value: unknown } | { readonly error: unknown } {
  try {
    return { value: ask() };
  } catch (error) {
    return { error };
  }
}

/** Whether the bytes could be decoded. */
function tryToDecode(kind: Kind, codec: Codec<unknown>, bytes: Uint8Array): boolean {
  try {
    codec.decode(new ByteReader(bytes));
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw new ConformanceError(
      `bytes of ${kind} were refused with something else than MALFORMED: ${describeError(error)}`,
      error,
    );
  }
}
