/** Restarts: what must have survived, what is read back, and crashes between any two writes. */
import { CorruptError, InvalidArgumentError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { flexible } from '../src/index.ts';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import {
  accept,
  ballot,
  learned,
  prepare,
  promise,
  Solo,
  textOf,
  vote,
  votesFrom,
} from './solo.ts';

describe('after a restart', () => {
  it('P5 an acceptor has every vote and its promise, with holes and all', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(5, '2.n2', 'e') }));
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(9, '2.n2', 'i') }));
    solo.orphan().receive('n3', prepare('4.n3'));
    const reborn = new Solo({ image: solo.image }).orphan();
    expect(reborn.votes).toEqual(solo.votes);
    reborn.receive('n2', prepare('5.n2'));
    const { votes, chosen } = reborn.last('promise', 'n2');
    expect(chosen).toBe(0);
    expect(votes.map(({ slot, record }) => [slot, textOf(record)])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [5, 'e'],
      [9, 'i'],
    ]);
  });

  it('P5 votes are read back page by page', () => {
    const solo = new Solo();
    for (let slot = 1; slot <= 40; slot += 3) {
      solo.receive('n2', accept('2.n2', { proposals: votesFrom(slot, '2.n2', String(slot)) }));
    }
    const reborn = new Solo({ image: solo.image, paxos: { maxAppendBytes: 250 } }).orphan();
    expect(reborn.status.lastIndex).toBe(40);
    let slots = 0;
    for (let from = 1; from !== 0; ) {
      const { votes, next } = reborn.receive('n3', prepare('5.n3', { from })).last('promise');
      slots += votes.length;
      from = next;
    }
    expect(slots).toBe(14);
  });

  it('P5 an acceptor promises nothing before it has read its votes back', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    const reborn = new Solo({ image: solo.image, slowDisk: true }).orphan();
    reborn.receive('n3', prepare('5.n3')).store();
    expect(reborn.all('promise')).toEqual([]);
    reborn.page().receive('n3', prepare('5.n3')).store();
    expect(reborn.last('promise', 'n3').votes.map(({ slot }) => slot)).toEqual([1, 2]);
  });

  it('nobody campaigns, votes, or reads before that is done', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') }));
    const reborn = new Solo({
      image: solo.image,
      slowDisk: true,
      paxos: { reads: 'quorum' },
    });
    for (let ticks = 0; ticks < 5; ticks++) reborn.tick();
    expect(reborn.sent).toEqual([]);
    expect(reborn.ending(reborn.read())).toMatchObject({ reason: 'not-leader' });
    reborn.page();
    for (let ticks = 0; ticks < 5; ticks++) reborn.tick();
    expect(reborn.all('survey').length).toBeGreaterThan(0);
  });

  it('P23 a node uses no round again, and nobody sees two values under one ballot', () => {
    for (const seed of seeds(20)) {
      const cluster = paxosCluster({ seed, conditions: { syncMs: [5, 40], delayMs: [1, 40] } });
      for (let crash = 0; crash < 25; crash++) {
        cluster.run(cluster.random.between(5, 400));
        cluster.leader?.propose([new Uint8Array([crash])]);
        cluster.leader?.propose([new Uint8Array([crash, crash])]);
        cluster.run(cluster.random.between(0, 30));
        const node = cluster.random.chance(0.5) ? cluster.leader : undefined;
        const victim = node ?? cluster.random.pick(cluster.nodes);
        victim.crash(0);
        victim.start();
      }
      cluster.decide('alive', 60 * electionTimeoutMs);
    }
  });

  it('P3 recoveries that are cut short one after the other keep the value', () => {
    // A vote in ballot 1; then one candidate after the other gets through phase 1 and dies.
    const solo = new Solo();
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'first') }));
    let { image } = solo;
    for (let round = 2; round < 6; round++) {
      const each = new Solo({ image }).orphan();
      const owner = round % 2 === 0 ? 'n2' : 'n3';
      const text = `${String(round)}.${owner}`;
      each.receive(owner, prepare(text));
      expect(each.last('promise', owner).votes).toEqual([
        { slot: 1, record: vote('1.n2', 'first') },
      ]);
      ({ image } = each);
    }
    const last = new Solo({ image }).orphan();
    last.receive('n2', accept('9.n2', { proposals: votesFrom(1, '9.n2', 'first') }));
    expect(last.votes).toEqual(['9.n2 first']);
  });

  it('R16 a voter keeps quiet for an election time-out: it may have given its word', () => {
    const image = new Solo().receive('n2', accept('1.n2')).image;
    const solo = new Solo({ image }).receive('n3', prepare('2.n3'));
    expect(solo.sent).toEqual([]);
    solo.wait(electionTimeoutMs + 1).receive('n3', prepare('2.n3'));
    expect(solo.all('promise', 'n3')).toHaveLength(1);
  });

  it('the only voter waits too, where it may have given its word', () => {
    const image = new Solo({ voters: ['n1'] }).image;
    const fresh = new Solo({ voters: ['n1'] });
    expect(fresh.wakeAt).toBeLessThanOrEqual(fresh.now);
    const used = new Solo({ voters: ['n1'] });
    for (let ticks = 0; !used.leads && ticks < 9; ticks++) used.tick();
    const again = new Solo({ voters: ['n1'], image: used.image });
    expect(again.wakeAt).toBeGreaterThanOrEqual(again.now + electionTimeoutMs);
    expect(image.state).toBeDefined();
  });

  it('what was only marked as chosen is known again, and in which ballots at most', () => {
    const solo = new Solo();
    solo.receive('n2', accept('9.n2'));
    solo.receive('n3', learned(1, '7.n3', ['a', 'b']));
    expect(solo.state.knownIn.round).toBe(0);
    const reborn = new Solo({ image: solo.image });
    expect(reborn.status.commitIndex).toBe(2);
    reborn.receive('n3', { type: 'learn', from: 1 });
    const { knownIn, records } = reborn.last('learned', 'n3');
    expect(records.map(textOf)).toEqual(['a', 'b']);
    expect(knownIn.round).toBeGreaterThanOrEqual(7);
  });

  it('the hint of what is chosen may lag: the rest is found out again', () => {
    for (const seed of seeds(5)) {
      const cluster = paxosCluster({ seed });
      cluster.commitMany(50);
      cluster.converge();
      for (const node of cluster.nodes) node.crash(0);
      for (const node of cluster.nodes) node.start();
      cluster.decide('again');
      cluster.converge();
    }
  });

  it('P6 a power cut of everybody at once takes nothing that was decided', () => {
    for (const seed of seeds(15)) {
      const cluster = paxosCluster({ seed, conditions: { syncMs: [1, 30] } });
      for (let outage = 0; outage < 4; outage++) {
        cluster.elect(40 * electionTimeoutMs);
        for (let nth = 0; nth < 10; nth++) cluster.leader?.propose([new Uint8Array([nth])]);
        cluster.run(cluster.random.between(0, 80));
        for (const node of cluster.nodes) node.crash();
        for (const node of cluster.nodes) node.start();
      }
      cluster.decide('after', 40 * electionTimeoutMs);
      cluster.converge();
    }
  });
});

describe('writes', () => {
  it('R17 of one turn are one atomic write: votes and the promise that they rest on', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'a', 'b') }));
    const { ops } = solo.writes.at(-1) ?? { ops: [] };
    expect(ops.filter(({ type }) => type === 'put')).toHaveLength(2);
    expect(ops.filter(({ type }) => type === 'state')).toHaveLength(1);
  });

  it('R17 a crash between any two of them leaves something that a node can start from', () => {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b', 'c') }));
    solo.receive('n2', accept('1.n2', { chosen: 2, proposals: votesFrom(5, '1.n2', 'e') }));
    solo.compact(2);
    solo.orphan().receive('n3', prepare('2.n3'));
    solo.receive('n3', accept('2.n3', { chosen: 6, proposals: votesFrom(3, '2.n3', 'C', 'D') }));
    solo.receive('n3', learned(5, '2.n3', ['E', 'F']));
    solo.compact(5);
    const { image } = new Solo();
    let promised = 0;
    for (const write of solo.writes) {
      image.apply(write.ops);
      const reborn = new Solo({ image, paxos: { keepBytesBehindSnapshot: 0 } });
      expect(reborn.status.epoch).toBeGreaterThanOrEqual(promised);
      expect(reborn.status.commitIndex).toBeGreaterThanOrEqual(image.snapshot?.index ?? 0);
      promised = reborn.status.epoch;
    }
    expect(new Solo({ image }).status).toMatchObject({ commitIndex: 6, firstIndex: 6 });
  });

  it('R18 R19 completions may come late, twice, and in any order', () => {
    for (const seed of seeds(6)) {
      const cluster = paxosCluster({
        seed,
        conditions: {
          completions: 'shuffled',
          completionMs: [0, 20],
          duplicateCompletionRate: 0.5,
          syncMs: [0.1, 10],
        },
      });
      for (let count = 0; count < 5; count++) cluster.commitMany(10);
      cluster.converge();
    }
  });

  it('R19 a later completion stands for the earlier ones', () => {
    const solo = new Solo({ slowDisk: true }).store();
    for (const value of [1, 2, 3]) {
      solo.receive('n2', accept('1.n2', { proposals: votesFrom(value, '1.n2', String(value)) }));
    }
    solo.stored(solo.writes.at(-1)?.id ?? 0);
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 3 });
  });

  it('bring the hint along from time to time, so that little has to be read back', () => {
    const solo = new Solo({ paxos: { window: 256 } });
    const { agreement } = solo;
    for (let slot = 1; slot <= 3000; slot += 100) {
      const payloads = Array.from({ length: 100 }, (_, at) => String(slot + at));
      const proposals = votesFrom(slot, '1.n2', ...payloads);
      solo.receive('n2', accept('1.n2', { agreement, chosen: slot - 1, proposals }));
    }
    expect(solo.state.chosen).toBeGreaterThan(1500);
  });
});

describe('a start is refused', () => {
  const used = (): Solo => {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b', 'c') }));
    solo.receive('n2', accept('1.n2', { chosen: 3 }));
    solo.compact(2);
    return solo;
  };

  it('with another window or other quorums than the node has promised under', () => {
    const { image } = new Solo().receive('n2', accept('1.n2'));
    const start = (paxos: object) => () => new Solo({ image, paxos });
    expect(start({ window: 8 })).toThrow(InvalidArgumentError);
    expect(start({ quorums: flexible({ phase2: 2 }) })).toThrow(InvalidArgumentError);
    expect(start({ maxAppendBytes: 9 })).not.toThrow();
  });

  it('P18 where records are missing that are known to be chosen', () => {
    const { image } = used();
    const cut = image.copy();
    cut.apply([{ type: 'dropAfter', index: 2 }]);
    expect(() => new Solo({ image: cut })).toThrow(CorruptError);
    const trimmed = image.copy();
    trimmed.apply([
      { type: 'put', index: 4, record: vote('1.n2') },
      { type: 'dropBefore', index: 4 },
    ]);
    expect(() => new Solo({ image: trimmed })).toThrow(CorruptError);
  });

  it('P18 where the state is gone and the votes are not', () => {
    const { image } = used();
    const lost = image.copy();
    lost.state = undefined;
    expect(() => new Solo({ image: lost })).toThrow(CorruptError);
  });

  it('P18 where the snapshot is gone that the log was trimmed for', () => {
    const lost = used().image.copy();
    lost.snapshot = undefined;
    expect(() => new Solo({ image: lost })).toThrow(CorruptError);
  });

  it('P18 where a vote is above the promise, or no vote at all', () => {
    const { image } = new Solo().receive('n2', accept('1.n2'));
    const above = image.copy();
    above.apply([{ type: 'put', index: 1, record: vote('2.n2') }]);
    expect(() => new Solo({ image: above })).toThrow(CorruptError);
    for (const record of [new Uint8Array(9), new Uint8Array(200)]) {
      const damaged = image.copy();
      damaged.apply([{ type: 'put', index: 1, record }]);
      expect(() => new Solo({ image: damaged })).toThrow(CorruptError);
    }
  });

  it('P18 where state or snapshot cannot be read', () => {
    const { image } = used();
    const damaged = image.copy();
    damaged.state = image.state?.slice(0, -1);
    expect(() => new Solo({ image: damaged })).toThrow(CorruptError);
    const other = image.copy();
    const { snapshot } = image;
    if (snapshot === undefined) throw new Error('no snapshot');
    other.snapshot = { ...snapshot, context: snapshot.context.slice(1) };
    expect(() => new Solo({ image: other })).toThrow(CorruptError);
    other.snapshot = { ...snapshot, index: snapshot.index + 1 };
    expect(() => new Solo({ image: other })).toThrow(CorruptError);
  });
});

describe('a leader', () => {
  it('sends its accepts while its own disk is at work', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.campaign();
    solo.store();
    solo.receive('n2', promise(solo.last('prepare', 'n2')));
    expect(solo.leads).toBe(true);
    const sent = solo.sent.filter(({ message }) => message.type === 'accept');
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.every(({ after }) => after === undefined)).toBe(true);
    expect(ballot('1.n1')).toEqual(solo.ballot);
  });
});
