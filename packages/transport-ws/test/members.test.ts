/** Members that only dial, as in browsers; servers that are there already; addresses and options. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { InvalidArgumentError, utf8 } from '@quorate/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { wsTransport as browserTransport } from '../src/browser/index.ts';
import { wsLinks, wsTransport, type WsTransportOptions } from '../src/index.ts';
import { messagesOf, maxMessageBytes } from '../src/protocol.ts';
import { reaches, startNode, type TestNode, until } from './support.ts';

/** A node on the platform's WebSocket, which `ws` has the interface of. */
async function startBrowserNode(name: string, peers: readonly TestNode[]): Promise<TestNode> {
  const received: string[] = [];
  const transport = browserTransport({ WebSocket, reconnect: { minMs: 5, maxMs: 100 } });
  await transport.start({
    cluster: 'test',
    node: name,
    receive: (from, frame) => received.push(`${from}: ${Buffer.from(frame).toString()}`),
  });
  onTestFinished(() => transport.close());
  transport.setPeers([
    { id: name },
    ...peers.map((peer) => ({ id: peer.name, address: peer.address })),
  ]);
  return {
    name,
    transport: Object.assign(transport, { reloadCertificates: () => false }),
    address: transport.address ?? '',
    received,
    count: (counter) => transport.counters[counter] ?? Number.NaN,
    warnings: () => [],
  };
}

describe('a member in a browser', () => {
  it('has no address, and is heard and answered all the same', async () => {
    const [a, b] = [await startNode('a'), await startNode('b')];
    const members = [{ id: 'a', address: a.address }, { id: 'b', address: b.address }, { id: 'c' }];
    for (const node of [a, b]) node.transport.setPeers(members);
    const c = await startBrowserNode('c', [a, b]);
    expect(c.transport.address).toBeUndefined();
    for (const [from, to] of [
      [c, a],
      [a, c],
      [c, b],
      [b, c],
      [a, b],
    ] as const) {
      await reaches(from, to);
    }
    // Nobody tries to dial it.
    expect([a.count('dials'), b.count('dials')]).toEqual([1, 1]);
  });

  it('is found again after its connections were lost, from both sides', async () => {
    const a = await startNode('a');
    const c = await startBrowserNode('c', [a]);
    await reaches(a, c);
    await a.transport.close();
    const { host } = new URL(a.address);
    const again = await startNode('a', { listen: host });
    await reaches(c, again);
    await reaches(again, c);
  });

  it('carries large frames both ways, within its bounds', async () => {
    const a = await startNode('a');
    const c = await startBrowserNode('c', [a]);
    await reaches(a, c);
    const large = 'x'.repeat(1_000_000);
    a.transport.send('c', [utf8(large)]);
    c.transport.send('a', [utf8(large)]);
    await until(() => a.received.includes(`c: ${large}`), 'it arrives at a');
    await until(() => c.received.includes(`a: ${large}`), 'it arrives at c');
  });

  it('takes text for what it is', async () => {
    const server = createServer();
    const { WebSocketServer } = await import('ws');
    const sockets = new WebSocketServer({ server, handleProtocols: () => 'quorate' });
    sockets.on('connection', (socket) => socket.send('text'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    const c = await startBrowserNode('c', []);
    c.transport.setPeers([{ id: 'a', address: `ws://127.0.0.1:${bound.port}/` }]);
    await until(() => c.count('ended_bad_message') > 0, 'it is found out');
  });
});

describe('a server that is there already', () => {
  it('keeps its pages, and its other WebSockets', async () => {
    const server = createServer((_request, response) => response.end('a page'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    const place = `127.0.0.1:${bound.port}`;
    const a = await startNode('a', { server, advertise: `ws://${place}/quorate` });
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const b = await startNode('b');
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await reaches(b, a);
    await reaches(a, b);
    expect(await (await fetch(`http://${place}/`)).text()).toBe('a page');
    const other = new WebSocket(`ws://${place}/other`);
    await once(other, 'error');
    await a.transport.close();
    expect(await (await fetch(`http://${place}/`)).text()).toBe('a page');
    expect(server.listenerCount('upgrade')).toBe(0);
  });
});

describe('options', () => {
  const server = createServer();
  const tls = { ca: 'x', cert: 'x', key: 'x' };
  it.each<[string, WsTransportOptions]>([
    ['exclude each other', { listen: '127.0.0.1:0', server }],
    ["set 'advertise'", { server }],
    ["set 'advertise'", { listen: '0.0.0.0:1' }],
    ['nothing to advertise', { advertise: 'ws://a:1/' }],
    ['advertise must be', { listen: '127.0.0.1:0', advertise: 'http://a:1/' }],
    ['must be ws://', { listen: '127.0.0.1:0', advertise: 'wss://a:1/' }],
    ['path must start with /', { listen: '127.0.0.1:0', path: 'quorate' }],
    ['an origin is', { listen: '127.0.0.1:0', origins: ['https://a.example/'] }],
    ['an origin is', { listen: '127.0.0.1:0', origins: ['*'] }],
    ['hosts are', { listen: '127.0.0.1:0', hosts: ['https://a.example'] }],
    ['asks nobody for a certificate', { server, advertise: 'wss://a:1/', tls }],
    ['has no option "tsl"', { listen: '127.0.0.1:0', tsl: {} } as WsTransportOptions],
  ])('that cannot work say so: %s', (message, options) => {
    expect(() => wsTransport(options)).toThrow(InvalidArgumentError);
    expect(() => wsTransport(options)).toThrow(message);
  });

  it.each(['a:1', 'http://a:1/', 'ws://u:p@a:1/', 'ws://a:1/?x', 'ws://a:1/#x', 'wss://a:1/'])(
    '%s cannot be dialled without TLS',
    (address) => {
      expect(() =>
        wsLinks().dial(address, { type: 'host' }, () => {
          throw new Error('must not get so far');
        }),
      ).toThrow(InvalidArgumentError);
    },
  );

  it('advertise with port 0 gets the port that was free', async () => {
    const a = await startNode('a', { listen: '127.0.0.1:0', advertise: 'ws://a.example:0/x' });
    expect(a.address).toMatch(/^ws:\/\/a\.example:[1-9]\d*\/x$/);
  });
});

describe('messages', () => {
  it('join small pieces and cut large ones, and lose nothing', () => {
    const pieces = [1, 500, 31_000, 40_000, 0, maxMessageBytes * 2 + 5, 9].map((length, at) =>
      new Uint8Array(length).fill(at + 1),
    );
    const messages = messagesOf(pieces);
    expect(Buffer.concat(messages)).toEqual(Buffer.concat(pieces));
    expect(messages.every(({ length }) => length <= maxMessageBytes)).toBe(true);
    expect(messages.length).toBe(7);
    // Large pieces are referred to, not copied.
    expect(messages.some(({ buffer }) => buffer === pieces[5]?.buffer)).toBe(true);
  });
});
