/**
 * What stays bounded whatever others say, and however long it lasts. Numbers that nobody can mean are not
 * believed: a round is used up by each attempt to lead, so one near 2^48 would be the last, and slots up
 * to one near 2^48 would have to be filled. Questions, shipments and reads that come to nothing do not add up.
 */
import { ByteReader, concatBytes, FrameWriter, maxU48 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { codec } from '../src/codec.ts';
import type { PaxosMessage } from '../src/messages.ts';
import { electionTimeoutMs, paxosCluster } from './paxos-cluster.ts';
import { accept, ballot, learned, prepare, promise, Solo, textOf, votesFrom } from './solo.ts';

const lastRound = maxU48 - 1;
const farSlot = 2 ** 47;

describe('a round near the last there is', () => {
  /** Whether the node still has rounds to lead in, and somebody to follow. */
  function expectUnharmed(solo: Solo): void {
    expect(solo.status.epoch).toBeLessThan(100);
    solo.receive('n2', accept('50.n2'));
    expect(solo.status.leader).toBe('n2');
    solo.orphan();
    expect(solo.campaign().round).toBeLessThan(100);
    solo.beElected();
  }

  it('is not promised', () => {
    const solo = new Solo();
    solo.receive('n3', prepare(`${String(lastRound)}.n3`));
    expect(solo.sentTo('n3')).toEqual([]);
    expectUnharmed(solo);
  });

  it('is not accepted in', () => {
    const solo = new Solo();
    const text = `${String(lastRound)}.n3`;
    solo.receive('n3', accept(text, { proposals: votesFrom(1, text, 'x') }));
    expect(solo.sentTo('n3')).toEqual([]);
    expect(solo.votes).toEqual([]);
    expectUnharmed(solo);
  });

  it('is not learned from', () => {
    const solo = new Solo().receive('n3', learned(1, `${String(lastRound)}.n3`, ['x']));
    expect(solo.status.commitIndex).toBe(0);
    expectUnharmed(solo);
  });

  it('is not learned from in a snapshot', () => {
    const other = new Solo({ node: 'n3', paxos: { keepBytesBehindSnapshot: 0 } });
    other.receive('n3', learned(1, '5.n3', ['a', 'b'])).compact(2);
    const context = other.image.snapshot?.context.slice() ?? new Uint8Array(0);
    const round = new DataView(context.buffer).getUint32(13);
    expect(round).toBe(5);
    context.fill(0xff, 11, 17);
    const solo = new Solo();
    expect(solo.ending(solo.install(2, context))).toMatchObject({ reason: 'invalid' });
    expectUnharmed(solo);
  });

  it('is not gone past because somebody answers a survey with it', () => {
    const solo = new Solo().tick();
    const { askedAt } = solo.last('survey', 'n2');
    solo.receive('n2', { type: 'survey-reply', askedAt, lost: false, round: lastRound });
    // Nor is any round that comes with an answer to another survey.
    solo.receive('n2', { type: 'survey-reply', askedAt: askedAt - 1, lost: true, round: 2000 });
    expectUnharmed(solo);
  });

  it('nor because somebody refuses with it', () => {
    const solo = new Solo();
    const own = solo.campaign();
    solo.receive('n2', {
      type: 'refuse',
      ballot: own,
      promised: ballot(`${String(lastRound)}.n2`),
    });
    solo.receive('n2', { type: 'refuse', ballot: ballot('9.n9'), promised: ballot('2000.n2') });
    expectUnharmed(solo);
  });
});

describe('a slot near the last there is', () => {
  const frameOf = (message: PaxosMessage): Uint8Array => {
    const writer = new FrameWriter();
    codec.encode(message, writer);
    return concatBytes(writer.take());
  };

  it('is in no message that is understood', () => {
    const slot = maxU48;
    const accepted = {
      type: 'accepted',
      ballot: ballot('3.n2'),
      match: 0,
      beyond: [],
      seen: 0,
      chosen: 0,
      known: 0,
      last: 0,
      round: 0,
      sentAt: 0,
    } as const;
    const messages: readonly PaxosMessage[] = [
      prepare('3.n2', { from: slot }),
      promise(prepare('3.n2'), { chosen: slot }),
      promise(prepare('3.n2'), { votes: votesFrom(slot, '2.n2', 'x') }),
      promise(prepare('3.n2'), { votes: votesFrom(1, '2.n2', 'x'), next: slot }),
      accept('3.n2', { chosen: slot }),
      accept('3.n2', { proposals: votesFrom(slot, '3.n2', 'x') }),
      { ...accepted, seen: slot },
      { ...accepted, last: slot },
      { ...accepted, chosen: slot },
      { ...accepted, chosen: slot, known: slot },
      { ...accepted, match: slot, seen: slot, last: slot },
      { type: 'learn', from: slot },
      learned(1, '3.n2', ['x'], { chosen: slot }),
      { type: 'inquire-reply', inquiry: 1, last: slot },
    ];
    for (const message of messages) {
      expect(() => codec.decode(new ByteReader(frameOf(message)))).toThrow(/slot/);
    }
  });

  it('is not filled up to because a promise reports a vote there', () => {
    const solo = new Solo({ paxos: { window: 4 } });
    solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', promise(asked, { votes: votesFrom(farSlot, '1.n0', 'x') }));
    expect(solo.leads).toBe(false);
    solo.receive('n3', promise(asked));
    expect(solo.leads).toBe(true);
    // What others may have got to, α slots more, and the record that settles the round.
    for (let turns = 0; turns < 10; turns++) solo.acknowledge('n3', solo.status.lastIndex);
    expect(solo.status.settledEpoch).toBe(solo.status.epoch);
    const ticket = solo.propose('client');
    solo.acknowledge('n3', solo.status.lastIndex);
    expect(solo.ending(ticket)).toMatchObject({ type: 'accepted' });
    expect(solo.committed.map(({ record }) => textOf(record)).at(-1)).toBe('client');
  });

  it('is not voted in, nor room made for it', () => {
    const solo = new Solo();
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(farSlot, '3.n2', 'x') }));
    expect(solo.votes).toEqual([]);
    expect(solo.status.lastIndex).toBe(0);
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 0, beyond: [], seen: 0, last: 0 });
  });

  it('is not hurried to because an acceptor has voted there', () => {
    const solo = new Solo().reign();
    const { commitIndex } = solo.status;
    solo.acknowledge('n2', commitIndex, { last: farSlot });
    solo.acknowledge('n3', commitIndex).tick();
    expect(solo.status.lastIndex).toBe(commitIndex);
  });

  it('is not taken for seen, held or known where nothing was proposed there', () => {
    const solo = new Solo().reign();
    const { commitIndex } = solo.status;
    const most = { match: farSlot, seen: farSlot, known: farSlot, chosen: farSlot, last: farSlot };
    solo.acknowledge('n2', farSlot, { ...most, beyond: [{ from: farSlot, to: farSlot }] });
    const ticket = solo.propose('x');
    // It was not said to hold this: it is sent, counted only once it is accepted, and sent again.
    expect(solo.slotsTo('n2')).toEqual([commitIndex + 1]);
    expect(solo.status.commitIndex).toBe(commitIndex);
    solo.forget().tick();
    solo.acknowledge('n2', commitIndex, { seen: commitIndex });
    expect(solo.slotsTo('n2')).toContain(commitIndex + 1);
    solo.acknowledge('n2', commitIndex + 1);
    expect(solo.ending(ticket)).toMatchObject({ type: 'accepted', index: commitIndex + 1 });
    expect(solo.status.commitIndex).toBe(commitIndex + 1);
  });

  it('that acceptors once claimed to know does not complete a change that they do not know of', () => {
    const solo = new Solo({ paxos: { window: 4 } }).reign();
    const { commitIndex } = solo.status;
    const most = { chosen: farSlot, known: farSlot, last: farSlot };
    for (const id of ['n2', 'n3']) solo.acknowledge(id, commitIndex, most);
    const ticket = solo.reconfigure({ type: 'remove', id: 'n3' });
    const accepted = (known: number): void => {
      for (let turns = 0; turns < 3; turns++) {
        const { lastIndex } = solo.status;
        for (const id of ['n2', 'n3']) solo.acknowledge(id, lastIndex, { chosen: known, known });
      }
    };
    accepted(commitIndex);
    expect(solo.status.commitIndex).toBe(commitIndex + 4);
    expect(solo.ending(ticket)).toBeUndefined();
    accepted(commitIndex + 4);
    expect(solo.ending(ticket)).toMatchObject({ type: 'done', index: commitIndex + 5 });
  });

  it('is not waited for because somebody was not asked and says it', () => {
    const solo = new Solo({ paxos: { reads: 'quorum' } });
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a') }));
    solo.receive('n2', accept('1.n2', { chosen: 1 }));
    const ticket = solo.read();
    const { inquiry } = solo.last('inquire', 'n2');
    solo.receive('n9', { type: 'inquire-reply', inquiry, last: farSlot });
    expect(solo.reads).toEqual([]);
    solo.receive('n3', { type: 'inquire-reply', inquiry, last: 1 });
    expect(solo.reads).toEqual([{ ticket, index: 1 }]);
  });
});

describe('quorum reads of a node that is cut off', () => {
  it('share one question, asked once a heartbeat', () => {
    const cluster = paxosCluster({ paxos: { reads: 'quorum', heartbeatMs: 100 } });
    cluster.commit();
    cluster.converge();
    const [cutOff] = cluster.followers();
    cluster.isolate(cutOff?.id ?? '');
    let questions = 0;
    cluster.network.tap = (_from, _to, { type }) => {
      if (type === 'inquire') questions += 1;
      return 'pass';
    };
    const tickets = Array.from({ length: 1500 }, () => {
      cluster.run(1);
      return cutOff?.read('linearizable') ?? 0;
    });
    // Two others, for a second and a half.
    expect(questions).toBeGreaterThan(0);
    expect(questions).toBeLessThanOrEqual(2 * (1500 / 100 + 2));
    cluster.heal();
    const last = tickets.at(-1) ?? 0;
    cluster.until(() => cluster.requests.ending(last) !== undefined, 'an answer');
    expect(cluster.requests.ending(last)).toMatchObject({ type: 'ready' });
    expect(tickets.every((ticket) => cluster.requests.ending(ticket) !== undefined)).toBe(true);
  });

  it('do not pile up: beyond a number they are refused', () => {
    const solo = new Solo({ paxos: { reads: 'quorum', maxPendingReads: 3 } });
    const tickets = Array.from({ length: 5 }, () => solo.read());
    expect(tickets.map((ticket) => solo.ending(ticket)?.type)).toEqual([
      undefined,
      undefined,
      undefined,
      'rejected',
      'rejected',
    ]);
    solo
      .wait(10 * electionTimeoutMs)
      .step({ type: 'tick' })
      .wait(10 * electionTimeoutMs);
    solo.step({ type: 'tick' });
    expect(tickets.every((ticket) => solo.ending(ticket)?.type === 'rejected')).toBe(true);
    expect(solo.ending(solo.read())).toBeUndefined();
  });
});

describe('snapshots that never arrive', () => {
  /** Has trimmed everything that it knows. */
  function trimmed(): Solo {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'a', 'b') }));
    solo.receive('n2', accept('3.n2', { chosen: 2 }));
    solo.compact(2);
    expect(solo.status.firstIndex).toBe(3);
    return solo;
  }

  it('keep nobody else from getting one', () => {
    const solo = trimmed();
    for (let nth = 0; nth < 100; nth++) {
      const id = `gone${String(nth)}`;
      solo
        .receive(id, { type: 'learn', from: 1 })
        .step({ type: 'shipped', to: id, index: undefined });
    }
    solo.wait(electionTimeoutMs + 1).step({ type: 'tick' });
    solo.receive('n3', { type: 'learn', from: 1 });
    expect(solo.ships.at(-1)).toBe('n3');
  });

  it('are not sent to everybody at once', () => {
    const solo = trimmed();
    for (let nth = 0; nth < 100; nth++) solo.receive(`n${String(nth)}`, { type: 'learn', from: 1 });
    expect(solo.ships).toHaveLength(64);
  });
});
