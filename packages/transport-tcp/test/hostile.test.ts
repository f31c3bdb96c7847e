/** Strangers: each ends its own connection, with a code, and nobody else notices. */
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { concatBytes, seededRandom, utf8 } from '@quorate/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeFrame, frameType, preamble } from '@quorate/connections/wire';
import {
  dataFrame,
  greeting,
  header,
  helloFrame,
  pause,
  startNode,
  startPair,
  Stranger,
  undisturbed,
  until,
} from './support.ts';

const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const damaged = bytes.slice();
  damaged[at] = (damaged[at] ?? 0) ^ 0x10;
  return damaged;
};

/** Long enough for two nodes to meet on a machine that is busy with other things. */
const handshakeTimeoutMs = 1_500;

describe('instead of a greeting', () => {
  const cases: readonly {
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly code: string;
    readonly told?: string;
  }[] = [
    { name: 'HTTP', bytes: utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), code: 'UNKNOWN_PROTOCOL' },
    {
      name: 'a TLS hello',
      bytes: Uint8Array.of(22, 3, 1, 2, 0, 1, 0),
      code: 'TLS_REFUSED',
      told: 'MALFORMED',
    },
    { name: 'nearly the right magic', bytes: utf8('quoratf\u0001'), code: 'UNKNOWN_PROTOCOL' },
    { name: 'another version', bytes: utf8('quorate\u0002'), code: 'OTHER_VERSION' },
    { name: 'another cluster', bytes: greeting({ cluster: 'prod' }), code: 'OTHER_CLUSTER' },
    { name: 'a wish for another node', bytes: greeting({ to: 'z' }), code: 'OTHER_NODE' },
    { name: "the node's own name", bytes: greeting({ node: 'a' }), code: 'SAME_NODE' },
    { name: 'a name that is none', bytes: greeting({ node: 'e v e' }), code: 'MALFORMED' },
    { name: 'an empty name', bytes: greeting({ node: '' }), code: 'MALFORMED' },
    {
      name: 'a promise never to be silent',
      bytes: greeting({ keepAliveMs: 0 }),
      code: 'MALFORMED',
    },
    {
      name: 'a promise to be silent for ever',
      bytes: greeting({ keepAliveMs: 2 ** 32 - 1 }),
      code: 'MALFORMED',
    },
    {
      name: 'a hello with something behind it',
      bytes: concatBytes([
        preamble,
        encodeFrame(frameType.hello, concatBytes([helloFrame().subarray(9), utf8('x')])),
      ]),
      code: 'MALFORMED',
    },
    {
      name: 'a hello that is cut short',
      bytes: concatBytes([preamble, encodeFrame(frameType.hello, helloFrame().subarray(9, 20))]),
      code: 'MALFORMED',
    },
    {
      name: 'a hello of 4 GiB',
      bytes: concatBytes([preamble, header(frameType.hello, 2 ** 32 - 1)]),
      code: 'FRAME_TOO_LARGE',
      told: 'MALFORMED',
    },
    {
      name: 'a damaged hello',
      bytes: flip(greeting(), 30),
      code: 'BAD_CHECKSUM',
      told: 'MALFORMED',
    },
    {
      name: 'data before the hello',
      bytes: concatBytes([preamble, dataFrame('let me in')]),
      code: 'UNEXPECTED_FRAME',
      told: 'MALFORMED',
    },
  ];
  for (const { name, bytes, code, told = code } of cases) {
    it(`${name}: ${code}`, async () => {
      const [a, b] = await startPair();
      const stranger = await Stranger.to(a);
      stranger.write(bytes);
      await stranger.ended();
      expect(stranger.refusals).toEqual([told]);
      expect(stranger.frames).toEqual([]);
      expect(a.warnings()).toEqual([code]);
      expect(a.count(`ended_${code.toLowerCase()}`)).toBe(1);
      await undisturbed(a, b);
      expect(a.received.every(({ from }) => from === 'b')).toBe(true);
    });
  }

  it('a refusal of a dialler that does not believe in this node ends it, as told', async () => {
    const [a, b] = await startPair();
    const stranger = await Stranger.to(a);
    stranger.write(preamble, encodeFrame(frameType.refusal, Uint8Array.of(11)));
    await stranger.ended();
    expect(stranger.refusals).toEqual([]);
    expect(a.warnings()).toEqual(['CERTIFICATE_UNTRUSTED']);
    expect(a.lines.find(({ level }) => level === 'warn')?.message).toContain(
      'refused by the other',
    );
    await undisturbed(a, b);
  });

  it('silence: HANDSHAKE_TIMEOUT', async () => {
    const [a, b] = await startPair({ handshakeTimeoutMs });
    const stranger = await Stranger.to(a);
    await stranger.ended();
    expect(stranger.refusals).toEqual(['HANDSHAKE_TIMEOUT']);
    expect(a.warnings()).toEqual(['HANDSHAKE_TIMEOUT']);
    await undisturbed(a, b);
  });

  it('one byte at a time, for longer than the handshake may take: HANDSHAKE_TIMEOUT', async () => {
    const [a, b] = await startPair({ handshakeTimeoutMs });
    const stranger = await Stranger.to(a);
    const bytes = greeting();
    for (let at = 0; !stranger.closed && at < bytes.length; at++) {
      stranger.write(bytes.subarray(at, at + 1));
      await pause((2 * handshakeTimeoutMs) / bytes.length);
    }
    await stranger.ended();
    expect(a.warnings()).toEqual(['HANDSHAKE_TIMEOUT']);
    await undisturbed(a, b);
  });

  it('silence while it was this process that stood still is none', async () => {
    const a = await startNode('a', { handshakeTimeoutMs: 200 });
    const stranger = await Stranger.to(a);
    // So that the node has accepted it, and its time runs.
    await pause(20);
    stranger.write(concatBytes([greeting(), dataFrame('hello')]));
    const awakeAt = performance.now() + 250;
    while (performance.now() < awakeAt);
    await until(() => a.received.length === 1, 'the frame arrives');
    expect(a.warnings()).toEqual([]);
  });

  it('a good greeting, one byte at a time, is a good greeting', async () => {
    const a = await startNode('a');
    const stranger = await Stranger.to(a);
    for (const byte of concatBytes([greeting(), dataFrame('hello')])) {
      stranger.write(Uint8Array.of(byte));
      await pause(0);
    }
    await until(() => a.received.length === 1, 'the frame arrives');
    expect(a.received).toEqual([{ from: 'eve', frame: utf8('hello') }]);
  });

  it('the end, inside the greeting: TRUNCATED', async () => {
    const [a, b] = await startPair();
    const stranger = await Stranger.to(a);
    stranger.socket.end(greeting().subarray(0, 20));
    await stranger.ended();
    expect(a.warnings()).toEqual(['TRUNCATED']);
    await undisturbed(a, b);
  });

  it('more silent strangers than there are places: the oldest make room for a member', async () => {
    const a = await startNode('a', { maxConnections: 4 });
    const strangers: Stranger[] = [];
    for (let at = 0; at < 20; at++) strangers.push(await Stranger.to(a));
    const b = await startNode('b');
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await until(() => a.count('connections_accepted') === 1, 'the member gets in');
    await until(
      () => strangers.filter(({ closed }) => !closed).length === 3,
      'the oldest are gone',
    );
    expect(strangers.slice(0, 17).every(({ closed }) => closed)).toBe(true);
    expect(strangers[0]?.refusals).toEqual(['BUSY']);
    expect(a.count('ended_busy')).toBe(17);
    // Seventeen times the same within a second is one line.
    expect(a.warnings()).toEqual(['BUSY']);
  });

  it('where all places are taken by nodes, the newcomer is refused: BUSY', async () => {
    const a = await startNode('a', { maxConnections: 2 });
    const first = await Stranger.greeted(a, { node: 'n1' });
    const second = await Stranger.greeted(a, { node: 'n2' });
    const third = await Stranger.to(a);
    third.write(greeting({ node: 'n3' }));
    await third.ended();
    expect(third.refusals).toEqual(['BUSY']);
    expect([first.closed, second.closed]).toEqual([false, false]);
  });
});

describe('after the greeting', () => {
  const valid = dataFrame('valid');
  const cases: readonly {
    readonly name: string;
    readonly bytes: Uint8Array;
    readonly code: string;
  }[] = [
    {
      name: 'a frame of 4 GiB',
      bytes: header(frameType.data, 2 ** 32 - 1),
      code: 'FRAME_TOO_LARGE',
    },
    {
      name: 'a frame over the limit',
      bytes: header(frameType.data, 65_537),
      code: 'FRAME_TOO_LARGE',
    },
    { name: 'a damaged payload', bytes: flip(valid, valid.length - 1), code: 'BAD_CHECKSUM' },
    { name: 'a damaged checksum', bytes: flip(valid, 6), code: 'BAD_CHECKSUM' },
    {
      name: 'data under the type of a keep-alive',
      bytes: header(frameType.keepAlive, 1),
      code: 'FRAME_TOO_LARGE',
    },
    {
      name: 'an empty frame whose type was damaged',
      bytes: header(frameType.data, 0, frameType.keepAlive),
      code: 'BAD_CHECKSUM',
    },
    { name: 'an unknown type', bytes: header(77, 0), code: 'UNEXPECTED_FRAME' },
    { name: 'a second hello', bytes: helloFrame(), code: 'UNEXPECTED_FRAME' },
    { name: 'a second greeting', bytes: greeting(), code: 'UNEXPECTED_FRAME' },
  ];
  for (const { name, bytes, code } of cases) {
    it(`${name}: ${code}, and nothing that follows is received`, async () => {
      const [a, b] = await startPair({ maxFrameBytes: 65_536 });
      const stranger = await Stranger.greeted(a);
      stranger.write(valid, bytes, valid);
      await stranger.ended();
      expect(a.received).toEqual([{ from: 'eve', frame: utf8('valid') }]);
      expect(a.warnings()).toEqual([code]);
      expect(a.count(`ended_${code.toLowerCase()}`)).toBe(1);
      await undisturbed(a, b);
    });
  }

  for (const [name, bytes] of [
    ['inside a header', header(frameType.data, 100).subarray(0, 5)],
    ['behind a header', header(frameType.data, 100)],
    ['inside a payload', concatBytes([header(frameType.data, 100), utf8('partial')])],
  ] as const) {
    it(`the end, ${name}: TRUNCATED, and no part of the frame is received`, async () => {
      const [a, b] = await startPair();
      const stranger = await Stranger.greeted(a);
      stranger.socket.end(bytes);
      await stranger.ended();
      expect(a.warnings()).toEqual(['TRUNCATED']);
      await undisturbed(a, b);
      expect(a.received.some(({ from }) => from === 'eve')).toBe(false);
    });
  }

  it('a reset: LOST', async () => {
    const [a, b] = await startPair();
    const stranger = await Stranger.greeted(a);
    stranger.socket.resetAndDestroy();
    await until(() => a.count('ended_lost') === 1, 'the reset is noticed');
    expect(a.warnings()).toEqual(['LOST']);
    await undisturbed(a, b);
  });

  it('the orderly end: CLOSED, which is no warning', async () => {
    const a = await startNode('a');
    const stranger = await Stranger.greeted(a);
    stranger.socket.end();
    await until(() => a.count('ended_closed') === 1, 'the end is noticed');
    expect(a.warnings()).toEqual([]);
  });

  it('a second connection under the same name: REPLACED', async () => {
    const a = await startNode('a');
    const first = await Stranger.greeted(a);
    const second = await Stranger.greeted(a);
    await first.ended();
    expect(a.warnings()).toEqual(['REPLACED']);
    second.write(dataFrame('from the second'));
    await until(() => a.received.length === 1, 'the second is heard');
    a.transport.send('eve', [utf8('to the second')]);
    await until(() => second.frames.some(({ type }) => type === frameType.data), 'and spoken to');
  });

  it('tens of thousands of chunks of one byte arrive as the frames that they are', async () => {
    const a = await startNode('a');
    const stranger = await Stranger.greeted(a);
    const text = 'x'.repeat(20_000);
    for (const byte of concatBytes([dataFrame(text), dataFrame('end')])) {
      if (!stranger.socket.write(Uint8Array.of(byte))) await pause(0);
    }
    await until(() => a.received.length === 2, 'both frames arrive');
    expect(a.received.map(({ frame }) => frame.length)).toEqual([20_000, 3]);
  });

  it('a node that does not read is sent no more than the bound, and others are served', async () => {
    const maxQueuedBytes = 2 * 1024 * 1024;
    const [a, b] = await startPair({ maxFrameBytes: 1024 * 1024, maxQueuedBytes });
    const deaf = await Stranger.greeted(a);
    deaf.socket.pause();
    const frame = [new Uint8Array(64 * 1024)];
    const memory = process.memoryUsage().arrayBuffers;
    for (let turn = 0; turn < 400; turn++) {
      for (let at = 0; at < 10; at++) a.transport.send('eve', [frame[0]?.slice() ?? utf8('')]);
      await pause(0);
    }
    const sent = a.count('bytes_sent');
    expect(a.count('frames_dropped_full')).toBeGreaterThan(0);
    // On a busy machine its silence is noticed in the middle, and there is nobody any more to send to.
    const dropped = a.count('frames_dropped_full') + a.count('frames_dropped_unreachable');
    expect(dropped).toBeGreaterThan(3000);
    // What the system buffers between two sockets of one machine is not the transport's.
    expect(sent).toBeLessThan(maxQueuedBytes + 8 * 1024 * 1024);
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(128 * 1024 * 1024);
    await undisturbed(a, b);
  });
});

describe('closing', () => {
  it('does not wait for a node that does not read', async () => {
    const a = await startNode('a', { closeTimeoutMs: 100 });
    const deaf = await Stranger.greeted(a);
    deaf.socket.pause();
    for (let at = 0; at < 16; at++) a.transport.send('eve', [new Uint8Array(1024 * 1024)]);
    const start = performance.now();
    await a.transport.close();
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('does not wait for strangers in their handshake', async () => {
    const a = await startNode('a', { handshakeTimeoutMs: 60_000, closeTimeoutMs: 60_000 });
    const silent = await Stranger.to(a);
    const half = await Stranger.to(a);
    half.write(greeting().subarray(0, 20));
    await pause(10);
    await a.transport.close();
    await Promise.all([silent.ended(), half.ended()]);
  });
});

describe('random bytes', () => {
  it('never get a frame through that nobody sent, nor end anybody else', async () => {
    const [a, b] = await startPair({ handshakeTimeoutMs: 1_000, maxFrameBytes: 65_536 });
    for (let seed = 1; seed <= 150; seed++) {
      const random = seededRandom(seed);
      const stranger = await Stranger.to(a);
      const sound = concatBytes([
        greeting({ node: `eve-${seed}` }),
        ...Array.from({ length: 4 }, (_, at) =>
          dataFrame(`sound ${at}`.repeat(1 + random.below(40))),
        ),
      ]);
      const noise = Uint8Array.from({ length: random.below(300) }, () => random.below(256));
      const cut = random.below(sound.length + 1);
      switch (random.below(3)) {
        case 0:
          stranger.write(noise, sound);
          break;
        case 1:
          stranger.write(sound.subarray(0, cut), noise, sound.subarray(cut));
          break;
        default:
          stranger.write(flip(sound, random.below(sound.length)));
          break;
      }
      stranger.socket.end();
      await stranger.ended();
    }
    for (const { from, frame } of a.received) {
      expect(from).toMatch(/^eve-\d+$/);
      expect(Buffer.from(frame).toString()).toMatch(/^(sound (\d))(sound \2)*$/);
    }
    await undisturbed(a, b);
  });
});

describe('on the side that dials', () => {
  /** Listens with nothing but a function behind it. */
  async function listener(serve: (socket: Socket) => void): Promise<string> {
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy();
      server.close();
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    return `127.0.0.1:${bound.port}`;
  }

  const cases: readonly {
    readonly name: string;
    readonly code: string;
    readonly serve: (socket: Socket) => void;
  }[] = [
    {
      name: 'a web server',
      code: 'UNKNOWN_PROTOCOL',
      serve: (socket) => socket.write('HTTP/1.1 400\r\n'),
    },
    { name: 'nobody who answers', code: 'HANDSHAKE_TIMEOUT', serve: () => undefined },
    { name: 'someone who hangs up', code: 'LOST', serve: (socket) => socket.end() },
    {
      name: 'another node',
      code: 'OTHER_NODE',
      serve: (socket) => socket.write(greeting({ node: 'n9', to: 'a' })),
    },
    {
      name: 'the right node of another cluster',
      code: 'OTHER_CLUSTER',
      serve: (socket) => socket.write(greeting({ node: 'p', to: 'a', cluster: 'prod' })),
    },
    {
      name: 'a refusal that this version does not know',
      code: 'REFUSED',
      serve: (socket) =>
        socket.write(concatBytes([preamble, encodeFrame(frameType.refusal, Uint8Array.of(200))])),
    },
  ];
  for (const { name, code, serve } of cases) {
    it(`${name}: ${code}, said once, tried again and again`, async () => {
      const [a, b] = await startPair(code === 'HANDSHAKE_TIMEOUT' ? { handshakeTimeoutMs } : {});
      const address = await listener(serve);
      a.transport.setPeers([
        { id: 'b', address: b.address },
        { id: 'p', address },
      ]);
      await until(() => a.count(`ended_${code.toLowerCase()}`) >= 4, 'it is tried four times');
      // The same failure again is not worth another warning; the node keeps trying.
      expect(a.warnings()).toEqual([code]);
      await undisturbed(a, b);
    });
  }

  it('nobody at all: UNREACHABLE', async () => {
    const [a, b] = await startPair();
    const gone = await startNode('gone');
    await gone.transport.close();
    a.transport.setPeers([
      { id: 'b', address: b.address },
      { id: 'gone', address: gone.address },
    ]);
    await until(() => a.count('ended_unreachable') >= 4, 'it is tried four times');
    expect(a.warnings()).toEqual(['UNREACHABLE']);
    expect(a.lines.find(({ level }) => level === 'warn')?.message).toContain('ECONNREFUSED');
    await undisturbed(a, b);
  });

  it('this node itself, under a wrong name: SAME_NODE, told by itself', async () => {
    const [a, b] = await startPair();
    a.transport.setPeers([
      { id: 'b', address: b.address },
      { id: 'c', address: a.address },
    ]);
    await until(() => a.count('ended_same_node') >= 2, 'both sides notice');
    expect(new Set(a.warnings())).toEqual(new Set(['SAME_NODE']));
    await undisturbed(a, b);
  });
});
