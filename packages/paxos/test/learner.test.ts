/** The learner: news of what is chosen, values that are fetched, and holes that are closed. */
import { describe, expect, it } from 'vitest';
import { electionTimeoutMs, paxosCluster, seeds } from './paxos-cluster.ts';
import { accept, ballot, learned, Solo, textOf, votesFrom } from './solo.ts';

const texts = (solo: Solo): readonly string[] => solo.committed.map(({ record }) => textOf(record));

describe('news that slots are chosen', () => {
  it('hold for what was accepted in the very ballot of whoever says so', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b', 'c') }));
    expect(solo.status.commitIndex).toBe(0);
    solo.receive('n2', accept('2.n2', { chosen: 2 }));
    expect(solo.status.commitIndex).toBe(2);
    expect(texts(solo)).toEqual(['a', 'b']);
  });

  it('P11 say nothing about a value of another ballot: that is asked for', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'stale', 'b') }));
    solo.orphan().receive('n3', accept('3.n3', { chosen: 2 }));
    expect(solo.status.commitIndex).toBe(0);
    expect(solo.last('learn', 'n3')).toMatchObject({ from: 1 });
    solo.receive('n3', learned(1, '3.n3', ['A', 'b']));
    expect(texts(solo)).toEqual(['A', 'b']);
    expect(solo.votes).toEqual(['3.n3* A', '2.n2 b']);
  });

  // Seed 13534 of the simulator: what is on the disk is older than what memory has let go of.
  it.each(['before', 'after'])(
    'P11 say nothing about a vote that the disk still holds, if the page comes %s the chosen value is there',
    (when) => {
      const solo = new Solo({ slowDisk: true, paxos: { maxTailBytes: 1 } });
      solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'old', 'old') }));
      solo
        .store()
        .orphan()
        .receive('n3', accept('3.n3', { chosen: 3 }));
      // The first one has the chosen value already: it is durable, and needs no memory any more.
      solo.receive('n3', learned(1, '3.n3', ['a', 'B', 'C']));
      expect(solo.status.commitIndex).toBe(3);
      solo.receive('n2', { type: 'learn', from: 1 });
      const loads = solo.loads.splice(0);
      const onDisk = [1, 2, 3].map((index) => ({
        index,
        record: solo.image.record(index) ?? new Uint8Array(),
      }));
      const pages = loads.map(({ id: load, from, to }) => ({
        type: 'loaded' as const,
        load,
        records: onDisk.filter(({ index }) => index >= from && index <= to),
      }));
      expect(pages.length).toBe(2);
      if (when === 'after') solo.store();
      for (const page of pages) solo.step(page);
      solo.store().page();
      expect(texts(solo)).toEqual(['a', 'B', 'C']);
      const taught = solo.all('learned', 'n2').flatMap(({ records }) => records.map(textOf));
      expect(taught).toEqual(['a', 'B', 'C']);
      expect(solo.votes).toEqual(['2.n2 a', '3.n3* B', '3.n3* C']);
    },
  );

  it('P12 say nothing about the end of the log of somebody who led once', () => {
    const solo = new Solo().reign();
    const first = solo.status.lastIndex + 1;
    for (const value of 'abc') solo.propose(value);
    const delivered = texts(solo).length;
    // Deposed; the new leader has chosen as many slots, with other values.
    solo.receive('n3', accept('9.n3', { chosen: first + 2 }));
    expect(solo.status.commitIndex).toBe(first - 1);
    solo.receive('n3', learned(first, '9.n3', ['A', 'B', 'C']));
    expect(texts(solo).slice(delivered)).toEqual(['A', 'B', 'C']);
  });

  it('wait where there is a hole, and take effect once it is closed', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(2, '2.n2', 'b', 'c') }));
    solo.receive('n2', accept('2.n2', { chosen: 3 }));
    expect(solo.status.commitIndex).toBe(0);
    expect(solo.last('learn', 'n2')).toMatchObject({ from: 1 });
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') }));
    solo.receive('n2', accept('2.n2', { chosen: 3 }));
    expect(texts(solo)).toEqual(['a', 'b', 'c']);
  });

  it('may be older than what is known, and may come twice', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    for (const chosen of [2, 0, 1, 2]) solo.receive('n2', accept('2.n2', { chosen }));
    expect(texts(solo)).toEqual(['a', 'b']);
  });

  it('of a leader of a lower ballot than promised are not listened to', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') }));
    solo.orphan().receive('n3', accept('3.n3'));
    solo.receive('n2', accept('2.n2', { chosen: 1 }));
    expect(solo.status.commitIndex).toBe(0);
  });
});

describe('values that were asked for', () => {
  it('are taken in order, page by page, until everything is there', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { chosen: 4 }));
    expect(solo.last('learn', 'n2')).toMatchObject({ from: 1 });
    solo.receive('n2', learned(1, '2.n2', ['a', 'b'], { chosen: 4 }));
    expect(solo.last('learn', 'n2')).toMatchObject({ from: 3 });
    solo.forget().receive('n2', learned(3, '2.n2', ['c', 'd']));
    expect(solo.all('learn')).toEqual([]);
    expect(texts(solo)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('may come twice, late, overlapping, and from a former life', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { chosen: 4 }));
    const page = learned(1, '2.n2', ['a', 'b'], { chosen: 4 });
    solo.receive('n2', page, page);
    solo.receive('n2', learned(2, '2.n2', ['b', 'c'], { chosen: 4 }));
    solo.receive('n2', page);
    expect(texts(solo)).toEqual(['a', 'b', 'c']);
    const reborn = new Solo({ image: solo.image });
    reborn.receive('n2', learned(3, '2.n2', ['c', 'd']));
    expect(reborn.status.commitIndex).toBe(4);
    expect(texts(reborn)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('that leave a hole are not taken', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { chosen: 4 }));
    solo.receive('n2', learned(3, '2.n2', ['c', 'd']));
    expect(solo.status.commitIndex).toBe(0);
    expect(solo.votes).toEqual([]);
  });

  it('are asked for again, of the leader, where no answer comes', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { chosen: 4 }));
    solo
      .orphan()
      .receive('n3', accept('3.n3', { chosen: 4 }))
      .forget();
    solo.wait(1000).tick();
    expect(solo.last('learn', 'n3')).toMatchObject({ from: 1 });
  });

  it('bring the ballot along in which they were chosen, and end a leadership below it', () => {
    const solo = new Solo().reign();
    const { lastIndex } = solo.status;
    solo.receive('n3', learned(lastIndex + 1, '9.n3', ['a']));
    expect(solo.leads).toBe(false);
    expect(solo.state.knownIn).toEqual(ballot('9.n3'));
    expect(solo.status.commitIndex).toBe(lastIndex + 1);
    solo.receive('n2', accept('8.n2', { proposals: votesFrom(lastIndex + 2, '8.n2', 'b') }));
    expect(solo.last('refuse', 'n2')).toMatchObject({ promised: ballot('9.n3') });
    const reborn = new Solo({ image: solo.image }).orphan();
    reborn.receive('n2', accept('8.n2', { proposals: votesFrom(lastIndex + 2, '8.n2', 'b') }));
    expect(reborn.last('refuse', 'n2')).toMatchObject({ promised: ballot('9.n3') });
    expect(reborn.campaign().round).toBe(10);
  });

  it('P12 that differ from what the own leadership proposed stop the node', () => {
    const solo = new Solo().reign();
    const first = solo.status.lastIndex + 1;
    solo.propose('mine');
    const { round } = solo.ballot;
    const text = `${String(round)}.n1`;
    expect(() => solo.receive('n2', learned(first, text, ['other']))).toThrow('chosen');
  });

  it('do not come faster than the own disk takes them', () => {
    const slow = { slowDisk: true, paxos: { maxInflightBytes: 300, maxAppendBytes: 200 } };
    const solo = new Solo(slow).store();
    solo.receive('n2', accept('2.n2', { chosen: 1000 }));
    let pages = 0;
    for (; pages < 50; pages++) {
      const asked = solo.all('learn', 'n2').at(-1);
      if (asked === undefined) break;
      solo.forget().receive('n2', learned(asked.from, '2.n2', ['value'], { chosen: 1000 }));
    }
    expect(pages).toBeLessThan(10);
    // Once they are durable it goes on.
    solo.store().step();
    expect(solo.all('learn', 'n2').length).toBeGreaterThan(0);
  });
});

describe('whoever is asked', () => {
  it('gives what is chosen, and no more', () => {
    const solo = new Solo();
    const proposals = votesFrom(1, '2.n2', 'a', 'b', 'c');
    solo.receive('n2', accept('2.n2', { proposals })).receive('n2', accept('2.n2', { chosen: 2 }));
    solo.receive('n3', { type: 'learn', from: 1 });
    expect(solo.last('learned', 'n3')).toMatchObject({
      from: 1,
      chosen: 2,
      knownIn: ballot('2.n2'),
    });
    expect(solo.last('learned', 'n3').records.map(textOf)).toEqual(['a', 'b']);
    solo.forget().receive('n3', { type: 'learn', from: 3 });
    expect(solo.all('learned')).toEqual([]);
  });

  it('gives it in pages, from memory or from its disk, as many for a question as may be under way', () => {
    for (const maxTailBytes of [0, 1_000_000]) {
      const solo = new Solo({
        paxos: { maxAppendBytes: 250, maxInflightBytes: 600, maxTailBytes },
      });
      const proposals = votesFrom(1, '2.n2', ...Array.from('abcdefg'));
      solo.receive('n2', accept('2.n2', { proposals }));
      solo
        .receive('n2', accept('2.n2', { chosen: 7 }))
        .receive('n2', accept('2.n2', { chosen: 7, proposals: votesFrom(8, '2.n2', 'h') }));
      const found: string[] = [];
      let questions = 0;
      for (let from = 1; from <= 7; questions++) {
        const pages = solo.forget().receive('n3', { type: 'learn', from }).all('learned');
        expect(pages.map(({ more }) => more)).toEqual(pages.map((_, at) => at < pages.length - 1));
        for (const { records } of pages) {
          expect(records.length).toBeGreaterThan(0);
          expect(records.length).toBeLessThan(4);
          found.push(...records.map(textOf));
          from += records.length;
        }
      }
      expect(found).toEqual(Array.from('abcdefg'));
      expect(questions).toBeLessThan(4);
    }
  });

  it('sends a snapshot where its log does not reach back so far', () => {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    const proposals = votesFrom(1, '2.n2', 'a', 'b', 'c');
    solo.receive('n2', accept('2.n2', { proposals })).receive('n2', accept('2.n2', { chosen: 3 }));
    solo.compact(2);
    solo.receive('n3', { type: 'learn', from: 2 });
    expect(solo.ships).toEqual(['n3']);
    solo.receive('n3', { type: 'learn', from: 3 });
    expect(solo.last('learned', 'n3').records.map(textOf)).toEqual(['c']);
  });
});

describe('catching up', () => {
  it('ends with everything, however far behind, however bad the network', () => {
    for (const seed of seeds(8)) {
      const cluster = paxosCluster({
        seed,
        conditions: { dropRate: 0.2, duplicateRate: 0.2, reorder: true },
        paxos: { maxAppendBytes: 300, maxTailBytes: 500 },
      });
      cluster.elect();
      const [slow] = cluster.followers();
      cluster.isolate(slow?.id ?? '');
      for (let count = 0; count < 150; count++) cluster.leader?.propose([new Uint8Array(20)]);
      cluster.run(2 * electionTimeoutMs);
      cluster.heal();
      cluster.conditions.dropRate = 0;
      cluster.decide();
      cluster.converge(40 * electionTimeoutMs);
    }
  });

  it('P9 fills holes that a lost accept has left, also behind a change of leaders', () => {
    const cluster = paxosCluster();
    const old = cluster.elect();
    cluster.commit();
    const hole = old.engine.status.lastIndex + 1;
    cluster.network.tap = (_from, _to, message) =>
      message.type === 'accept' && message.proposals.some(({ slot }) => slot === hole)
        ? 'drop'
        : 'pass';
    const lost = old.propose([new Uint8Array([1])]);
    cluster.run(3);
    const kept = old.propose([new Uint8Array([2])]);
    cluster.run(20);
    expect(cluster.recorder.commitIndex).toBeLessThan(hole);
    old.crash();
    cluster.network.tap = () => 'pass';
    cluster.elect();
    cluster.commit();
    expect(cluster.requests.placeOf(kept)).toBe(hole + 1);
    expect(cluster.requests.placeOf(lost)).toBeUndefined();
    old.start();
    cluster.converge();
  });
});
