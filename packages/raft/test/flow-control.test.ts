/** Pipelining and its limits: thesis, section 10.2; every bound is an option. */
import { describe, expect, it } from 'vitest';
import { recordTerm } from '../src/record.ts';
import { electionTimeoutMs, raftCluster, seeds } from './raft-cluster.ts';
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

  it('gets the bytes back that are acknowledged', () => {
    const solo = leading({ raft: { maxInflightBytes: 4096, maxAppendBytes: 2048 } });
    for (let nth = 0; nth < 50; nth++) solo.propose(kilobyte);
    const { lastIndex } = solo.status;
    const sentThrough = (): number =>
      Math.max(
        ...solo.appendsTo('n2').map(({ previousIndex, records }) => previousIndex + records.length),
      );
    for (let round = 0; round < 50 && sentThrough() < lastIndex; round++) {
      solo.acknowledge('n2', sentThrough());
    }
    expect(sentThrough()).toBe(lastIndex);
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
    expect(solo.committed.map(({ record }) => recordTerm(record))).toEqual([1, 1, 1, 2, 2]);
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
