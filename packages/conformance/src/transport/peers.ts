/**
 * Who is connected with whom, and that it mends by itself.
 */
import { utf8 } from '@quorate/core';
import { equal } from '../check.ts';
import { introduce, type TransportTests } from './world.ts';

export function peerTests({ test }: TransportTests): void {
  test('nodes that nobody has introduced do not hear each other', async (world) => {
    const a = await world.started('a');
    const b = await world.started('b');
    await world.neverReaches(a, b);
  });

  test('a peer that is added later is reached', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    const c = await world.started('c');
    introduce([a, b, c]);
    await world.reaches(a, c);
    await world.reaches(c, b);
  });

  test('a node that knows nobody can answer the one that knows it', async (world) => {
    // A node that is added to a group knows no address until the leader has told it the members.
    const leader = await world.started('leader');
    const added = await world.started('added');
    added.onFrame = (from): void => added.transport.send(from, [utf8('here')]);
    leader.transport.setPeers([added.member]);
    await world.reaches(leader, added);
    leader.send(added, utf8('there?'));
    await world.until(() => leader.received.length > 0, 'the answer arrives');
    equal(leader.textsFrom(added), ['here'], 'the answer');
  });

  test('a peer that is removed is not reached any more, and others still are', async (world) => {
    const [a, b, c] = await world.connected('a', 'b', 'c');
    introduce([a, c]);
    b.transport.setPeers([]);
    await world.neverReaches(a, b);
    await world.neverReaches(b, a);
    await world.reaches(a, c);
    await world.reaches(c, a);
  });

  test('what is sent before a peer is removed still arrives', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    for (let at = 0; at < 3; at++) a.send(b, utf8(`farewell ${at}`));
    a.transport.setPeers([]);
    await world.until(() => b.received.length === 3, 'the farewell arrives');
  });

  test('setting the same peers again disturbs nothing', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    for (let at = 0; at < 100; at++) {
      introduce([a, b]);
      a.send(b, utf8(`frame ${String(at).padStart(2, '0')}`));
    }
    await world.until(() => b.received.length >= 100, 'all frames arrive');
    equal(b.received.length, 100, 'frames');
  });

  test('a peer that starts after the one that wants it is reached', async (world) => {
    // The first one only lends its address.
    const early = await world.started('b');
    const { address } = early.transport;
    const { member } = early;
    await early.transport.close();
    const a = await world.started('a');
    a.transport.setPeers([member]);
    for (let at = 0; at < 10; at++) a.transport.send('b', [utf8('nobody there')]);
    const late = world.node('b', address);
    await late.start();
    await world.reaches(a, late);
  });

  test('a peer that restarts is reached again, both ways, and so are the others', async (world) => {
    const [a, b, c] = await world.connected('a', 'b', 'c');
    for (let round = 0, before = b; round < 3; round++) {
      const { address } = before.transport;
      await before.transport.close();
      a.send(before, utf8('into the void'));
      const after = world.node('b', address);
      await after.start();
      after.transport.setPeers([a.member, c.member]);
      await world.reaches(a, after);
      await world.reaches(after, a);
      await world.reaches(after, c);
      before = after;
    }
  });

  test('a peer that moves to another address is reached there', async (world) => {
    const [a, b] = await world.connected('a', 'b');
    await b.transport.close();
    const moved = await world.started('b');
    introduce([a, moved]);
    await world.reaches(a, moved);
    await world.reaches(moved, a);
  });

  test('peers that are set before the start are dialled with it', async (world) => {
    const b = await world.started('b');
    const a = world.node('a');
    a.transport.setPeers([b.member]);
    await a.start();
    await world.reaches(a, b);
  });
}
