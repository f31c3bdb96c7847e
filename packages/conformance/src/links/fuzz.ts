/**
 * What strangers can do: end their own connections, and nothing else.
 *
 * While a good peer talks, others send what nobody should: noise, frames that are cut short, flipped
 * or announce gigabytes, one byte at a time, thousands of connections. They are thrown out within the
 * limits, with a code, and every frame of the good peer arrives on the connection that it had. Seeded,
 * so that what is found once is found again.
 */
import { concatBytes, equalBytes, fromUtf8, type Random, seededRandom, utf8 } from '@quorate/core';
import { headerBytes } from '@quorate/connections/wire';
import { check, equal } from '../check.ts';
import { RawSocket } from './raw.ts';
import {
  dataFrame,
  greetingOf,
  LinkWorld,
  type LinkSuiteOptions,
  pause,
  type Stranger,
  type TestNode,
} from './world.ts';

const maxFrameBytes = 64 * 1024;

/** Registers the tests of strangers. They take a few seconds. */
export function linkFuzzSuite(options: LinkSuiteOptions): void {
  const { framework, harness, patienceMs = 15_000 } = options;
  const test = (name: string, body: (world: LinkWorld) => Promise<void>): void => {
    framework.it(name, async () => {
      const world = new LinkWorld(harness, patienceMs);
      try {
        await body(world);
      } finally {
        await world.close();
      }
    });
  };

  framework.describe(options.name, () => {
    test('streams that are cut, flipped or mixed with noise let nothing through that nobody sent', async (world) => {
      const good = await GoodPeers.start(world, { handshakeTimeoutMs: 1_000, maxFrameBytes });
      const strangers: Stranger[] = [];
      for (let seed = 1; seed <= 150; seed++) {
        const random = seededRandom(seed);
        const stranger = world.stranger(good.a, { silent: true });
        strangers.push(stranger);
        await world.until(() => stranger.isOpen || stranger.end !== undefined, 'it is heard');
        for (const piece of cut(spoilt(random, `eve-${seed}`), random)) stranger.write(piece);
        stranger.link?.end();
        good.talk();
        if (seed % 10 === 0) await pause(0);
      }
      await world.until(() => strangers.every(({ end }) => end !== undefined), 'all are gone');
      await good.check();
      for (const { from, frame } of good.a.received) {
        if (from === 'b') continue;
        check(/^eve-\d+$/.test(from), 'nobody is heard under a name that nobody has used');
        check(/^(sound \d)\1*$/.test(fromUtf8(frame)), 'what is heard was sent like that');
      }
    });

    test('frames that announce gigabytes cost nothing', async (world) => {
      const good = await GoodPeers.start(world, { maxFrameBytes });
      const before = process.memoryUsage().arrayBuffers;
      const strangers = Array.from({ length: 60 }, (_, at) =>
        world.stranger(good.a, { hello: { node: `eve-${at}` } }),
      );
      await world.until(() => strangers.every(({ types }) => types.length > 0), 'all are greeted');
      for (const [at, stranger] of strangers.entries()) {
        stranger.write(header(3, at % 2 === 0 ? 2 ** 32 - 1 : maxFrameBytes + 1));
        good.talk();
      }
      await world.until(() => strangers.every(({ end }) => end !== undefined), 'all are gone');
      equal(good.a.count('ended_frame_too_large'), strangers.length, 'how they ended');
      const grownBytes = process.memoryUsage().arrayBuffers - before;
      check(grownBytes < 64 * 1024 * 1024, `${grownBytes} bytes were kept for nothing`);
      await good.check();
      const said = good.a.lines.filter(({ code }) => code === 'FRAME_TOO_LARGE');
      check(said.length <= 5, `${said.length} lines in the log for one kind of stranger`);
    });

    test('those that send a byte now and then are thrown out in time', async (world) => {
      const handshakeTimeoutMs = 500;
      const good = await GoodPeers.start(world, { handshakeTimeoutMs });
      const raw = Array.from({ length: 30 }, () => new RawSocket(good.a.address));
      const strangers = Array.from({ length: 30 }, () => world.stranger(good.a, { silent: true }));
      await world.until(
        () => strangers.every(({ isOpen, end }) => isOpen || end !== undefined),
        'all have come',
      );
      const start = Date.now();
      const greeting = greetingOf();
      const isOver = (): boolean =>
        raw.every(({ isClosed }) => isClosed) && strangers.every(({ end }) => end !== undefined);
      for (let at = 0; !isOver(); at++) {
        check(Date.now() - start < 10_000, 'the handshake is bounded');
        const byte = greeting.subarray(at % 12, (at % 12) + 1);
        for (const each of raw) each.write(byte);
        if (at < 12) for (const each of strangers) if (each.isOpen) each.write(byte);
        good.talk();
        await pause(20);
      }
      check(good.a.count('ended_handshake_timeout') > 0, 'some of them were only slow');
      await good.check();
    });

    test('thousands of connections leave room for members, and few lines in the log', async (world) => {
      const maxConnections = 32;
      const good = await GoodPeers.start(world, { maxConnections, handshakeTimeoutMs: 2_000 });
      const raw: RawSocket[] = [];
      const start = Date.now();
      const open = (): number => raw.filter(({ isClosed }) => !isClosed).length;
      for (let batch = 0; batch < 12; batch++) {
        for (let at = 0; at < 100; at++) raw.push(new RawSocket(good.a.address));
        good.talk();
        // What a system queues before it is accepted (some hundreds) is not this node's.
        await world.until(() => open() <= 200, 'the node keeps up');
      }
      await world.until(() => open() <= maxConnections, 'all but a few are closed');
      check(good.a.count('ended_busy') > 500, 'they were told that the node is busy');
      // A newcomer gets in, though all places are taken by those who say nothing.
      const late = world.stranger(good.a, { hello: { node: 'late' } });
      await world.until(() => late.types.length > 0, 'the newcomer is greeted');
      await good.check();
      for (const each of raw) each.destroy();
      const said = good.a.lines.filter(({ code }) => code === 'BUSY').length;
      const seconds = (Date.now() - start) / 1_000;
      check(said <= seconds + 2, `${said} lines in ${seconds} seconds`);
    });
  });
}

/** Two nodes that talk while others do what they should not. */
class GoodPeers {
  readonly a: TestNode;
  readonly #world: LinkWorld;
  readonly #b: TestNode;
  readonly #sent: Uint8Array[] = [];

  private constructor(world: LinkWorld, a: TestNode, b: TestNode) {
    this.#world = world;
    this.a = a;
    this.#b = b;
  }

  static async start(
    world: LinkWorld,
    limits: Parameters<LinkWorld['node']>[1],
  ): Promise<GoodPeers> {
    const [a, b] = [await world.node('a', limits), await world.node('b')];
    await world.introduce(a, b);
    return new GoodPeers(world, a, b);
  }

  /** Says something that has to arrive. */
  talk(): void {
    const frame = utf8(`good ${this.#sent.length}`);
    this.#sent.push(frame);
    this.#b.transport.send('a', [frame]);
  }

  /** Everything has arrived, once, and the connections are those of the start. */
  async check(): Promise<void> {
    const heard = (): readonly Uint8Array[] =>
      this.a.received.filter(({ from }) => from === 'b').map(({ frame }) => frame);
    await this.#world.until(() => heard().length >= this.#sent.length, 'all good frames arrive');
    const arrived = heard();
    equal(arrived.length, this.#sent.length, 'good frames');
    check(
      this.#sent.every((frame, at) => equalBytes(frame, arrived[at] ?? utf8(''))),
      'good frames are as they were sent',
    );
    await this.#world.undisturbed(this.a, this.#b);
  }
}

/** A stream that begins well, with something wrong in it. */
function spoilt(random: Random, node: string): Uint8Array {
  const frames = Array.from({ length: 4 }, (_, at) =>
    dataFrame(utf8(`sound ${at}`.repeat(1 + random.below(40)))),
  );
  const sound = concatBytes([greetingOf({ node, to: 'a' }), ...frames]);
  const noise = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
  const at = random.below(sound.length + 1);
  switch (random.below(5)) {
    case 0:
      return concatBytes([noise, sound]);
    case 1:
      return concatBytes([sound.subarray(0, at), noise, sound.subarray(at)]);
    case 2:
      return sound.subarray(0, at);
    case 3:
      return concatBytes([sound, header(random.below(256), random.below(2 ** 32)), noise]);
    default: {
      const flipped = sound.slice();
      const place = random.below(sound.length);
      flipped[place] = (flipped[place] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
  }
}

/** Cuts a stream into pieces, some of them of one byte. */
function* cut(stream: Uint8Array, random: Random): Generator<Uint8Array> {
  for (let at = 0; at < stream.length; ) {
    const length = random.chance(0.3) ? 1 : 1 + random.below(200);
    yield stream.slice(at, at + length);
    at += length;
  }
}

/** A header without its payload. */
function header(type: number, length: number): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, type);
  view.setUint32(1, length);
  return bytes;
}
