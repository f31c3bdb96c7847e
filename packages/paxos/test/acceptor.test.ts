/** The acceptor: what it promises, what it accepts, and what it says of that. */
import { describe, expect, it } from 'vitest';
import {
  accept,
  ballot,
  chosenRecord,
  learned,
  prepare,
  Solo,
  type SoloOptions,
  vote,
  votesFrom,
} from './solo.ts';

/** An acceptor that has promised this ballot, and has no leader. */
function promised(text: string, options: SoloOptions = {}): Solo {
  const owner = text.split('.')[1] ?? '';
  return new Solo(options).receive(owner, prepare(text)).forget();
}

const placed = (slot: number, text: string, payload?: string) => ({
  slot,
  record: vote(text, payload),
});

describe('a promise', () => {
  it('is given to a higher ballot, and again to the same one', () => {
    const solo = new Solo().receive('n2', prepare('3.n2'));
    expect(solo.last('promise', 'n2')).toMatchObject({ ballot: ballot('3.n2'), next: 0 });
    solo.forget().receive('n2', prepare('3.n2'));
    expect(solo.last('promise', 'n2')).toMatchObject({ ballot: ballot('3.n2') });
    solo.forget().receive('n3', prepare('4.n3'));
    expect(solo.last('promise', 'n3')).toMatchObject({ ballot: ballot('4.n3') });
  });

  it('is refused to a lower ballot, with the one that stands in its way', () => {
    const solo = promised('3.n2').receive('n3', prepare('2.n3'));
    expect(solo.all('promise')).toEqual([]);
    expect(solo.last('refuse', 'n3')).toEqual({
      type: 'refuse',
      ballot: ballot('2.n3'),
      promised: ballot('3.n2'),
    });
    expect(solo.state.promised).toEqual(ballot('3.n2'));
  });

  it('is given once a round, so that the round names one leader', () => {
    const solo = promised('3.n2').receive('n3', prepare('3.n3'));
    expect(solo.all('promise')).toEqual([]);
    expect(solo.last('refuse', 'n3')).toMatchObject({ promised: ballot('3.n2') });
  });

  it('P1 leaves only once it is durable, and outlives a crash', () => {
    const solo = new Solo({ slowDisk: true }).store().receive('n2', prepare('5.n2'));
    const sent = solo.sent.find(({ message }) => message.type === 'promise');
    const written = solo.writes.findLast(({ ops }) => ops.some(({ type }) => type === 'state'));
    expect(sent?.after).toBe(written?.id);
    expect(sent?.after).toBeGreaterThan(0);
    solo.store();
    const reborn = new Solo({ image: solo.image });
    reborn.receive('n3', accept('4.n3', { proposals: votesFrom(1, '4.n3', 'old') }));
    expect(reborn.last('refuse', 'n3')).toMatchObject({ promised: ballot('5.n2') });
    expect(reborn.votes).toEqual([]);
  });

  it('P1 P6 a promise that is asked for again waits for the same write', () => {
    const solo = new Solo({ slowDisk: true }).store().receive('n2', prepare('5.n2'));
    solo.forget().receive('n2', prepare('5.n2'));
    const sent = solo.sent.find(({ message }) => message.type === 'promise');
    expect(sent?.after).toBe(solo.writes.at(-1)?.id);
  });

  it('reports every vote behind what is chosen, each under its own ballot', () => {
    const solo = new Solo();
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b', 'c') }));
    solo.orphan().receive('n3', accept('2.n3', { proposals: votesFrom(2, '2.n3', 'B') }));
    solo.wait(5000).forget().receive('n2', prepare('3.n2'));
    expect(solo.last('promise', 'n2')).toMatchObject({
      chosen: 0,
      votes: [placed(1, '1.n2', 'a'), placed(2, '2.n3', 'B'), placed(3, '1.n2', 'c')],
    });
  });

  it('P7 names what is chosen, and reports the votes behind that', () => {
    const solo = new Solo();
    const proposals = votesFrom(1, '1.n2', 'a', 'b', 'c', 'd');
    solo.receive('n2', accept('1.n2', { proposals }));
    solo
      .receive('n2', accept('1.n2', { chosen: 2 }))
      .wait(5000)
      .forget();
    solo.receive('n3', prepare('2.n3', { from: 1 }));
    const { chosen, votes } = solo.last('promise', 'n3');
    expect(chosen).toBe(2);
    expect(votes.map(({ slot }) => slot)).toEqual([3, 4]);
  });

  it('P24 comes in pages that leave nothing out', () => {
    const solo = new Solo({ paxos: { maxAppendBytes: 250 } });
    const payloads = Array.from({ length: 7 }, (_, at) => `value ${String(at)}`);
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', ...payloads) }));
    solo.wait(5000).forget();
    const slots: number[] = [];
    let from = 1;
    for (let pages = 0; from !== 0; pages++) {
      if (pages === 9) throw new Error('no end of pages');
      const page = solo.receive('n3', prepare('2.n3', { from })).last('promise', 'n3');
      expect(page).toMatchObject({ from, ballot: ballot('2.n3') });
      expect(page.votes.length).toBeGreaterThan(0);
      expect(page.votes.length).toBeLessThan(4);
      slots.push(...page.votes.map(({ slot }) => slot));
      from = page.next;
    }
    expect(slots).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('is not given in the name of another, nor to a group of another agreement', () => {
    const solo = new Solo();
    solo.receive('n3', prepare('3.n2'));
    solo.receive('n2', prepare('3.n2', { agreement: 7 }));
    expect(solo.all('promise')).toEqual([]);
    expect(solo.status.epoch).toBe(0);
  });
});

describe('an acceptor', () => {
  it('P2 refuses an accept in a lower ballot than promised, also where it holds a vote', () => {
    const solo = new Solo();
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a') }));
    solo.wait(5000).receive('n3', prepare('5.n3')).forget();
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'b', 'c') }));
    expect(solo.last('refuse', 'n2')).toMatchObject({
      ballot: ballot('3.n2'),
      promised: ballot('5.n3'),
    });
    expect(solo.votes).toEqual(['1.n2 a']);
  });

  it('accepts in the ballot that it promised, and in a higher one', () => {
    const solo = promised('3.n2');
    solo.receive('n2', accept('3.n2', { proposals: votesFrom(1, '3.n2', 'a') }));
    expect(solo.last('accepted', 'n2')).toMatchObject({ ballot: ballot('3.n2'), match: 1 });
    solo.orphan().receive('n3', accept('4.n3', { proposals: votesFrom(1, '4.n3', 'b') }));
    expect(solo.last('accepted', 'n3')).toMatchObject({ ballot: ballot('4.n3'), match: 1 });
    expect(solo.votes).toEqual(['4.n3 b']);
  });

  it('P4 raises its promise with every accept', () => {
    const solo = new Solo();
    solo.receive('n2', accept('5.n2', { proposals: votesFrom(1, '5.n2', 'a') })).forget();
    expect(solo.state.promised).toEqual(ballot('5.n2'));
    solo.receive('n3', accept('3.n3', { proposals: votesFrom(2, '3.n3', 'b') }));
    expect(solo.last('refuse', 'n3')).toMatchObject({ promised: ballot('5.n2') });
    solo.wait(5000).receive('n3', prepare('4.n3'));
    expect(solo.all('promise')).toEqual([]);
    const reborn = new Solo({ image: solo.image }).wait(5000);
    reborn.receive('n3', accept('3.n3', { proposals: votesFrom(2, '3.n3', 'b') }));
    expect(reborn.last('refuse', 'n3')).toMatchObject({ promised: ballot('5.n2') });
  });

  it('P3 keeps the ballot of a vote apart from what it promised since', () => {
    const solo = new Solo();
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a') })).wait(5000);
    solo.receive('n3', prepare('7.n3'));
    const check = (each: Solo): void => {
      each.wait(5000).forget().receive('n2', prepare('9.n2'));
      expect(each.last('promise', 'n2').votes).toEqual([placed(1, '1.n2', 'a')]);
    };
    check(solo);
    check(new Solo({ image: solo.image }));
  });

  it('P6 says that it has accepted only once vote and promise are durable', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b') }));
    const durableBefore = solo.sent.filter(({ after }) => after === undefined);
    expect(durableBefore.filter(({ message }) => message.type === 'accepted')).toEqual([]);
    const write = solo.writes.at(-1);
    expect(write?.ops.map(({ type }) => type)).toEqual(['put', 'put', 'state']);
    solo.store();
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 2, seen: 2 });
  });

  it('P6 answers a heartbeat meanwhile with what is durable, and no more', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') })).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(2, '2.n2', 'b') })).forget();
    solo.receive('n2', accept('2.n2', { round: 1 }));
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 1, seen: 2, beyond: [] });
  });

  it('P6 counts only what is durable behind a hole', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(2, '2.n2', 'b') })).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(4, '2.n2', 'd') })).forget();
    solo.receive('n2', accept('2.n2', { round: 1 }));
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 0, beyond: [{ from: 2, to: 2 }] });
    solo.store();
    expect(solo.last('accepted', 'n2').beyond).toEqual([
      { from: 2, to: 2 },
      { from: 4, to: 4 },
    ]);
  });

  it('R18 counts nothing as durable whose write is replaced before it is', () => {
    const solo = new Solo({ slowDisk: true }).store();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') }));
    const first = solo.writes.at(-1)?.id ?? 0;
    solo
      .orphan()
      .receive('n3', accept('3.n3', { proposals: votesFrom(1, '3.n3', 'b') }))
      .forget();
    solo.store(first);
    expect(solo.all('accepted').filter(({ match }) => match > 0)).toEqual([]);
    solo.store();
    expect(solo.last('accepted', 'n3')).toMatchObject({ match: 1, ballot: ballot('3.n3') });
  });

  it('does not count votes of a former ballot in the present one', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a', 'b', 'c') }));
    solo
      .orphan()
      .forget()
      .receive('n3', accept('3.n3', { proposals: votesFrom(2, '3.n3', 'B') }));
    expect(solo.last('accepted', 'n3')).toMatchObject({
      match: 0,
      seen: 0,
      beyond: [{ from: 2, to: 2 }],
      last: 3,
    });
  });

  it('P10 answers a duplicate at once, and holds what it held', () => {
    const solo = new Solo();
    const message = accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') });
    solo.receive('n2', message).forget();
    const writes = solo.writes.length;
    solo.receive('n2', message);
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 1 });
    expect(solo.writes.length).toBe(writes);
  });

  it('stops at a leader that proposes two values in one slot and ballot', () => {
    const solo = new Solo();
    solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'a') }));
    expect(() =>
      solo.receive('n2', accept('2.n2', { proposals: votesFrom(1, '2.n2', 'b') })),
    ).toThrow('two votes');
  });

  it('stops where somebody else proposes in its own ballot', () => {
    const solo = new Solo();
    solo.receive('n1', accept('2.n1', { agreement: solo.agreement + 1 }));
    expect(() => solo.receive('n1', accept('2.n1'))).toThrow('ballot');
  });

  it('P13 does not vote where the value is known to be chosen', () => {
    const solo = new Solo();
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b') }));
    solo.receive('n2', accept('1.n2', { chosen: 2 }));
    const writes = solo.writes.length;
    solo.orphan().receive('n3', accept('3.n3', { proposals: votesFrom(1, '3.n3', 'a', 'b') }));
    expect(solo.votes).toEqual(['1.n2 a', '1.n2 b']);
    expect(solo.last('accepted', 'n3')).toMatchObject({ match: 2, ballot: ballot('3.n3') });
    expect(
      solo.writes.slice(writes).every(({ ops }) => ops.every(({ type }) => type === 'state')),
    ).toBe(true);
  });

  it('P13 does not vote below its trimmed prefix, through a restart too', () => {
    const solo = new Solo({ paxos: { keepBytesBehindSnapshot: 0 } });
    solo.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a', 'b', 'c') }));
    solo.receive('n2', accept('1.n2', { chosen: 3 }));
    solo.compact(2);
    expect(solo.status.firstIndex).toBe(3);
    for (const each of [solo, new Solo({ image: solo.image })]) {
      each.orphan().receive('n3', accept('9.n3', { proposals: votesFrom(1, '9.n3', 'A', 'B') }));
      expect(each.image.record(1)).toBeUndefined();
      expect(each.image.record(2)).toBeUndefined();
    }
  });

  it('keeps a record that is marked as chosen, whoever proposes what', () => {
    const solo = new Solo();
    // Learned in advance of a hint, it is found on the disk after a restart.
    solo.receive('n2', accept('4.n2')).receive('n2', learned(1, '3.n3', ['a', 'b']));
    expect(solo.votes).toEqual(['3.n3* a', '3.n3* b']);
    const reborn = new Solo({ image: solo.image });
    expect(reborn.status.commitIndex).toBe(2);
    reborn.orphan().receive('n3', accept('9.n3', { proposals: votesFrom(1, '9.n3', 'a') }));
    expect(reborn.votes).toEqual(['3.n3* a', '3.n3* b']);
  });

  it('does not fill its memory behind a hole', () => {
    const solo = new Solo({ paxos: { window: 2 } });
    const { agreement } = solo;
    const proposals = votesFrom(2, '1.n2', ...Array.from('abcdefghijklmnop'));
    solo.receive('n2', accept('1.n2', { agreement, proposals }));
    expect(solo.status.lastIndex).toBe(8);
    // What it did not take it is asked for again later; that it missed it, it says.
    expect(solo.last('accepted', 'n2')).toMatchObject({ match: 0, seen: 0, last: 8 });
  });

  it('answers nothing before it has read its own votes back', () => {
    const before = new Solo();
    before.receive('n2', accept('1.n2', { proposals: votesFrom(1, '1.n2', 'a') }));
    const solo = new Solo({ image: before.image, slowDisk: true });
    const { agreement } = solo;
    solo.wait(5000).receive('n3', prepare('2.n3'));
    solo.receive('n3', { type: 'inquire', agreement, inquiry: 1 });
    solo.orphan().receive('n3', accept('2.n3', { proposals: votesFrom(2, '2.n3', 'b') }));
    solo.receive('n2', { type: 'survey', agreement, askedAt: 1 });
    expect(solo.sent).toEqual([]);
    solo.page().receive('n3', prepare('2.n3'));
    expect(solo.last('promise', 'n3').votes).toEqual([placed(1, '1.n2', 'a')]);
  });

  it('reports what is marked as chosen as such', () => {
    const image = new Solo().receive('n2', accept('4.n2')).image.copy();
    image.apply([{ type: 'put', index: 2, record: chosenRecord('3.n2', 'b') }]);
    const solo = new Solo({ image }).wait(5000).receive('n3', prepare('5.n3'));
    expect(solo.last('promise', 'n3')).toMatchObject({
      chosen: 0,
      votes: [{ slot: 2, record: chosenRecord('3.n2', 'b') }],
    });
  });
});
