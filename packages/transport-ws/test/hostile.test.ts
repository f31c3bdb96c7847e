/** Strangers who speak HTTP and WebSocket, or nearly. */
import { connect } from 'node:net';
import { concatBytes, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { maxMessageBytes } from '../src/protocol.ts';
import { reaches, requestFor, startNode, Stranger, until, webSocketFrame } from './support.ts';

describe('a request', () => {
  const listen = '127.0.0.1:0';
  const cases: readonly {
    readonly name: string;
    readonly request: Uint8Array;
    readonly status: number;
    readonly code: string;
  }[] = [
    {
      name: 'for a page',
      request: utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n'),
      status: 426,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'for another path',
      request: requestFor({}, 'GET /quorate2 HTTP/1.1'),
      status: 404,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'with another method',
      request: requestFor({}, 'PUT /quorate HTTP/1.1'),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'without our sub-protocol',
      request: requestFor({ 'Sec-WebSocket-Protocol': 'chat' }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'without any sub-protocol',
      request: requestFor({ 'Sec-WebSocket-Protocol': undefined }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'of a version that is none',
      request: requestFor({ 'Sec-WebSocket-Version': '99' }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'with a key that is none',
      request: requestFor({ 'Sec-WebSocket-Key': 'short' }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'of a web page that is not on the list',
      request: requestFor({ Origin: 'https://evil.example' }),
      status: 403,
      code: 'ORIGIN_REFUSED',
    },
    {
      name: 'with headers of a megabyte',
      request: requestFor({ 'X-Large': 'x'.repeat(1024 * 1024) }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'of the version that names its page elsewhere',
      request: requestFor({
        'Sec-WebSocket-Version': '8',
        'Sec-WebSocket-Origin': 'https://evil.example',
      }),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'that is none',
      request: utf8('\u0000\u0001 nonsense \r\n\r\n'),
      status: 400,
      code: 'NOT_A_WEBSOCKET',
    },
    {
      name: 'in TLS',
      request: Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252),
      status: 400,
      code: 'TLS_REFUSED',
    },
  ];
  it.each(cases)('$name is refused: $status, $code', async ({ request, status, code }) => {
    const a = await startNode('a', { listen });
    const stranger = await Stranger.to(a);
    stranger.write(request);
    await stranger.ended();
    expect(stranger.status).toContain(`HTTP/1.1 ${status} `);
    expect(stranger.refusal).toBe(code);
    expect(a.warnings()).toEqual([code]);
    expect(a.count(`ended_${code.toLowerCase()}`)).toBe(1);
    const b = await startNode('b');
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await reaches(b, a);
  });

  it.each<[string, string | undefined, boolean]>([
    ['of a page that is on the list', 'https://app.example', true],
    ['of the same host over http', 'http://app.example', false],
    ['of another port', 'https://app.example:8443', false],
    ['of a longer name', 'https://app.example.evil', false],
    ['of a sandboxed page', 'null', false],
    ['of a program, which has none', undefined, true],
  ])('with an origin %s', async (_name, origin, isTaken) => {
    const a = await startNode('a', { listen, origins: ['https://app.example'] });
    const stranger = await Stranger.to(a);
    stranger.write(requestFor({ Origin: origin }));
    await until(() => stranger.text.includes('\r\n\r\n'), 'the answer');
    expect(stranger.status).toContain(isTaken ? '101' : '403');
  });

  it('without an origin is refused where one is required', async () => {
    const a = await startNode('a', { listen, requireOrigin: true });
    const stranger = await Stranger.upgraded(a);
    expect(stranger.refusal).toBe('ORIGIN_REFUSED');
  });

  it('for a host that is not on the list is refused', async () => {
    const a = await startNode('a', { listen, hosts: ['node.example:7001'] });
    expect((await Stranger.upgraded(a, { Host: 'evil.example' })).refusal).toBe('HOST_REFUSED');
    expect((await Stranger.upgraded(a, { Host: 'node.example:7001' })).status).toContain('101');
    const b = await startNode('b', { listen, hosts: ['Node.Example'] });
    expect((await Stranger.upgraded(b, { Host: 'NODE.example' })).status).toContain('101');
  });

  it('that is refused is not waited for', async () => {
    const a = await startNode('a', { listen, closeTimeoutMs: 50, handshakeTimeoutMs: 60_000 });
    const { hostname, port } = new URL(a.address);
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    const stranger = new Stranger(socket);
    stranger.write(requestFor({ Origin: 'https://evil.example' }));
    await until(() => a.count('ended_origin_refused') === 1, 'it is refused');
    await until(() => stranger.refusal === 'ORIGIN_REFUSED', 'it is told');
    // It keeps its end open, and goes on writing until it finds out.
    await until(() => {
      if (!socket.destroyed) stranger.write(utf8('more'));
      return stranger.closed;
    }, 'it is cut off');
  });

  it('that offers compression gets none', async () => {
    const a = await startNode('a', { listen });
    const stranger = await Stranger.upgraded(a, {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
    });
    expect(stranger.status).toContain('101');
    expect(stranger.text.toLowerCase()).not.toContain('extensions');
  });
});

describe('a WebSocket', () => {
  const tiny = utf8('q');
  const cases: readonly { readonly name: string; readonly bytes: () => Uint8Array }[] = [
    { name: 'with a text', bytes: () => webSocketFrame(1, utf8('quorate')) },
    { name: 'with a compressed message', bytes: () => webSocketFrame(2, tiny, { rsv1: true }) },
    { name: 'without masks', bytes: () => webSocketFrame(2, tiny, { masked: false }) },
    {
      name: 'with a message over the limit',
      bytes: () => webSocketFrame(2, tiny, { length: maxMessageBytes + 1 }),
    },
    {
      name: 'with a message of 2^50 bytes',
      bytes: () => webSocketFrame(2, tiny, { length: 2 ** 50 }),
    },
    {
      name: 'with a message of a million fragments',
      bytes: () =>
        concatBytes([
          webSocketFrame(2, tiny, { fin: false }),
          ...Array.from({ length: 100_000 }, () => webSocketFrame(0, tiny, { fin: false })),
        ]),
    },
    {
      name: 'with a message of a million empty fragments',
      bytes: () =>
        concatBytes([
          webSocketFrame(2, new Uint8Array(0), { fin: false }),
          ...Array.from({ length: 100_000 }, () =>
            webSocketFrame(0, new Uint8Array(0), { fin: false }),
          ),
        ]),
    },
    {
      name: 'with fragments that together are over the limit',
      bytes: () => {
        const piece = new Uint8Array(60_000);
        return concatBytes([
          webSocketFrame(2, piece, { fin: false }),
          ...Array.from({ length: 10 }, () => webSocketFrame(0, piece, { fin: false })),
        ]);
      },
    },
    { name: 'with an unknown opcode', bytes: () => webSocketFrame(5, tiny) },
    { name: 'with a continuation of nothing', bytes: () => webSocketFrame(0, tiny) },
    { name: 'with a long ping', bytes: () => webSocketFrame(9, new Uint8Array(126)) },
  ];
  it.each(cases)('$name is closed: BAD_MESSAGE', async ({ bytes }) => {
    const a = await startNode('a');
    const b = await startNode('b');
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await reaches(b, a);
    const stranger = await Stranger.upgraded(a);
    const before = process.memoryUsage().arrayBuffers;
    const sent = bytes();
    stranger.write(sent);
    await until(() => a.count('ended_bad_message') === 1, 'it is found out');
    // What the test itself holds, once for each end of the socket, and a little.
    const keptBytes = process.memoryUsage().arrayBuffers - before - 2 * sent.length;
    expect(keptBytes).toBeLessThan(16 * 1024 * 1024);
    await stranger.ended();
    expect(a.warnings()).toEqual(['BAD_MESSAGE']);
    await reaches(b, a);
    expect(b.count('connections_dialled')).toBe(1);
  });

  it('that pings without reading the answers does not make the node keep them', async () => {
    const a = await startNode('a');
    const stranger = await Stranger.upgraded(a);
    stranger.socket.pause();
    const pings = concatBytes(
      Array.from({ length: 2_000 }, () => webSocketFrame(9, new Uint8Array(100))),
    );
    for (let at = 0; at < 200 && !stranger.socket.destroyed; at++) {
      stranger.write(pings);
      await new Promise((resolve) => setImmediate(resolve));
      if (a.count('ended_lost') > 0) break;
    }
    await until(() => a.count('ended_lost') === 1, 'it is cut off');
  });

  it('that is cut without a goodbye is LOST, one that says goodbye CLOSED', async () => {
    const a = await startNode('a');
    const polite = await Stranger.upgraded(a);
    polite.write(webSocketFrame(8, Uint8Array.of(3, 232)));
    await until(() => a.count('ended_closed') === 1, 'the goodbye is heard');
    const rude = await Stranger.upgraded(a);
    rude.socket.resetAndDestroy();
    await until(() => a.count('ended_lost') === 1, 'the reset is noticed');
  });
});
