/**
 * Starting and closing.
 */
import { utf8 } from '@quorate/core';
import { check, equal, rejects } from '../check.ts';
import { quiet, type TransportTests } from './world.ts';

export function lifecycleTests({ test }: TransportTests): void {
  test('close is idempotent, also before a start and from several sides at once', async (world) => {
    const never = world.node('never');
    await never.transport.close();
    await never.transport.close();
    const [a, b] = await world.connected('a', 'b');
    await Promise.all([a.transport.close(), a.transport.close(), b.transport.close()]);
    await a.transport.close();
  });

  test('a start that fails says TRANSPORT_FAILED, and can be closed', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const second = world.node('a', a.transport.address);
    await rejects(second.start(), 'TRANSPORT_FAILED', 'taking a place that is taken');
    await second.transport.close();
    await second.transport.close();
    await world.reaches(a, b);
    await world.reaches(b, a);
  });

  test('a start that failed can be tried again', async (world) => {
    const a = await world.started('a');
    const second = world.node('a', a.transport.address);
    await rejects(second.start(), 'TRANSPORT_FAILED', 'taking a place that is taken');
    await a.transport.close();
    await second.start();
    const b = await world.started('b');
    b.transport.setPeers([second.member]);
    await world.reaches(b, second);
  });

  test('a transport starts once', async (world) => {
    const a = await world.started('a');
    await rejects(a.start(), 'TRANSPORT_FAILED', 'the second start');
    await a.transport.close();
    await rejects(a.start(), 'TRANSPORT_FAILED', 'a start after the end');
  });

  test('a close during the start ends it', async (world) => {
    const a = world.node('a');
    const started = a.start().then(
      () => 'started',
      () => 'refused',
    );
    await a.transport.close();
    check(['started', 'refused'].includes(await started), 'the start settles');
    const again = world.node('a', a.transport.address);
    await again.start();
  });

  test('the address is there after the start, and stays', async (world) => {
    const a = world.node('a');
    await a.start();
    const { address } = a.transport;
    await quiet();
    equal(a.transport.address, address, 'the address');
  });

  test('what was sent before a close arrives', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    for (let at = 0; at < 20; at++) a.send(b, utf8(`last words ${at}`));
    await a.transport.close();
    await world.until(() => b.received.length === 20, 'the last words arrive');
  });

  test('nothing is received once close was called, and sending is harmless', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    for (let at = 0; at < 20; at++) a.send(b, utf8('too late?'));
    const closed = b.transport.close();
    const received = b.received.length;
    for (let at = 0; at < 20; at++) a.send(b, utf8('too late'));
    b.send(a, utf8('from beyond'));
    await closed;
    a.send(b, utf8('too late'));
    b.send(a, utf8('from beyond'));
    b.transport.setPeers([a.member]);
    await quiet();
    equal(b.received.length, received, 'frames received after close');
    equal(a.received.length, 0, 'frames sent after close');
  });

  test('frames to a transport that has not started, and from it, are dropped', async (world) => {
    const a = world.node('a');
    const b = await world.started('b');
    b.transport.setPeers([{ ...a.member }]);
    a.send(b, utf8('too early'));
    b.send(a, utf8('too early'));
    await quiet();
    await a.start();
    equal([a.received.length, b.received.length], [0, 0], 'frames');
  });
}
