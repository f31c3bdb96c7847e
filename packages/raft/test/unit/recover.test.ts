/** Starting from what a storage holds, and refusing to guess. */
import {
  CorruptError,
  emptyMembership,
  type EngineSetup,
  membershipOf,
  type Recovered,
  seededRandom,
} from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { raft } from '../../src/index.ts';
import { stampTerm } from '../../src/record.ts';
import { encodeContext, encodeState, type DurableState } from '../../src/state.ts';
import { commandRecord, Group, nothingRecovered } from './group.ts';

const membership = membershipOf([{ id: 'a' }, { id: 'b' }, { id: 'c' }]);

/** Entries 5 to 9: two of term 2, three of term 4, behind a snapshot at 4. */
const state: DurableState = {
  term: 6,
  votedFor: 'b',
  base: { index: 4, term: 2 },
  runs: [
    { index: 5, term: 2 },
    { index: 7, term: 4 },
  ],
  memberships: [{ index: 1, membership }],
};

function recordOf(term: number): Uint8Array {
  const bytes = commandRecord('x');
  stampTerm(bytes, term);
  return bytes;
}

const sound: Recovered = {
  state: encodeState(state),
  records: { first: 5, last: 9 },
  snapshot: {
    id: 's',
    index: 4,
    context: encodeContext({ index: 4, term: 2, knownIn: 6, membership }),
    bytes: 0,
    checksum: 0,
  },
  lastRecord: recordOf(4),
};

function setup(recovered: Recovered): EngineSetup {
  return { node: 'a', recovered, bootstrap: emptyMembership, random: seededRandom(1), now: 0 };
}

describe('a start', () => {
  it('from nothing writes the bootstrap membership down first', () => {
    const group = new Group(['a', 'b', 'c']);
    const { disk } = group.node('a');
    expect(disk.state).toBeDefined();
    const { status } = raft().create({ ...setup(disk.recovered()), node: 'a' });
    expect(status.membership).toEqual(group.bootstrap);
    expect([status.epoch, status.lastIndex]).toEqual([0, 0]);
  });

  it('from a log and a snapshot knows everything without reading a record', () => {
    const { status } = raft().create(setup(sound));
    expect(status).toMatchObject({ epoch: 6, firstIndex: 5, lastIndex: 9, commitIndex: 4 });
    expect(status.membership).toEqual(membership);
  });

  it('from an empty log behind a snapshot', () => {
    const empty = { ...state, runs: [] };
    const recovered = {
      ...sound,
      state: encodeState(empty),
      records: undefined,
      lastRecord: undefined,
    };
    expect(raft().create(setup(recovered)).status).toMatchObject({ firstIndex: 5, lastIndex: 4 });
  });

  it('tolerates records that the storage has not trimmed yet', () => {
    const recovered = { ...sound, records: { first: 1, last: 9 } };
    expect(raft().create(setup(recovered)).status.firstIndex).toBe(5);
  });

  it.each<readonly [string, Recovered]>([
    ['records without a state', { ...nothingRecovered, records: { first: 1, last: 3 } }],
    ['a snapshot without a state', { ...nothingRecovered, snapshot: sound.snapshot }],
    ['a state that is cut short', { ...sound, state: encodeState(state).slice(0, -3) }],
    [
      'no records where there should be some',
      { ...sound, records: undefined, lastRecord: undefined },
    ],
    [
      'records that end too early',
      { ...sound, records: { first: 5, last: 6 }, lastRecord: recordOf(2) },
    ],
    ['records that start too late', { ...sound, records: { first: 6, last: 9 } }],
    ['a last record of another term', { ...sound, lastRecord: recordOf(3) }],
    ['a trimmed log without a snapshot', { ...sound, snapshot: undefined }],
    [
      'a snapshot of another term than the log has there',
      {
        ...sound,
        snapshot: {
          id: 's',
          index: 5,
          context: encodeContext({ index: 5, term: 1, knownIn: 6, membership }),
          bytes: 0,
          checksum: 0,
        },
      },
    ],
    [
      'a snapshot before the start of the log',
      {
        ...sound,
        snapshot: {
          id: 's',
          index: 3,
          context: encodeContext({ index: 3, term: 2, knownIn: 6, membership }),
          bytes: 0,
          checksum: 0,
        },
      },
    ],
    [
      'a snapshot whose context cannot be read',
      {
        ...sound,
        snapshot: { id: 's', index: 4, context: new Uint8Array(3), bytes: 0, checksum: 0 },
      },
    ],
    [
      'a membership behind the end of the log',
      {
        ...sound,
        state: encodeState({
          ...state,
          memberships: [
            { index: 1, membership },
            { index: 12, membership },
          ],
        }),
      },
    ],
    [
      'term runs that fall',
      {
        ...sound,
        state: encodeState({
          ...state,
          runs: [
            { index: 5, term: 4 },
            { index: 7, term: 2 },
          ],
        }),
      },
    ],
    [
      'an entry of a later term than the node’s',
      { ...sound, state: encodeState({ ...state, term: 3 }) },
    ],
  ])('refuses %s', (_what, recovered) => {
    expect(() => raft().create(setup(recovered))).toThrow(CorruptError);
  });
});
