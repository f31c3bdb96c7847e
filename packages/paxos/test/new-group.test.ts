/** The steps by which a node becomes the only voter, and those by which a group begins from a snapshot. */
import { Image } from '@quorate/conformance/engine';
import {
  CorruptError,
  InvalidArgumentError,
  InvariantError,
  type Membership,
  membershipOf,
  type StagedSnapshot,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { flexible, paxos, type PaxosOptions } from '../src/index.ts';
import { settledRecord, membershipIn, stampHeader, headerOf } from '../src/record.ts';
import { decodeContext, decodeState, encodeContext, encodeState } from '../src/state.ts';
import {
  agreementOf,
  ballot,
  chosenRecord,
  groupOf,
  membershipVote,
  Solo,
  vote,
  voteOf,
} from './solo.ts';

const lost = groupOf(['n1', 'n2', 'n3']);
const member = { id: 'n1', address: 'here:1' };
const alone = membershipOf([member]);
/** What the node promised last is 5.n3, so this is the ballot of the new group. */
const fresh = `${String(5 + 2 ** 20)}.n1`;

/** A disk that knows slots up to `chosen` as chosen, in a group of three. */
function disk(
  records: Readonly<Record<number, Uint8Array>>,
  chosen: number = 0,
  options: PaxosOptions = {},
): Image {
  const image = new Image();
  const memberships = [{ index: 0, membership: lost }];
  if (chosen > 0) memberships.push({ index: 1, membership: lost });
  const state = encodeState({
    agreement: agreementOf(options),
    promised: ballot('5.n3'),
    chosen,
    base: 0,
    knownIn: ballot('4.n2'),
    settledRound: 2,
    memberships,
  });
  image.apply([{ type: 'state', bytes: state }]);
  for (const [index, record] of Object.entries(records)) {
    image.apply([{ type: 'put', index: Number(index), record }]);
  }
  return image;
}

/** The same disk after the steps, whose votes are shown to the engine in pages of so many. */
function forced(
  image: Image,
  {
    page = 2,
    snapshot,
    options = {},
  }: {
    readonly page?: number;
    readonly snapshot?: StagedSnapshot;
    readonly options?: PaxosOptions;
  } = {},
): Image {
  const sole = paxos(options).forceSoleVoter({ recovered: image.recovered(), member, snapshot });
  for (let span = sole.unseen; span !== undefined; span = sole.unseen) {
    const records = [];
    for (let index = span.first; index <= span.last && records.length < page; index++) {
      const record = image.record(index);
      if (record !== undefined) records.push({ index, record });
    }
    sole.see(records);
  }
  const after = image.copy();
  after.apply(sole.steps());
  return after;
}

/** What stands in each slot from the first to the last. */
function votesIn(image: Image): readonly string[] {
  const votes: string[] = [];
  for (let index = image.first; index <= image.last; index++) {
    votes.push(voteOf(image.record(index) ?? new Uint8Array(0)));
  }
  return votes;
}

function stateOf(image: Image): ReturnType<typeof decodeState> {
  return decodeState(image.state ?? new Uint8Array(0));
}

function settling(text: string, round: number): Uint8Array {
  const record = settledRecord(round);
  stampHeader(record, headerOf(ballot(text)));
  return record;
}

/** A change under way: new voters, and those who decide until α slots later. */
const joint: Membership = { ...groupOf(['n1', 'n4', 'n5']), outgoing: lost.voters };

describe('the only voter', () => {
  it('takes all of its votes for chosen, fills the gaps, and stands wherever a membership stood', () => {
    const image = disk(
      {
        1: membershipVote('1.n1', lost),
        2: vote('1.n1', 'known'),
        4: vote('2.n2', 'held'),
        5: membershipVote('3.n3', joint),
        8: chosenRecord('3.n3', 'told'),
        9: settling('4.n2', 4),
      },
      2,
    );
    const after = forced(image);
    expect(votesIn(after)).toEqual([
      `${fresh} membership`,
      '1.n1 known',
      `${fresh} noop`,
      '2.n2 held',
      `${fresh} membership`,
      `${fresh} noop`,
      `${fresh} noop`,
      '3.n3* told',
      '4.n2 settled',
    ]);
    const { memberships, ...state } = stateOf(after);
    expect(state).toEqual({
      agreement: agreementOf(),
      promised: ballot(fresh),
      chosen: 9,
      base: 0,
      knownIn: ballot(fresh),
      settledRound: 4,
    });
    expect(memberships).toEqual([0, 1, 5].map((index) => ({ index, membership: alone })));
    for (const index of [1, 5]) {
      expect(membershipIn(after.record(index) ?? new Uint8Array(0))).toEqual(alone);
    }
  });

  it('says who the group is where the very first entry is missing', () => {
    const after = forced(disk({ 3: vote('1.n2', 'held') }));
    expect(votesIn(after)).toEqual([`${fresh} membership`, `${fresh} noop`, '1.n2 held']);
    expect(stateOf(after).memberships.map(({ index }) => index)).toEqual([0, 1]);
  });

  it('leads, and decides what comes next alone', () => {
    const image = forced(disk({ 3: vote('1.n2', 'held'), 7: membershipVote('5.n3', joint) }));
    const solo = new Solo({ image }).orphan();
    for (let turn = 0; turn < 10 && !solo.leads; turn++) solo.tick();
    expect(solo.leads).toBe(true);
    solo.propose('next');
    expect(solo.status.membership).toEqual(alone);
    expect(solo.committed.map(({ record }) => voteOf(record).split(' ')[1]).slice(0, 8)).toEqual([
      'membership',
      'noop',
      'held',
      'noop',
      'noop',
      'noop',
      'membership',
      'noop',
    ]);
    expect(voteOf(solo.committed.at(-1)?.record ?? new Uint8Array(0))).toMatch(/ next$/);
  });

  it('keeps what its snapshot settled, and gives it its own name', () => {
    const image = disk({ 1: membershipVote('1.n1', lost), 2: vote('1.n1'), 3: vote('1.n1') }, 2);
    const old = encodeContext({
      agreement: agreementOf(),
      index: 2,
      knownIn: ballot('1.n1'),
      settledRound: 1,
      placed: { index: 1, membership: lost },
    });
    image.apply([{ type: 'snapshot', id: 'old', index: 2, context: old }]);
    const after = forced(image, { snapshot: { id: 'staged', index: 2 } });
    expect(after.snapshot?.id).toBe('staged');
    expect(decodeContext(after.snapshot?.context ?? new Uint8Array(0))).toEqual({
      agreement: agreementOf(),
      index: 2,
      knownIn: ballot(fresh),
      settledRound: 1,
      placed: { index: 2, membership: alone },
    });
    expect([after.first, after.last]).toEqual([3, 3]);
    expect(stateOf(after)).toMatchObject({ base: 2, chosen: 3 });
    expect(stateOf(after).memberships).toEqual([{ index: 2, membership: alone }]);
  });

  it('may have another window and other quorums than the lost group', () => {
    const options = { quorums: flexible({ phase2: 2 }), window: 8 };
    const image = disk({ 1: membershipVote('1.n1', lost), 2: vote('1.n1') }, 0, options);
    expect(() => forced(image, { options })).toThrow(InvalidArgumentError);
    const after = forced(image);
    expect(stateOf(after).agreement).toBe(agreementOf());
    expect(new Solo({ image: after }).status.membership).toEqual(alone);
  });

  it('does nothing before it has seen every vote', () => {
    const recovered = disk({ 2: vote('1.n1'), 3: vote('1.n1') }).recovered();
    const sole = paxos().forceSoleVoter({ recovered, member, snapshot: undefined });
    expect(sole.unseen).toEqual({ first: 1, last: 3 });
    sole.see([{ index: 2, record: vote('1.n1') }]);
    expect(sole.unseen).toEqual({ first: 3, last: 3 });
    expect(() => sole.steps()).toThrow(InvariantError);
    expect(() => {
      sole.see([]);
    }).toThrow(CorruptError);
  });

  it.each<readonly [string, Uint8Array]>([
    ['a vote above its promise', vote('6.n1')],
    ['a record that is none', new Uint8Array(7)],
  ])('refuses %s', (_what, record) => {
    expect(() => forced(disk({ 2: record }))).toThrow(CorruptError);
  });

  it('is refused with nothing, and with a snapshot that was not staged again', () => {
    for (const image of [new Image(), disk({})]) {
      expect(() => forced(image)).toThrow(InvalidArgumentError);
    }
    const image = disk({ 1: membershipVote('1.n1', lost) }, 1);
    expect(() => forced(image, { snapshot: { id: 'staged', index: 1 } })).toThrow(
      InvalidArgumentError,
    );
  });
});

describe('a group that begins from a snapshot', () => {
  const snapshot = { id: 'staged', index: 6 };

  it('knows all of it as chosen, in a ballot that nobody uses', () => {
    const image = new Image();
    image.apply(paxos().beginFrom({ snapshot, membership: lost }));
    const placed = { index: 6, membership: lost };
    const knownIn = ballot('1.n1');
    const agreement = agreementOf();
    expect(decodeContext(image.snapshot?.context ?? new Uint8Array(0))).toEqual({
      agreement,
      index: 6,
      knownIn,
      settledRound: 0,
      placed,
    });
    expect(stateOf(image)).toEqual({
      agreement,
      promised: knownIn,
      chosen: 6,
      base: 6,
      knownIn,
      settledRound: 0,
      memberships: [placed],
    });
    // The owner of that ballot takes the next one, as everybody does.
    expect(new Solo({ image }).orphan().campaign()).toEqual(ballot('2.n1'));
  });

  it('is refused with voters that can form no quorums', () => {
    const four = paxos({ quorums: flexible({ phase2: 4 }) });
    expect(() => four.beginFrom({ snapshot, membership: lost })).toThrow(InvalidArgumentError);
  });
});
