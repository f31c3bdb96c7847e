/** Snapshots: published and trimmed in one step, installed over holes, shipped to whoever is behind. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import {
  accept,
  agreementOf,
  ballot,
  groupOf,
  learned,
  prepare,
  Solo,
  textOf,
  votesFrom,
} from './solo.ts';
import { decodeContext, encodeContext } from '../src/state.ts';

const trimming = { paxos: { keepBytesBehindSnapshot: 0 } } as const;

/** A follower that knows five chosen slots and has applied them. */
function follower(): Solo {
  const solo = new Solo(trimming);
  solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', ...Array.from('abcde')) }));
  return solo.receive('n2', accept('2.n2', { chosen: 5 })).forget();
}

function contextOf(index: number, text: string = '2.n2', settledRound: number = 0): Uint8Array {
  return encodeContext({
    agreement: agreementOf(),
    index,
    knownIn: ballot(text),
    settledRound,
    placed: { index: 0, membership: groupOf(['n1', 'n2', 'n3']) },
  });
}

describe('a snapshot of its own', () => {
  it('P15 is published, the log trimmed and both noted in one atomic write', () => {
    const solo = follower();
    const writes = solo.writes.length;
    const ticket = solo.compact(3);
    expect(solo.ending(ticket)).toMatchObject({ type: 'done', index: 3 });
    const types = solo.writes.slice(writes).map(({ ops }) => ops.map(({ type }) => type));
    expect(types).toEqual([['snapshot', 'dropBefore', 'state']]);
    expect(solo.status.firstIndex).toBe(4);
    expect(solo.state).toMatchObject({ base: 3 });
    const reborn = new Solo({ image: solo.image, ...trimming });
    expect(reborn.status).toMatchObject({ firstIndex: 4, commitIndex: solo.state.chosen });
  });

  it('P15 that trims nothing is written together with what it rests on, too', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    solo.receive('n2', accept('2.n2', { chosen: 2 }));
    expect(solo.state.chosen).toBe(0);
    const ticket = solo.compact(2);
    expect(solo.ending(ticket)).toMatchObject({ type: 'done', index: 2 });
    expect(solo.writes.at(-1)?.ops.map(({ type }) => type)).toEqual(['snapshot', 'state']);
    expect(new Solo({ image: solo.image }).status).toMatchObject({ commitIndex: 2, firstIndex: 1 });
  });

  it('P15 is not reported before it is durable', () => {
    const solo = new Solo({ ...trimming, slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') })).store();
    solo.receive('n2', accept('2.n2', { chosen: 2 })).store();
    const ticket = solo.compact(1);
    expect(solo.ending(ticket)).toBeUndefined();
    solo.store();
    expect(solo.ending(ticket)).toMatchObject({ type: 'done' });
  });

  it('is refused where it is older than the one there is, or ahead of what is applied', () => {
    const solo = follower();
    solo.compact(3);
    expect(solo.ending(solo.compact(3))).toMatchObject({ reason: 'stale' });
    const ahead = 77;
    solo.step({ type: 'compact', ticket: ahead, snapshot: { id: 'x', index: 5 } });
    expect(solo.ending(ahead)).toMatchObject({ reason: 'stale' });
  });

  it('names the ballots, the round and the group as of its index', () => {
    const solo = follower();
    solo.compact(4);
    const { snapshot } = solo.image;
    const context = decodeContext(snapshot?.context ?? new Uint8Array(0));
    expect(context).toMatchObject({ index: 4, knownIn: ballot('2.n2'), agreement: solo.agreement });
    expect(context.placed.membership.voters.map(({ id }) => id)).toEqual(['n1', 'n2', 'n3']);
  });

  it('R13 names the membership of its own index, not a later one', () => {
    const solo = new Solo(trimming).reign();
    const before = solo.status.commitIndex;
    const ticket = solo.reconfigure({ type: 'add-learner', member: { id: 'n4' } });
    solo.acknowledge('n2', before + 1);
    expect(solo.ending(ticket)?.type).toBe('done');
    solo.compact(before);
    const context = decodeContext(solo.image.snapshot?.context ?? new Uint8Array(0));
    expect(context.placed.membership.learners).toEqual([]);
    const reborn = new Solo({ image: solo.image, ...trimming });
    expect(reborn.status.membership.learners).toEqual(
      reborn.status.commitIndex > before ? [{ id: 'n4' }] : [],
    );
  });

  it('keeps what stands behind it, votes in holes included', () => {
    const solo = follower();
    solo.receive('n2', accept('2.n2', { chosen: 5, proposals: votesFrom(8, '2.n2', 'h') }));
    solo.compact(5);
    const reborn = new Solo({ image: solo.image, ...trimming }).orphan();
    reborn.receive('n3', prepare('3.n3'));
    const { chosen, votes } = reborn.last('promise', 'n3');
    expect(chosen).toBe(5);
    expect(votes.map(({ slot }) => slot)).toEqual([8]);
  });

  it('P6 counts nothing as durable that is only covered by it while it is on its way', () => {
    const solo = new Solo({ ...trimming, slowDisk: true }).store();
    solo.receive('n2', accept('2.n2')).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    solo.receive('n2', accept('2.n2', { chosen: 2 })).forget();
    solo.compact(2);
    solo.receive('n2', accept('2.n2', { chosen: 2, round: 1 }));
    const unsafe = solo.sent.filter(
      ({ message, after }) =>
        message.type === 'accepted' && message.match > 0 && after === undefined,
    );
    expect(unsafe).toEqual([]);
    solo.store();
    expect(solo.last('accepted', 'n2').match).toBe(2);
  });
});

describe('a snapshot from elsewhere', () => {
  it('takes the place of everything up to its index, over holes, and keeps what is behind', () => {
    const solo = new Solo(trimming);
    const proposals = [...votesFrom(2, '2.n2', 'b'), ...votesFrom(4, '2.n2', 'd', 'e')];
    solo.receive('n2', accept('2.n2', { proposals }));
    const ticket = solo.install(3, contextOf(3));
    expect(solo.ending(ticket)).toMatchObject({ type: 'done', index: 3 });
    expect(solo.restored.map(({ index }) => index)).toEqual([3]);
    expect(solo.status).toMatchObject({ commitIndex: 3, firstIndex: 4 });
    expect(solo.votes).toEqual(['2.n2 d', '2.n2 e']);
    solo.receive('n2', accept('2.n2', { chosen: 5 }));
    expect(solo.committed.map(({ record }) => textOf(record))).toEqual(['d', 'e']);
    const reborn = new Solo({ image: solo.image, ...trimming });
    expect(reborn.status.firstIndex).toBe(4);
    expect(reborn.votes).toEqual(['2.n2 d', '2.n2 e']);
  });

  it('P15 is one atomic write, and the consumer restores it once that is durable', () => {
    const solo = new Solo({ ...trimming, slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(2, '2.n2', 'b') })).store();
    solo.install(3, contextOf(3));
    expect(solo.restored).toEqual([]);
    const { ops = [] } = solo.writes.at(-1) ?? {};
    expect(ops.map(({ type }) => type).sort()).toEqual(['dropBefore', 'snapshot', 'state']);
    solo.store();
    expect(solo.restored).toHaveLength(1);
  });

  it('goes on at once with what was chosen behind it', () => {
    const solo = new Solo(trimming);
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(4, '2.n2', 'd', 'e') }));
    solo.receive('n2', accept('2.n2', { chosen: 5 }));
    expect(solo.status.commitIndex).toBe(0);
    solo.install(3, contextOf(3));
    expect(solo.status.commitIndex).toBe(5);
    expect(solo.committed.map(({ index }) => index)).toEqual([4, 5]);
  });

  it('is refused where this node has as much, and where it is not of this group', () => {
    const solo = follower();
    expect(solo.ending(solo.install(5, contextOf(5)))).toMatchObject({ reason: 'stale' });
    expect(solo.ending(solo.install(9, contextOf(8)))).toMatchObject({ reason: 'invalid' });
    expect(solo.ending(solo.install(9, new Uint8Array(3)))).toMatchObject({ reason: 'invalid' });
    const other = encodeContext({ ...decodeContext(contextOf(9)), agreement: 5 });
    expect(solo.ending(solo.install(9, other))).toMatchObject({ reason: 'invalid' });
    expect(solo.status.commitIndex).toBe(5);
  });

  it('brings the ballot along in which it was chosen, and ends a leadership', () => {
    const solo = new Solo(trimming).reign();
    const index = solo.status.lastIndex + 5;
    solo.install(index, contextOf(index, '9.n3'));
    expect(solo.leads).toBe(false);
    expect(solo.state).toMatchObject({ knownIn: ballot('9.n3') });
    solo.orphan().receive('n2', prepare('8.n2'));
    expect(solo.last('refuse', 'n2')).toMatchObject({ promised: ballot('9.n3') });
    const same = new Solo(trimming).reign();
    const further = same.status.lastIndex + 5;
    same.install(further, contextOf(further, '1.n0'));
    expect(same.leads).toBe(false);
  });

  it('is not called held before it is durable', () => {
    const solo = new Solo({ ...trimming, slowDisk: true }).store();
    solo.receive('n2', accept('2.n2')).store().forget();
    solo.install(3, contextOf(3));
    solo.receive('n2', accept('2.n2', { chosen: 3, round: 1 }));
    const early = solo.all('accepted').filter(({ match }) => match > 0);
    const waits = solo.sent.filter(
      ({ message, after }) =>
        message.type === 'accepted' && message.match > 0 && after === undefined,
    );
    expect(early.length === 0 || waits.length === 0).toBe(true);
    solo.store();
    solo.receive('n2', accept('2.n2', { chosen: 3, round: 2 }));
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 3, chosen: 3 });
  });

  it('P7 is fetched by a candidate before it leads', () => {
    for (const seed of seeds(5)) {
      const cluster = paxosCluster({ seed, ...trimming });
      cluster.commit();
      const leader = cluster.elect();
      const [slow, other] = cluster.followers();
      cluster.isolate(slow?.id ?? '');
      cluster.commitMany(100);
      cluster.run(100);
      leader.compact();
      other?.compact();
      cluster.run(100);
      leader.crash();
      cluster.heal();
      // Only the one that is behind may ask.
      cluster.network.tap = (from, _to, { type }) =>
        from === other?.id && (type === 'survey' || type === 'prepare') ? 'drop' : 'pass';
      cluster.until(() => slow?.leads === true, 'the slow one leads', 40 * electionTimeoutMs);
      cluster.commit();
    }
  });
});

describe('whoever is behind', () => {
  it('gets a snapshot and the log behind it, and stays', () => {
    const cluster = paxosCluster(trimming);
    cluster.commit();
    const [slow] = cluster.followers();
    cluster.isolate(slow?.id ?? '');
    cluster.commitMany(200);
    cluster.run(50);
    cluster.leader?.compact();
    cluster.run(50);
    cluster.heal();
    cluster.converge();
    expect(cluster.shipping.arrived).toBeGreaterThan(0);
  });

  it('R30 catches up although snapshots are taken faster than one travels', () => {
    const cluster = paxosCluster({ ...trimming, conditions: { shipMs: [300, 400] } });
    cluster.commit();
    const leader = cluster.elect();
    const [slow] = cluster.followers();
    cluster.isolate(slow?.id ?? '');
    cluster.commitMany(100);
    leader.compact();
    cluster.run(20);
    cluster.heal();
    const until = cluster.schedule.now + 20 * electionTimeoutMs;
    const behind = (): boolean =>
      (slow?.engine.status.commitIndex ?? 0) < leader.engine.status.commitIndex - 20;
    while (behind() && cluster.schedule.now < until) {
      leader.propose([new Uint8Array(50)]);
      leader.compact();
      cluster.run(20);
    }
    expect(behind()).toBe(false);
    expect(cluster.shipping.begun).toBeLessThan(4);
  });

  it('R30 is left behind once too much log is kept for it', () => {
    const cluster = paxosCluster({
      paxos: { keepBytesBehindSnapshot: 0, maxHeldLogBytes: 2000 },
      conditions: { shipMs: [3000, 3000] },
    });
    cluster.commit();
    const leader = cluster.elect();
    const [slow] = cluster.followers();
    cluster.isolate(slow?.id ?? '');
    cluster.commitMany(100);
    leader.compact();
    cluster.run(20);
    cluster.heal();
    cluster.run(300);
    cluster.commitMany(100);
    cluster.run(50);
    leader.compact();
    cluster.run(100);
    expect(leader.engine.status.firstIndex).toBeGreaterThan(200);
    cluster.converge(60 * electionTimeoutMs);
  });

  it('a shipment that fails is tried again, not at once', () => {
    const solo = follower();
    solo.compact(4);
    const ask = (): number => solo.receive('n3', { type: 'learn', from: 1 }).ships.length;
    expect(ask()).toBe(1);
    expect(ask()).toBe(1);
    solo.step({ type: 'shipped', to: 'n3', index: undefined });
    expect(ask()).toBe(1);
    solo.wait(electionTimeoutMs + 1);
    expect(ask()).toBe(2);
  });

  it('a voter is asked for nothing below its snapshot, and says so', () => {
    const solo = follower();
    solo.compact(5);
    solo.orphan().receive('n3', prepare('3.n3'));
    expect(solo.last('promise', 'n3')).toMatchObject({ chosen: 5, votes: [], next: 0 });
  });
});

describe('compaction', () => {
  it('P13 P15 at any moment, with crashes at any moment, loses and changes nothing', () => {
    for (const seed of seeds(15)) {
      const cluster = paxosCluster({
        seed,
        paxos: { keepBytesBehindSnapshot: 200, maxTailBytes: 500, window: 8 },
        conditions: { syncMs: [0.5, 15], applyMs: [0, 10] },
      });
      cluster.elect(20 * electionTimeoutMs);
      for (let step = 0; step < 60; step++) {
        cluster.leader?.propose([new Uint8Array(step)]);
        const node = cluster.random.pick(cluster.nodes);
        if (node.up) node.compact();
        if (step % 7 === 3) {
          node.crash();
          cluster.schedule.after(cluster.random.between(0, 300), () => {
            node.start();
          });
        }
        if (step % 11 === 5) {
          cluster.shipping.stray(cluster.nodes[step % 3] ?? cluster.node('n1'), cluster.node('n2'));
        }
        cluster.run(cluster.random.between(0, 40));
      }
      for (const node of cluster.nodes) node.start();
      cluster.decide('end', 60 * electionTimeoutMs);
      cluster.converge(60 * electionTimeoutMs);
    }
  });

  it('P13 an accept that was delayed past it is not voted for', () => {
    const cluster = paxosCluster(trimming);
    const leader = cluster.elect();
    cluster.commit();
    cluster.converge();
    const [late] = cluster.followers();
    let held = false;
    cluster.network.tap = (from, to, message) => {
      const isTheOne =
        !held &&
        from === leader.id &&
        to === late?.id &&
        message.type === 'accept' &&
        message.proposals.length > 0;
      if (!isTheOne) return 'pass';
      held = true;
      return 'hold';
    };
    cluster.commitMany(20);
    cluster.converge();
    late?.compact();
    cluster.run(50);
    const { firstIndex } = late?.engine.status ?? { firstIndex: 0 };
    cluster.network.release();
    cluster.run(50);
    for (let index = 1; index < firstIndex; index++) {
      expect(late?.disk.durable.record(index)).toBeUndefined();
    }
    expect(firstIndex).toBeGreaterThan(1);
    expect(held).toBe(true);
  });

  it('leaves a candidate its phase 1, and a leader its slots', () => {
    const solo = new Solo(trimming);
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b', 'c') }));
    solo.receive('n2', accept('2.n2', { chosen: 2 }));
    solo.campaign();
    solo.compact(2);
    solo.receive('n3', learned(3, '2.n2', ['c']));
    solo.beElected({ n2: { chosen: 2 }, n3: { chosen: 3, from: 3, firstIndex: 3 } });
    expect(solo.slotsTo('n2')[0]).toBe(4);
  });
});
