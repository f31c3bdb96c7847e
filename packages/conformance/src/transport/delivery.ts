/**
 * What is sent arrives: exactly these bytes, from this node, once.
 */
import { concatBytes, equalBytes, seededRandom, utf8 } from '@quorate/core';
import { check, equal } from '../check.ts';
import { introduce, maxFrameBytes, pause, type TestNode, type TransportTests } from './world.ts';

export function deliveryTests({ test }: TransportTests): void {
  test('a frame is the concatenation of its parts, and tells who sent it', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    a.send(b, utf8('one '), utf8(''), utf8('frame'));
    await world.until(() => b.received.length > 0, 'the frame arrives');
    equal(
      b.received.map(({ from }) => from),
      ['a'],
      'the sender',
    );
    equal(b.textsFrom(a), ['one frame'], 'the frame');
  });

  test('frames of every size from nothing to maxFrameBytes arrive as they are', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const sizes = [0, 1, 2, 3, 7, 8, 9, 255, 256, 257, 4095, 4096, 65_527, 65_535, 65_536, 65_537];
    sizes.push(maxFrameBytes - 1, maxFrameBytes);
    for (const size of sizes) {
      const frame = bytes(size, size);
      a.send(b, frame);
      await world.until(() => b.received.length === 1, `a frame of ${size} bytes arrives`);
      check(equalBytes(b.received[0]?.frame ?? utf8('none'), frame), `${size} bytes are the same`);
      b.received.length = 0;
    }
  });

  test('a frame of many parts, small and large, arrives whole', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const random = seededRandom(3);
    const parts = Array.from({ length: 400 }, (_, at) =>
      bytes(at, random.chance(0.05) ? random.below(4000) : random.below(64)),
    );
    a.send(b, ...parts);
    await world.until(() => b.received.length === 1, 'the frame arrives');
    check(equalBytes(b.received[0]?.frame ?? utf8(''), concatBytes(parts)), 'it is the same');
  });

  test('many frames in one turn arrive once each', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const texts = Array.from({ length: 2000 }, (_, at) => `frame ${String(at).padStart(4, '0')}`);
    for (const text of texts) a.send(b, utf8(text));
    await world.until(() => b.received.length >= texts.length, 'all frames arrive');
    await pause(10);
    equal(b.textsFrom(a), texts, 'the frames');
  });

  test('frames of random sizes, over many turns, arrive once each', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const random = seededRandom(11);
    const sent: Uint8Array[] = [];
    for (let turn = 0; turn < 60; turn++) {
      for (let more = random.below(6); more > 0; more--) {
        const frame = bytes(sent.length, 4 + random.below(random.chance(0.1) ? 120_000 : 900));
        new DataView(frame.buffer).setUint32(0, sent.length);
        sent.push(frame);
        a.send(b, frame.subarray(0, 3), frame.subarray(3));
      }
      await world.until(() => b.received.length >= sent.length - 4, 'the receiver keeps up');
    }
    await world.until(() => b.received.length >= sent.length, 'all frames arrive');
    equal(b.received.length, sent.length, 'the number of frames');
    for (const { frame } of b.received) {
      const number = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
      check(equalBytes(frame, sent[number] ?? utf8('')), `frame ${number} is the same`);
    }
  });

  test('every node hears every other under its right name, both ways at once', async (world) => {
    const nodes = await world.connected('n1', 'n2', 'n3');
    const others = (node: TestNode): readonly TestNode[] => nodes.filter((each) => each !== node);
    for (const from of nodes) {
      for (const to of others(from)) {
        for (let at = 0; at < 50; at++) from.send(to, utf8(`${from.name} to ${to.name}, ${at}`));
      }
    }
    for (const to of nodes) {
      await world.until(() => to.received.length >= 100, `${to.name} has everything`);
      for (const from of others(to)) {
        const texts = Array.from({ length: 50 }, (_, at) => `${from.name} to ${to.name}, ${at}`);
        equal(to.textsFrom(from), texts.sort(), `from ${from.name} to ${to.name}`);
      }
    }
  });

  test('nothing is handed over from inside a send', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    let sending = false;
    let nested = false;
    b.onFrame = (): void => {
      nested ||= sending;
      if (b.received.length < 20) reply(b, a);
    };
    a.onFrame = (): void => {
      nested ||= sending;
      reply(a, b);
    };
    const reply = (from: TestNode, to: TestNode): void => {
      sending = true;
      from.send(to, utf8('again'));
      sending = false;
    };
    reply(a, b);
    await world.until(() => b.received.length >= 20, 'twenty rounds');
    check(!nested, 'receive must not be called from inside send');
  });

  test('a receiver that takes frames in parts gets the same bytes', async (world) => {
    const nodes = [world.node('a'), world.node('b'), world.node('c')] as const;
    const [a, b, c] = nodes;
    b.takesParts = true;
    c.takesParts = true;
    for (const node of nodes) await node.start();
    introduce(nodes);
    for (const to of [b, c]) await world.reaches(a, to);
    const parts = [bytes(1, 1), bytes(2, 3000), bytes(3, 0), bytes(4, 700)];
    const whole = concatBytes(parts);
    for (let round = 0; round < 3; round++) for (const to of [b, c]) a.send(to, ...parts);
    await world.until(() => b.received.length + c.received.length >= 6, 'all frames arrive');
    for (const { received } of [b, c]) {
      check(
        received.every(({ frame }) => equalBytes(frame, whole)),
        'parts add up to the frame',
      );
    }
    check(equalBytes(concatBytes(parts), whole), 'what the sender holds is left alone');
  });

  test('a receiver may write into what it has received', async (world) => {
    const [a, b, c] = await world.connected('a', 'b', 'c');
    const frame = bytes(1, 2000);
    const original = frame.slice();
    const wasExact: boolean[] = [];
    for (const node of [b, c]) {
      node.onFrame = (_from, received): void => {
        wasExact.push(equalBytes(received, original));
        node.received.length = 0;
        received.fill(0);
      };
    }
    for (let round = 0; round < 3; round++) {
      a.send(b, frame);
      a.send(c, frame);
    }
    await world.until(() => wasExact.length === 6, 'all frames arrive');
    check(wasExact.every(Boolean), 'each receiver has the bytes to itself');
    check(equalBytes(frame, original), 'what the sender holds is left alone');
  });

  test(
    'frames of one turn leave in one write for each peer',
    async (world) => {
      const [a, b, c] = await world.connected('a', 'b', 'c');
      check(world.harness.writes !== undefined, "the harness lacks 'writes'");
      const turns = 20;
      const before = world.harness.writes(a.transport);
      for (let turn = 0; turn < turns; turn++) {
        for (let at = 0; at < 10; at++) {
          a.send(b, utf8('to b'));
          a.send(c, utf8('to c'));
        }
        await pause(0);
      }
      await world.until(
        () => b.received.length + c.received.length === 20 * turns,
        'all frames arrive',
      );
      const writes = world.harness.writes(a.transport) - before;
      // The first frame of a turn may leave alone, and the others with the next turn.
      check(writes <= 2 * 2 * turns, `${writes} writes for ${turns} turns and two peers`);
    },
    ['writes'],
  );
}

/** Bytes that look like no others. */
function bytes(seed: number, length: number): Uint8Array {
  const random = seededRandom(seed);
  return Uint8Array.from({ length }, () => random.below(256));
}
