/** Connections: found again after every kind of end, and used sparingly. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type Runtime, systemRuntime, utf8 } from '@quorate/core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parseAddress } from '@quorate/connections';
import {
  greeting,
  pause,
  startNode,
  startPair,
  type TestNode,
  undisturbed,
  until,
} from './support.ts';

/** A runtime that keeps the pauses it was asked for, and makes them short. */
function hurried(random: number, pauses: number[], isPause: (ms: number) => boolean): Runtime {
  return {
    ...systemRuntime,
    random: () => random,
    setTimer: (ms, run) => {
      if (!isPause(ms)) return systemRuntime.setTimer(ms, run);
      pauses.push(ms);
      return systemRuntime.setTimer(ms / 100, run);
    },
  };
}

/** Between two nodes; can swallow everything while both ends believe to be connected. */
class Proxy {
  address = '';
  readonly #pairs: (readonly [Socket, Socket])[] = [];

  static async to(node: TestNode): Promise<Proxy> {
    const proxy = new Proxy();
    const server = createServer((near) => {
      const far = connect(parseAddress(node.address, 'address'));
      proxy.#pairs.push([near, far]);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        socket.on('error', () => undefined);
        socket.on('close', () => {
          near.destroy();
          far.destroy();
        });
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    proxy.address = `127.0.0.1:${bound.port}`;
    onTestFinished(() => {
      server.close();
      for (const pair of proxy.#pairs) for (const socket of pair) socket.destroy();
    });
    return proxy;
  }

  /** As if the cable had been cut: connections that stand carry nothing, and nobody is told. */
  cut(): void {
    for (const [near, far] of this.#pairs) {
      near.unpipe(far);
      far.unpipe(near);
      near.pause();
      far.pause();
    }
  }
}

async function reaches(from: TestNode, to: TestNode): Promise<void> {
  const before = to.received.length;
  await until(() => {
    from.transport.send(to.name, [utf8('reached?')]);
    return to.received.length > before;
  }, `${from.name} reaches ${to.name}`);
}

describe('a connection that nobody ended', () => {
  it('is noticed by its silence, and replaced', async () => {
    const a = await startNode('a', { keepAliveMs: 20 });
    const b = await startNode('b', { keepAliveMs: 20 });
    const proxy = await Proxy.to(b);
    a.transport.setPeers([{ id: 'b', address: proxy.address }]);
    await reaches(a, b);
    for (let round = 1; round <= 3; round++) {
      proxy.cut();
      await until(() => a.count('ended_silent') === round, 'the silence is noticed');
      await reaches(a, b);
    }
    expect(a.count('connections_dialled')).toBe(4);
    expect(b.count('ended_silent') + b.count('ended_replaced')).toBeGreaterThanOrEqual(1);
  });

  it('is kept while it is idle', async () => {
    const [a, b] = await startPair({ keepAliveMs: 10 });
    await pause(200);
    await undisturbed(a, b);
    expect(a.count('ended_silent') + b.count('ended_silent')).toBe(0);
  });

  it('is kept when it was this process that stood still', async () => {
    const [a, b] = await startPair({ keepAliveMs: 10 });
    for (let round = 0; round < 3; round++) {
      const until = performance.now() + 150;
      while (performance.now() < until);
      await pause(5);
    }
    await undisturbed(a, b);
    expect(a.count('ended_silent') + b.count('ended_silent')).toBe(0);
  });

  it('is kept between nodes with different intervals', async () => {
    const a = await startNode('a', { keepAliveMs: 10 });
    const b = await startNode('b', { keepAliveMs: 200 });
    a.transport.setPeers([{ id: 'b', address: b.address }]);
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await until(
      () => a.count('connections_dialled') + b.count('connections_dialled') === 2,
      'they connect',
    );
    await pause(500);
    await undisturbed(a, b);
    expect(a.count('ended_silent') + b.count('ended_silent')).toBe(0);
  });
});

describe('dialling again', () => {
  const reconnect = { minMs: 100, maxMs: 1600 };
  // Beside them there are keep-alives, and the quarters of the time for a handshake.
  const others = [1000, 1250];
  const isPause = (ms: number): boolean => ms >= 50 && ms <= 1600 && !others.includes(ms);

  it('pauses twice as long after each failure, up to maxMs', async () => {
    const pauses: number[] = [];
    const a = await startNode('a', { reconnect, runtime: hurried(0, pauses, isPause) });
    const gone = await startNode('gone');
    await gone.transport.close();
    a.transport.setPeers([{ id: 'gone', address: gone.address }]);
    await until(() => pauses.length >= 7, 'seven pauses');
    expect(pauses.slice(0, 7)).toEqual([100, 200, 400, 800, 1600, 1600, 1600]);
  });

  it('takes off up to half of the pause at random', async () => {
    const pauses: number[] = [];
    const a = await startNode('a', { reconnect, runtime: hurried(0.5, pauses, isPause) });
    const gone = await startNode('gone');
    await gone.transport.close();
    a.transport.setPeers([{ id: 'gone', address: gone.address }]);
    await until(() => pauses.length >= 3, 'three pauses');
    expect(pauses.slice(0, 3)).toEqual([75, 150, 300]);
  });

  it('pauses longer too when connections are taken up and soon dropped', async () => {
    const pauses: number[] = [];
    const a = await startNode('a', { reconnect, runtime: hurried(0, pauses, isPause) });
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(greeting({ node: 'p', to: 'a' }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no port');
    a.transport.setPeers([{ id: 'p', address: `127.0.0.1:${bound.port}` }]);
    await until(() => pauses.length >= 4, 'four pauses');
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(a.count('connections_dialled')).toBeGreaterThanOrEqual(4);
  });

  it('starts over with a short pause after a connection that lasted', async () => {
    const pauses: number[] = [];
    let shiftMs = 0;
    const runtime = { ...hurried(0, pauses, isPause), now: () => systemRuntime.now() + shiftMs };
    const a = await startNode('a', { reconnect, runtime });
    const proxied = await startNode('gone');
    await proxied.transport.close();
    a.transport.setPeers([{ id: 'gone', address: proxied.address }]);
    await until(() => pauses.length >= 4, 'four pauses');
    const back = await startNode('gone', { listen: proxied.address });
    await until(() => a.count('connections_dialled') === 1, 'it is back');
    shiftMs = 1601;
    pauses.length = 0;
    await back.transport.close();
    await until(() => pauses.length >= 2, 'two pauses');
    expect(pauses.slice(0, 2)).toEqual([100, 100]);
  });

  it('does not wait when the peer has just connected by itself', async () => {
    const slow = { reconnect: { minMs: 60_000, maxMs: 60_000 } };
    const a = await startNode('a', slow);
    const early = await startNode('b');
    await early.transport.close();
    a.transport.setPeers([{ id: 'b', address: early.address }]);
    await until(() => a.count('ended_unreachable') === 1, 'b is not there');
    const b = await startNode('b', { ...slow, listen: early.address });
    b.transport.setPeers([{ id: 'a', address: a.address }]);
    await until(() => a.count('connections_dialled') === 1, 'a dials at once');
  });

  it('ends for a peer that is removed', async () => {
    const a = await startNode('a');
    const gone = await startNode('gone');
    await gone.transport.close();
    a.transport.setPeers([{ id: 'gone', address: gone.address }]);
    await until(() => a.count('dials') >= 2, 'it is dialled');
    a.transport.setPeers([]);
    const dials = a.count('dials');
    await pause(250);
    expect(a.count('dials')).toBe(dials);
  });

  it('is not tried with an address that is none; others are dialled all the same', async () => {
    const a = await startNode('a');
    const b = await startNode('b');
    a.transport.setPeers([
      { id: 'x', address: 'somewhere over the rainbow' },
      { id: 'y' },
      { id: 'b', address: b.address },
    ]);
    await reaches(a, b);
    expect(
      a.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields['peer']),
    ).toEqual(['x']);
  });
});

describe('frames for a peer without a connection', () => {
  it('wait while it is dialled, up to maxDialQueueBytes', async () => {
    const b = await startNode('b');
    const a = await startNode('a', { maxDialQueueBytes: 10_000 });
    a.transport.setPeers([{ id: 'b', address: b.address }]);
    for (let at = 0; at < 20; at++) a.transport.send('b', [new Uint8Array(1000)]);
    await until(() => b.received.length > 0, 'the connection stands');
    await reaches(a, b);
    expect(a.count('frames_dropped_full')).toBe(11);
    expect(b.received.filter(({ frame }) => frame.length === 1000).length).toBe(9);
  });

  it('are dropped while it cannot be reached: what is stale helps nobody', async () => {
    const a = await startNode('a', { reconnect: { minMs: 300, maxMs: 300 } });
    const early = await startNode('b');
    await early.transport.close();
    a.transport.setPeers([{ id: 'b', address: early.address }]);
    await until(() => a.count('ended_unreachable') === 1, 'b is not there');
    a.transport.send('b', [utf8('stale')]);
    expect(a.count('frames_dropped_unreachable')).toBe(1);
    const b = await startNode('b', { listen: early.address });
    await reaches(a, b);
    expect(b.received.map(({ frame }) => Buffer.from(frame).toString())).not.toContain('stale');
  });

  it('are dropped when the peer takes only smaller ones; its connection stays', async () => {
    const b = await startNode('b', { maxFrameBytes: 1000 });
    const a = await startNode('a');
    a.transport.setPeers([{ id: 'b', address: b.address }]);
    // The first one goes out before anything is known of the peer's limit.
    a.transport.send('b', [new Uint8Array(1001)]);
    await until(() => a.count('connections_dialled') === 1, 'the connection stands');
    a.transport.send('b', [new Uint8Array(1001)]);
    await reaches(a, b);
    expect(a.count('frames_dropped_peer_limit')).toBe(2);
    expect(a.count('connections_dialled')).toBe(1);
  });
});

describe('writes', () => {
  it('are at most one per peer and turn, however many frames there are', async () => {
    let turns = 0;
    const runtime: Runtime = {
      ...systemRuntime,
      nextTurn: (run) =>
        systemRuntime.nextTurn(() => {
          turns += 1;
          run();
        }),
    };
    const a = await startNode('a', { runtime });
    const b = await startNode('b');
    a.transport.setPeers([{ id: 'b', address: b.address }]);
    await reaches(a, b);
    await pause(20);
    b.received.length = 0;
    const large = new Uint8Array(20_000);
    for (let round = 0; round < 50; round++) {
      const writes = a.count('socket_writes');
      const before = turns;
      for (let at = 0; at < 30; at++) a.transport.send('b', [utf8('small'), large, utf8('small')]);
      // The first frame does not wait for the others.
      expect(a.count('socket_writes') - writes).toBe(1);
      await until(() => b.received.length === 30 * (round + 1), 'all frames arrive');
      expect(a.count('socket_writes') - writes).toBeLessThanOrEqual(turns - before + 1);
      await pause(0);
    }
    expect(a.count('frames_dropped_full')).toBe(0);
  });

  it('are one for a driver that sends once per turn', async () => {
    const [a, b] = await startPair();
    b.received.length = 0;
    const before = a.count('socket_writes');
    for (let turn = 1; turn <= 200; turn++) {
      a.transport.send('b', [utf8('one frame')]);
      expect(a.count('socket_writes') - before).toBe(turn);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => b.received.length === 200, 'all frames arrive');
  });
});

describe('counters', () => {
  it('agree between two nodes', async () => {
    const [a, b] = await startPair();
    for (let at = 0; at < 100; at++) a.transport.send('b', [new Uint8Array(at)]);
    await until(() => b.received.length === 100, 'all frames arrive');
    expect(a.count('frames_sent')).toBe(100);
    expect(a.count('bytes_sent')).toBe(4950);
    expect(b.count('frames_received')).toBe(100);
    expect(b.count('bytes_received')).toBe(4950);
    await a.transport.close();
    await until(() => b.count('ended_closed') >= 2, 'b notices the end of both connections');
    expect(b.warnings().filter((code) => code !== 'UNREACHABLE')).toEqual([]);
  });
});
