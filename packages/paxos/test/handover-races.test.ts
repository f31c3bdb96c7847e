/**
 * Leaders that come and go while messages of the one before are still under way: hand-overs that lose a
 * promise, prepares that arrive a leadership late, refusals for the sake of somebody lower, promises that
 * come after the election, and teachers that die.
 */
import { describe, expect, it } from 'vitest';
import { Phase1 } from '../src/phase1.ts';
import { acceptAll, type PaxosSimNode } from './divided.ts';
import { electionTimeoutMs, paxosCluster, type PaxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, learned, prepare, promise, Solo, textOf, votesFrom } from './solo.ts';

const five = ['n1', 'n2', 'n3', 'n4', 'n5'];

/** The followers of a group of which everybody is there. */
function others(cluster: PaxosCluster, count: number): readonly PaxosSimNode[] {
  const followers = cluster.followers();
  expect(followers).toHaveLength(count);
  return followers;
}

describe('a hand-over', () => {
  /** A cluster at rest. */
  function calmCluster(seed: number, maxAppendBytes: number): PaxosCluster {
    const cluster = paxosCluster({ seed, paxos: { maxAppendBytes } });
    cluster.commit();
    cluster.converge();
    cluster.run(electionTimeoutMs);
    return cluster;
  }

  it('with a first promise that is lost goes on with the next heartbeat', () => {
    for (const seed of seeds(6)) {
      const cluster = calmCluster(seed, 1_000_000);
      const old = cluster.elect();
      const [next] = others(cluster, 2);
      let lost = 0;
      cluster.network.tap = (from, _to, { type }) => {
        if (type !== 'promise') return 'pass';
        return from === old.id || lost++ === 0 ? 'drop' : 'pass';
      };
      const startedAt = cluster.schedule.now;
      old.transfer(next?.id);
      cluster.until(() => next?.engine.status.role === 'candidate', 'phase 1');
      old.crash();
      cluster.until(() => next?.leads === true, 'the next leader');
      expect(lost).toBeGreaterThan(1);
      expect(cluster.schedule.now - startedAt).toBeLessThan(electionTimeoutMs / 2);
    }
  });

  it('with a promise of many pages takes no longer', () => {
    for (const seed of seeds(6)) {
      const cluster = calmCluster(seed, 500);
      const old = cluster.elect();
      const [next] = others(cluster, 2);
      // Both have accepted all of it, and do not hear that it is chosen.
      const { commitIndex } = old.engine.status;
      const last = commitIndex + 10;
      cluster.network.tap = (_from, _to, message) =>
        message.type === 'accept' && message.chosen > commitIndex ? 'drop' : 'pass';
      for (let count = 0; count < 10; count++) old.propose([new Uint8Array(200)]);
      cluster.until(() => old.engine.status.commitIndex === last, 'decisions');
      cluster.until(() => cluster.nodes.every(({ disk }) => disk.durable.last === last), 'votes');
      let pages = 0;
      cluster.network.tap = (from, _to, message) => {
        if (message.type !== 'promise') return message.type === 'accept' ? 'drop' : 'pass';
        if (from === old.id) return 'drop';
        pages += 1;
        return 'pass';
      };
      const startedAt = cluster.schedule.now;
      old.transfer(next?.id);
      cluster.until(() => next?.engine.status.role === 'candidate', 'phase 1');
      old.crash();
      cluster.until(() => next?.leads === true, 'the next leader');
      expect(pages).toBeGreaterThan(3);
      expect(cluster.schedule.now - startedAt).toBeLessThan(electionTimeoutMs / 2);
    }
  });

  it('takes the very next round, whatever rounds its successor has heard of', () => {
    const solo = new Solo().tick();
    const { askedAt } = solo.last('survey', 'n2');
    solo.receive('n9', { type: 'survey-reply', askedAt, lost: false, round: 9 });
    solo.receive('n2', accept('3.n2')).forget();
    solo.receive('n2', { type: 'take-over', ballot: ballot('3.n2') });
    expect(solo.last('prepare').ballot).toEqual(ballot('4.n1'));
    // By itself it goes past all of them.
    expect(solo.campaign().round).toBeGreaterThan(9);
  });

  it('is granted at the word of the leader that is followed, and of no former one', () => {
    const solo = new Solo().receive('n2', accept('3.n2'));
    solo.wait(electionTimeoutMs).receive('n3', accept('4.n3')).forget();
    // n2 asked n5 to take over, and n5 is late: meanwhile n3 has this node's word.
    solo.receive('n5', prepare('9.n5', { transfer: ballot('3.n2') }));
    solo.receive('n5', accept('9.n5', { transfer: ballot('3.n2') }));
    expect(solo.sentTo('n5')).toEqual([]);
    expect(solo.state.promised).toEqual(ballot('4.n3'));
    solo.receive('n5', prepare('9.n5', { transfer: ballot('4.n3') }));
    expect(solo.last('promise', 'n5').ballot).toEqual(ballot('9.n5'));
  });

  it('that arrives a leadership late breaks no lease', () => {
    let answered = 0;
    for (const seed of seeds(12)) {
      const cluster = paxosCluster({ seed, voters: five });
      cluster.commit();
      cluster.converge();
      const old = cluster.elect();
      const [target] = others(cluster, 4);
      if (target === undefined) throw new Error('nobody');
      // A node that was removed long ago tells it of a round that nobody else knows of.
      let askedAt: number | undefined;
      cluster.network.tap = (from, _to, message) => {
        if (from === target.id && message.type === 'survey') askedAt = message.askedAt;
        return 'pass';
      };
      cluster.isolate(target.id);
      cluster.until(() => askedAt !== undefined, 'a survey');
      target.receive('n9', {
        type: 'survey-reply',
        askedAt: askedAt ?? 0,
        lost: false,
        round: old.engine.status.epoch + 9,
      });
      cluster.heal();
      cluster.until(() => target.engine.status.leader === old.id, 'everybody to be back');
      cluster.run(electionTimeoutMs);
      // Its prepares are lost, and then it is: somebody else is elected.
      cluster.network.tap = (from, _to, { type }) =>
        from === target.id && type === 'prepare' ? 'drop' : 'pass';
      old.transfer(target.id);
      cluster.until(() => target.engine.status.role === 'candidate', 'phase 1 of the target');
      old.crash();
      cluster.isolate(target.id);
      cluster.network.tap = () => 'pass';
      const isNext = (node: PaxosSimNode): boolean => node.leads && node !== old && node !== target;
      cluster.until(() => cluster.nodes.some(isNext), 'another leader');
      const next = cluster.nodes.find(isNext);
      cluster.run(20);
      // Now that one is cut off, and the target asks for promises again.
      cluster.heal();
      cluster.isolate(next?.id ?? '');
      for (let step = 0; step < 400 && next?.leads === true; step++) {
        if (step % 10 === 0) target.propose([]);
        const ticket = next.read('lease');
        cluster.run(2);
        if (cluster.requests.ending(ticket)?.type === 'ready') answered += 1;
      }
      cluster.heal();
      old.start();
      cluster.decide('after', 20 * electionTimeoutMs);
    }
    expect(answered).toBeGreaterThan(0);
  });
});

describe('a refusal in the name of a lower ballot', () => {
  it('deposes no leader: who gave it takes the accepts', () => {
    const solo = new Solo({ voters: five });
    solo.campaign();
    const { round } = solo.ballot;
    solo.beElected().forget();
    solo.receive('n5', { type: 'refuse', ballot: solo.ballot, promised: { round, node: 'n0' } });
    expect(solo.leads).toBe(true);
    const acceptor = new Solo({ node: 'n5', voters: five });
    acceptor.receive('n0', prepare(`${String(round)}.n0`)).forget();
    acceptor.receive('n1', solo.tick().last('accept', 'n5'));
    expect(acceptor.last('accepted', 'n1')).toMatchObject({ ballot: solo.ballot });
  });

  it('leaves a candidate the others', () => {
    const solo = new Solo({ voters: five });
    const own = solo.campaign();
    const asked = solo.last('prepare');
    solo.receive('n2', { type: 'refuse', ballot: own, promised: { ...own, node: 'n0' } });
    solo.receive('n3', promise(asked)).receive('n4', promise(asked));
    expect(solo.leads).toBe(true);
  });
});

describe('a promise that comes after the election', () => {
  /** Leads a group of five with the promises of n2 and n3, one slot at a time. */
  function elected(): Solo {
    const solo = new Solo({ voters: five, paxos: { window: 1 } });
    const { agreement } = solo;
    solo.receive('n2', accept('3.n2', { agreement, proposals: votesFrom(1, '3.n2', 'a', 'b') }));
    solo.campaign();
    const asked = solo.last('prepare');
    for (const id of ['n2', 'n3']) {
      solo.receive(id, promise(asked, { votes: votesFrom(1, '3.n2', 'a', 'b') }));
    }
    expect(solo.leads).toBe(true);
    return solo;
  }

  it('from somebody who knew more, and dies, holds nobody up', () => {
    const solo = elected();
    // n4 has heard that both slots are chosen. It is never heard of again.
    solo.receive('n4', promise(solo.last('prepare', 'n4'), { chosen: 2 }));
    const ticket = solo.propose('client');
    acceptAll(solo, 'n2', 'n3');
    expect(solo.committed.map(({ record }) => textOf(record)).slice(0, 2)).toEqual(['a', 'b']);
    expect(solo.ending(ticket)).toMatchObject({ type: 'accepted' });
    expect(solo.committed.map(({ record }) => textOf(record)).at(-1)).toBe('client');
  });

  it('counts once its leader has fetched what it knew', () => {
    const solo = new Solo({ paxos: { window: 1 } });
    solo.campaign();
    solo.receive('n2', promise(solo.last('prepare', 'n2'), { chosen: 2 }));
    expect(solo.leads).toBe(false);
    solo.receive('n2', learned(1, '1.n0', ['a']));
    expect(solo.leads).toBe(false);
    solo.receive('n2', learned(2, '1.n0', ['b']));
    expect(solo.leads).toBe(true);
  });

  it('and the way out is open whoever dies', () => {
    for (const seed of seeds(12)) {
      const cluster = paxosCluster({ seed, voters: five, paxos: { window: 4 } });
      cluster.commit();
      cluster.converge();
      cluster.run(electionTimeoutMs);
      const old = cluster.elect();
      const [first, knowing, ...lagging] = others(cluster, 4);
      if (first === undefined || knowing === undefined) throw new Error('nobody');
      // The first one misses two slots, those who lag one each: only one knows all that is chosen.
      const before = old.engine.status.commitIndex;
      cluster.network.tap = (from, to, message) => {
        if (from !== old.id) return 'pass';
        if (message.type === 'learned') return to === knowing.id ? 'pass' : 'drop';
        if (message.type !== 'accept') return 'pass';
        const missed = to === first.id ? [1, 2] : to === lagging[0]?.id ? [1] : [2];
        const misses = message.proposals.some(({ slot }) => missed.includes(slot - before));
        return to !== knowing.id && misses ? 'drop' : 'pass';
      };
      for (let count = 0; count < 14; count++) {
        old.propose([]);
        cluster.run(6);
      }
      cluster.until(() => knowing.engine.status.commitIndex >= before + 14, 'one that knows all');
      old.crash();
      // It promises late, when the first one leads already, and dies of it.
      let isGone = false;
      cluster.network.tap = (from, to, { type }) => {
        if (from === knowing.id && to === first.id && type === 'promise') {
          if (!first.leads) return 'drop';
          isGone = true;
          return 'pass';
        }
        if (from === knowing.id && type !== 'survey-reply') return 'drop';
        if (to === knowing.id && type === 'learn') return 'drop';
        if (from !== first.id && (type === 'survey' || type === 'prepare')) return 'drop';
        return first.leads && !isGone && type === 'accepted' ? 'drop' : 'pass';
      };
      cluster.until(() => isGone, 'its promise', 30 * electionTimeoutMs);
      cluster.run(5);
      knowing.crash();
      cluster.network.tap = () => 'pass';
      const ticket = first.propose([]);
      cluster.until(() => cluster.requests.placeOf(ticket) !== undefined, 'a decision');
      knowing.start();
      old.start();
      cluster.converge(20 * electionTimeoutMs);
    }
  });

  it('leaves no votes in memory for slots that are proposed already', () => {
    const phase1 = new Phase1(ballot('5.n1'), 1, undefined, 0);
    const votes = votesFrom(1, '3.n2', 'a', 'b', 'c', 'd');
    phase1.add('n4', promise({ ballot: ballot('5.n1'), from: 1 }, { votes }), 3);
    expect([1, 2].map((slot) => phase1.valueFor(slot, undefined))).toEqual([undefined, undefined]);
    expect(
      [3, 4].map((slot) => textOf(phase1.valueFor(slot, undefined) ?? new Uint8Array(0))),
    ).toEqual(['c', 'd']);
    for (const slot of [3, 4]) phase1.forget(slot);
    expect([3, 4].map((slot) => phase1.valueFor(slot, undefined))).toEqual([undefined, undefined]);
  });
});
