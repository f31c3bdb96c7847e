/** Pipelining and its limits: thesis, section 10.2; every bound is an option. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, raftCluster, type RaftCluster, seeds } from './raft-cluster.ts';
import { termOf } from './raft-checks.ts';
import { append, diskWith, noop, Solo } from './solo.ts';

const kilobyte = new Uint8Array(1024);

/** A leader whose followers have acknowledged everything so far. */
function leading(raft: ConstructorParameters<typeof Solo>[0] = {}): Solo {
  const solo = new Solo(raft).lead();
  for (const id of ['n2', 'n3']) solo.acknowledge(id, solo.status.lastIndex);
  return solo.forget();
}

const recordsTo = (solo: Solo, id: string): number =>
  solo.appendsTo(id).reduce((sum, message) => sum + message.records.length, 0);

describe('the window of a follower', () => {
  it('lets records go out before earlier ones are acknowledged', () => {
    const solo = leading();
    for (let nth = 0; nth < 10; nth++) solo.propose();
    expect(recordsTo(solo, 'n2')).toBe(10);
  });

  it('is bounded in messages', () => {
    const solo = leading({ raft: { maxInflightMessages: 4 } });
    for (let nth = 0; nth < 20; nth++) solo.propose();
    const sent = solo.appendsTo('n2').filter((message) => message.records.length > 0);
    expect(sent).toHaveLength(4);
    solo.forget().acknowledge('n2', solo.status.lastIndex - 16);
    // What waited goes out together, in what room there is.
    expect(recordsTo(solo, 'n2')).toBe(16);
  });

  it('is bounded in bytes, and always has room for one message', () => {
    const solo = leading({ raft: { maxInflightBytes: 4096, maxAppendBytes: 2048 } });
    for (let nth = 0; nth < 20; nth++) solo.propose(kilobyte);
    const bytes = solo
      .appendsTo('n2')
      .flatMap(({ records }) => records)
      .reduce((sum, record) => sum + record.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(2048);
    expect(bytes).toBeLessThanOrEqual(4096 + 2048);

    const huge = leading({ raft: { maxInflightBytes: 4096, maxAppendBytes: 2048 } });
    huge.propose(new Uint8Array(100_000));
    expect(recordsTo(huge, 'n2')).toBe(1);
  });

  it('holds messages to their size, but for a record that is larger by itself', () => {
    const solo = leading({ raft: { maxAppendBytes: 4096 }, slowDisk: false });
    const { lastIndex } = solo.status;
    solo.receive('n2', {
      ...lastReply(solo, lastIndex),
      rejected: { previousIndex: lastIndex, hintIndex: 0, hintTerm: 0 },
    });
    for (let nth = 0; nth < 20; nth++) solo.propose(kilobyte);
    solo.propose(new Uint8Array(9000));
    solo.acknowledge('n3', solo.status.lastIndex);
    for (const { records } of solo.appendsTo('n3')) {
      const bytes = records.reduce((sum, record) => sum + record.length, 0);
      expect(bytes <= 4096 || records.length === 1).toBe(true);
    }
  });

  it('is not filled for a follower that does not answer', () => {
    const cluster = raftCluster({ raft: { maxInflightMessages: 8 } });
    cluster.commit();
    cluster.converge();
    const [silent] = cluster.followers();
    cluster.isolate(silent?.id ?? '');
    let sent = 0;
    cluster.network.tap = (_from, to, message) => {
      if (to === silent?.id && message.type === 'append' && message.records.length > 0) sent += 1;
      return 'pass';
    };
    for (let nth = 0; nth < 200; nth++) {
      cluster.commit();
      cluster.run(10);
    }
    // Over more than two seconds: one window, and now and then a probe.
    expect(sent).toBeLessThan(8 + 2 * 40);
    cluster.heal();
    cluster.converge();
  });
});

describe('a member that denies what it had acknowledged', () => {
  it('(its disk is gone) is not asked again and again at the speed of the network', () => {
    const solo = leading();
    const { lastIndex } = solo.status;
    let asked = 0;
    for (let round = 0; round < 50; round++) {
      const [sent] = solo.appendsTo('n2').slice(-1);
      if (sent !== undefined) asked += 1;
      const previousIndex = sent?.previousIndex ?? lastIndex;
      solo.forget().receive('n2', {
        ...lastReply(solo, 0),
        rejected: { previousIndex, hintIndex: 0, hintTerm: 0 },
      });
    }
    expect(asked).toBeLessThan(5);
  });
});

function lastReply(
  solo: Solo,
  match: number,
): Parameters<Solo['receive']>[1] & { type: 'append-reply' } {
  return {
    type: 'append-reply',
    term: solo.status.epoch,
    match,
    verified: match,
    round: 0,
    sentAt: 0,
    rejected: undefined,
  };
}

describe('R27 lost messages', () => {
  it('a whole lost window is sent again', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed, raft: { maxInflightMessages: 4 } });
      cluster.commit();
      cluster.converge();
      const leader = cluster.elect();
      cluster.network.tap = (_from, _to, message) =>
        message.type === 'append' && message.records.length > 0 ? 'drop' : 'pass';
      for (let nth = 0; nth < 40; nth++) {
        leader.propose([]);
        cluster.run(1);
      }
      cluster.run(20);
      cluster.network.tap = () => 'pass';
      // No client helps: what is there must get through, and the leader stays.
      const { lastIndex, epoch } = leader.engine.status;
      cluster.until(
        () => leader.engine.status.commitIndex === lastIndex,
        'everything is committed',
        4 * electionTimeoutMs,
      );
      expect(leader.engine.status.epoch).toBe(epoch);
    }
  });

  it('a hole in the middle of a window is filled', () => {
    for (const seed of seeds(10)) {
      const cluster = raftCluster({ seed });
      cluster.commit();
      cluster.converge();
      const leader = cluster.elect();
      let nth = 0;
      cluster.network.tap = (_from, _to, message) =>
        message.type === 'append' && message.records.length > 0 && ++nth % 5 === 2
          ? 'drop'
          : 'pass';
      for (let write = 0; write < 60; write++) {
        leader.propose([]);
        cluster.run(1);
      }
      cluster.network.tap = () => 'pass';
      cluster.converge(4 * electionTimeoutMs);
    }
  });

  it('lost answers do not matter', () => {
    const cluster = raftCluster();
    cluster.commit();
    cluster.converge();
    const leader = cluster.elect();
    cluster.network.tap = (_from, to, message) =>
      to === leader.id && message.type === 'append-reply' ? 'drop' : 'pass';
    for (let nth = 0; nth < 20; nth++) leader.propose([]);
    cluster.run(100);
    cluster.network.tap = () => 'pass';
    cluster.until(
      () => leader.engine.status.commitIndex === leader.engine.status.lastIndex,
      'everything is committed',
      2 * electionTimeoutMs,
    );
  });

  it('half of all messages lost, both ways, slows a group down and does not stop it', () => {
    for (const seed of seeds(5)) {
      const cluster = raftCluster({ seed, conditions: { dropRate: 0.4, reorder: true } });
      for (let nth = 0; nth < 10; nth++) {
        let ticket = cluster.elect(60_000).propose([]);
        cluster.until(
          () => {
            if (cluster.requests.placeOf(ticket) !== undefined) return true;
            const ending = cluster.requests.ending(ticket);
            const lost =
              ending !== undefined &&
              (ending.type !== 'accepted' || cluster.recorder.decided(ending.index) !== undefined);
            if (lost && cluster.leader !== undefined) ticket = cluster.leader.propose([]);
            return false;
          },
          'a decision',
          120_000,
        );
      }
    }
  });
});

describe('what is not committed', () => {
  it('is bounded in bytes: more is refused as overload, and taken again later', () => {
    const solo = leading({ raft: { maxUncommittedBytes: 10_000 } });
    const tickets = Array.from({ length: 20 }, () => solo.propose(kilobyte));
    const ending = (ticket: number): string | undefined => {
      const outcome = solo.outcomes.find((each) => each.ticket === ticket);
      return outcome?.type === 'rejected' ? outcome.reason : outcome?.type;
    };
    const accepted = tickets.filter((ticket) => ending(ticket) === 'accepted');
    expect(accepted.length).toBeGreaterThanOrEqual(8);
    expect(accepted.length).toBeLessThanOrEqual(10);
    for (const ticket of tickets.slice(accepted.length)) expect(ending(ticket)).toBe('overloaded');
    solo.acknowledge('n2', solo.status.lastIndex);
    expect(ending(solo.propose(kilobyte))).toBe('accepted');
  });

  it('may be one record of any size', () => {
    const solo = leading({ raft: { maxUncommittedBytes: 10_000 } });
    const ticket = solo.propose(new Uint8Array(50_000));
    expect(solo.outcomes.find((each) => each.ticket === ticket)?.type).toBe('accepted');
  });
});

describe('the log in memory', () => {
  const small = { maxTailBytes: 8192, maxAppendBytes: 4096, maxUnappliedBytes: 8192 } as const;

  function filled(seed: number = 1): RaftCluster {
    const cluster = raftCluster({
      seed,
      raft: { ...small, keepBytesBehindSnapshot: 0 },
      // Durable records are bounded by the option, others by how much can be on its way.
      maxTailBytes: 8192 + 64 * 1024,
    });
    cluster.commit();
    cluster.converge();
    return cluster;
  }

  it('is bounded, however far a follower is behind; the rest is read from disk', () => {
    for (const seed of seeds(3)) {
      const cluster = filled(seed);
      const [behind] = cluster.followers();
      behind?.crash();
      for (let nth = 0; nth < 20; nth++) cluster.commitMany(10, kilobyte);
      cluster.run(50);
      for (const node of cluster.live)
        expect(node.engine.status.tailBytes).toBeLessThanOrEqual(8192);
      behind?.start();
      cluster.converge();
      expect(cluster.shipping.begun).toBe(0);
    }
  });

  it('is paged in for a consumer that is slow, after a restart too', () => {
    const cluster = filled();
    for (let nth = 0; nth < 20; nth++) cluster.commitMany(10, kilobyte);
    cluster.converge();
    for (const node of cluster.nodes) node.crash();
    cluster.conditions.applyMs = [20, 60];
    for (const node of cluster.nodes) node.start();
    cluster.commit('after', 20_000);
    cluster.converge(60_000);
  });

  it('is asked for in pages, one at a time, and never past what is known to be there', () => {
    const terms = Array.from({ length: 400 }, () => 1);
    const solo = new Solo({ image: diskWith(terms), raft: small, slowDisk: true });
    solo.receive('n2', append({ term: 1, previousIndex: 400, previousTerm: 1, commit: 400 }));
    expect(solo.committed).toEqual([]);
    for (let pages = 0; solo.committed.length < 400 && pages < 100; pages++) {
      const load = solo.loads.shift();
      expect(solo.loads).toEqual([]);
      if (load === undefined) break;
      expect(load.from).toBe(solo.committed.length + 1);
      expect(load.to).toBeLessThanOrEqual(400);
      const records = [];
      for (let index = load.from; index <= Math.min(load.to, load.from + 49); index++) {
        records.push({ index, record: solo.image.record(index) ?? new Uint8Array(0) });
      }
      solo.step({ type: 'loaded', load: load.id, records });
      solo.step({ type: 'applied', index: solo.committed.length });
    }
    expect(solo.committed.map(({ index }) => index)).toEqual(terms.map((_term, at) => at + 1));
  });

  it('is not what a page says that was read while the log was rewritten', () => {
    const raft = { maxTailBytes: 0, maxUnappliedBytes: 1 };
    const solo = new Solo({ image: diskWith([1, 1, 1, 1, 1]), raft, slowDisk: true });
    const records = [noop(2), noop(2)];
    // 4 and 5 are replaced and committed; the page still sees them as they were.
    const before = solo.image.copy();
    solo.receive('n3', append({ term: 2, previousIndex: 3, previousTerm: 1, commit: 5, records }));
    const [load] = solo.loads;
    const page = [1, 2, 3, 4, 5].map((index) => ({
      index,
      record: before.record(index) ?? new Uint8Array(0),
    }));
    solo.step({ type: 'loaded', load: load?.id ?? 0, records: page });
    solo.store();
    for (let applied = 1; applied < 5; applied++) {
      solo.step({ type: 'applied', index: applied });
      for (const { id, from, to } of solo.loads.splice(0)) {
        if (id === load?.id) continue;
        const fresh = [];
        for (let index = from; index <= to; index++) {
          fresh.push({ index, record: solo.image.record(index) ?? new Uint8Array(0) });
        }
        solo.step({ type: 'loaded', load: id, records: fresh });
      }
    }
    expect(solo.committed.map(({ record }) => termOf(record))).toEqual([1, 1, 1, 2, 2]);
  });

  it('hands out no more than the consumer may owe', () => {
    const solo = leading({ raft: { maxUnappliedBytes: 5000 } });
    for (let nth = 0; nth < 20; nth++) solo.propose(kilobyte);
    solo.acknowledge('n2', solo.status.lastIndex);
    const handed = solo.committed.length;
    expect(handed).toBeLessThanOrEqual(7);
    solo.step({ type: 'applied', index: handed });
    expect(solo.committed.length).toBeGreaterThan(handed);
  });
});
