/** The steps by which a node becomes the only voter, and those by which a group begins from a snapshot. */
import {
  CorruptError,
  InvalidArgumentError,
  membershipOf,
  type Recovered,
  type StorageOp,
} from '@quorate/core';
import { membershipRecord } from '@quorate/core/engines';
import { describe, expect, it } from 'vitest';
import { raft } from '../../src/index.ts';
import { headerBytes, membershipIn, recordTerm, stampTerm } from '../../src/record.ts';
import { decodeContext, decodeState, encodeContext, encodeState } from '../../src/state.ts';
import { commandRecord, nothingRecovered } from './group.ts';

const lost = membershipOf([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);
const member = { id: 'a', address: 'here:1' };
const alone = membershipOf([member]);

/** Entries 5 to 9, a membership at 6 and one at 8; a snapshot at 6. */
const recovered: Recovered = {
  state: encodeState({
    term: 6,
    votedFor: 'b',
    base: { index: 4, term: 2 },
    runs: [
      { index: 5, term: 2 },
      { index: 7, term: 4 },
    ],
    memberships: [
      { index: 1, membership: lost },
      { index: 6, membership: { ...lost, outgoing: lost.voters } },
      { index: 8, membership: lost },
    ],
  }),
  records: { first: 5, last: 9 },
  snapshot: {
    id: 'old',
    index: 6,
    context: encodeContext({ index: 6, term: 2, knownIn: 6, membership: lost }),
    bytes: 100,
    checksum: 7,
  },
  lastRecord: recordOf(4),
};
const snapshot = { id: 'staged', index: 6 };

function recordOf(term: number): Uint8Array {
  const bytes = commandRecord('x');
  stampTerm(bytes, term);
  return bytes;
}

function stepsOf(setup: Parameters<ReturnType<typeof raft>['forceSoleVoter']>[0]): {
  readonly steps: readonly StorageOp[];
  readonly state: ReturnType<typeof decodeState>;
} {
  const sole = raft().forceSoleVoter(setup);
  expect(sole.unseen).toBeUndefined();
  const steps = sole.steps();
  const last = steps.at(-1);
  if (last?.type !== 'state') throw new Error('the last step is not the state');
  return { steps, state: decodeState(last.bytes) };
}

describe('the only voter', () => {
  const { steps, state } = stepsOf({ recovered, member, snapshot });

  it('keeps its entries and their terms, and drops what the snapshot covers', () => {
    expect(steps.map(({ type }) => type)).toEqual(['snapshot', 'dropBefore', 'put', 'state']);
    expect(steps[1]).toEqual({ type: 'dropBefore', index: 7 });
    expect(state.base).toEqual({ index: 6, term: 2 });
    expect(state.runs).toEqual([{ index: 7, term: 4 }]);
  });

  it('stands wherever a membership stood', () => {
    const [published, , put] = steps;
    if (published?.type !== 'snapshot' || put?.type !== 'put') throw new Error('other steps');
    expect(published).toMatchObject({ id: 'staged', index: 6 });
    expect(decodeContext(published.context)).toEqual({
      index: 6,
      term: 2,
      knownIn: state.term,
      membership: alone,
    });
    expect([put.index, recordTerm(put.record)]).toEqual([8, 4]);
    expect(membershipIn(put.record)).toEqual(alone);
    expect(state.memberships).toEqual([
      { index: 6, membership: alone },
      { index: 8, membership: alone },
    ]);
  });

  it('is in a term that nobody can have reached, with its vote given', () => {
    expect(state.term).toBe(6 + 2 ** 20);
    expect(state.votedFor).toBe('a');
  });

  it('without a snapshot rewrites the first entry of the log too', () => {
    const first = membershipRecord(lost, headerBytes);
    stampTerm(first, 1);
    const memberships = [
      { index: 0, membership: lost },
      { index: 1, membership: lost },
    ];
    const whole = stepsOf({
      recovered: {
        state: encodeState({
          term: 1,
          votedFor: undefined,
          base: { index: 0, term: 0 },
          runs: [{ index: 1, term: 1 }],
          memberships,
        }),
        records: { first: 1, last: 1 },
        snapshot: undefined,
        lastRecord: first,
      },
      member,
      snapshot: undefined,
    });
    expect(whole.steps.map(({ type }) => type)).toEqual(['put', 'state']);
    expect(whole.state.memberships.map(({ index }) => index)).toEqual([0, 1]);
    expect(whole.state.memberships.map((placed) => placed.membership)).toEqual([alone, alone]);
  });

  it.each<readonly [string, Recovered, typeof snapshot | undefined]>([
    ['nothing', nothingRecovered, undefined],
    ['a snapshot that was not staged again', recovered, undefined],
    ['another snapshot', recovered, { id: 'staged', index: 5 }],
  ])('is refused with %s', (_what, held, staged) => {
    expect(() => raft().forceSoleVoter({ recovered: held, member, snapshot: staged })).toThrow(
      InvalidArgumentError,
    );
  });

  it('is refused where what the storage holds does not fit together', () => {
    const torn = { ...recovered, records: { first: 5, last: 6 } };
    expect(() => raft().forceSoleVoter({ recovered: torn, member, snapshot })).toThrow(
      CorruptError,
    );
  });
});

describe('a group that begins from a snapshot', () => {
  it('begins in the first term, with nothing but the snapshot', () => {
    const [published, second, ...more] = raft().beginFrom({ snapshot, membership: lost });
    if (published?.type !== 'snapshot' || second?.type !== 'state') throw new Error('other steps');
    expect(more).toEqual([]);
    expect(published).toMatchObject(snapshot);
    const base = { index: 6, term: 1 };
    expect(decodeContext(published.context)).toEqual({ ...base, knownIn: 1, membership: lost });
    expect(decodeState(second.bytes)).toEqual({
      term: 1,
      votedFor: undefined,
      base,
      runs: [],
      memberships: [{ index: 6, membership: lost }],
    });
  });
});
