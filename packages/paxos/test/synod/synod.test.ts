/** What each of the five functions promises, one by one; `register.test.ts` is about all of them together. */
import { equalBytes, InvalidArgumentError, InvariantError, utf8 } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import type { Ballot } from '../../src/ballot.ts';
import {
  accept,
  type Accepted,
  type AcceptorState,
  type Attempt,
  flexible,
  grid,
  heed,
  learn,
  type LearnerState,
  newAcceptor,
  newLearner,
  newProposer,
  outcome,
  prepare,
  promise,
  type Promised,
  propose,
  type ProposerState,
  synod,
  type Vote,
} from '../../src/synod/index.ts';

const group = synod<string>({ acceptors: ['a', 'b', 'c'], equal: Object.is });

function ballot(round: number, node: string = 'p'): Ballot {
  return { round, node };
}

function vote(round: number, value: string, node: string = 'p'): Vote<string> {
  return { ballot: ballot(round, node), value };
}

function promised(round: number, given?: Vote<string>): Promised<string> {
  return { type: 'promise', ballot: ballot(round), vote: given };
}

function accepted(round: number, value: string, node: string = 'p'): Accepted<string> {
  return { type: 'accepted', ...vote(round, value, node) };
}

describe('a group', () => {
  it('looks the same from everywhere', () => {
    const { acceptors } = synod<string>({ acceptors: ['c', 'a', 'b'], equal: Object.is });
    expect(acceptors).toEqual(['a', 'b', 'c']);
  });

  it.each([
    ['has nobody', []],
    ['has somebody twice', ['a', 'b', 'a']],
    ['has a name that is none', ['a', 'b c']],
  ])('is refused if it %s', (_, acceptors) => {
    expect(() => synod<string>({ acceptors, equal: Object.is })).toThrow(InvalidArgumentError);
  });

  it('is refused if its quorums can miss each other, or cannot be formed', () => {
    const acceptors = ['a', 'b', 'c', 'd'];
    const equal = Object.is;
    for (const quorums of [
      flexible({ phase1: 2, phase2: 2 }),
      flexible({ phase2: 5 }),
      grid(2, 3),
    ]) {
      expect(() => synod<string>({ acceptors, quorums, equal })).toThrow(InvalidArgumentError);
    }
    expect(synod<string>({ acceptors, quorums: grid(2, 2), equal }).quorums.name).toBe('grid 2x2');
  });
});

describe('prepare (1a)', () => {
  const fresh = newProposer({ node: 'p', value: 'x', round: 0 });

  it('begins a ballot above every one before, and has its round stored', () => {
    let state: ProposerState<string> = fresh;
    for (const round of [1, 2, 3]) {
      const prepared = prepare(state);
      expect(prepared.send).toEqual({ type: 'prepare', ballot: ballot(round) });
      expect(prepared.store).toBe(round);
      state = prepared.state;
    }
  });

  it('begins above what it had stored before a restart', () => {
    const { store } = prepare(prepare(fresh).state);
    const restarted = newProposer({ node: 'p', value: 'another', round: store });
    expect(prepare(restarted).send.ballot).toEqual(ballot(3));
  });

  it('begins above what it was refused for', () => {
    const refused = { type: 'refused', ballot: ballot(1), promised: ballot(7, 'q') } as const;
    const state = heed(prepare(fresh).state, refused);
    expect(prepare(state).send.ballot).toEqual(ballot(8));
    // An old refusal changes nothing.
    expect(heed(state, { ...refused, promised: ballot(3, 'q') })).toBe(state);
  });

  it.each([-1, 0.5, Number.NaN, 2 ** 53])('does not start from a round of %d', (round) => {
    expect(() => newProposer({ node: 'p', value: 'x', round })).toThrow(InvalidArgumentError);
  });

  it('stops rather than use the last round twice', () => {
    const last = newProposer({ node: 'p', value: 'x', round: Number.MAX_SAFE_INTEGER });
    expect(() => prepare(last)).toThrow(InvariantError);
  });
});

describe('promise (1b)', () => {
  it('has the promise stored before it is given', () => {
    const { store, send } = promise<string>(newAcceptor, prepareOf(1));
    expect(store).toEqual({ promised: ballot(1), accepted: undefined });
    expect(send).toEqual(promised(1));
  });

  it('tells the vote so far, and keeps it', () => {
    const voted: AcceptorState<string> = { promised: ballot(2), accepted: vote(2, 'x') };
    const { store, send } = promise(voted, prepareOf(3));
    expect(store).toEqual({ promised: ballot(3), accepted: vote(2, 'x') });
    expect(send).toEqual(promised(3, vote(2, 'x')));
  });

  it('is given again, with nothing to store', () => {
    const { store } = promise<string>(newAcceptor, prepareOf(1));
    const again = promise(store, prepareOf(1));
    expect(again.store).toBe(store);
    expect(again.send).toEqual(promised(1));
  });

  it('is refused below another, with nothing to store', () => {
    const state: AcceptorState<string> = { promised: ballot(2, 'q'), accepted: undefined };
    expect(promise(state, prepareOf(2))).toEqual({
      store: state,
      send: { type: 'refused', ballot: ballot(2), promised: ballot(2, 'q') },
    });
  });

  function prepareOf(round: number): { readonly type: 'prepare'; readonly ballot: Ballot } {
    return { type: 'prepare', ballot: ballot(round) };
  }
});

describe('propose (2a)', () => {
  const preparing = prepare(newProposer({ node: 'p', value: 'own', round: 4 })).state;

  /** What comes of these promises, one after the other. */
  function after(...given: readonly (readonly [string, Promised<string>])[]): {
    readonly attempt: Attempt<string>;
    readonly sent: readonly unknown[];
  } {
    let state: ProposerState<string> = preparing;
    const sent: unknown[] = [];
    for (const [from, message] of given) {
      const next = propose(group, state, from, message);
      state = next.state;
      if (next.send !== undefined) sent.push(next.send);
    }
    return { attempt: state.attempt, sent };
  }

  it('waits for a quorum of acceptors', () => {
    expect(after(['a', promised(5)]).sent).toEqual([]);
    expect(after(['a', promised(5)], ['c', promised(5)]).sent).toHaveLength(1);
  });

  it('does not take two promises of one acceptor for a quorum', () => {
    expect(after(['a', promised(5)], ['a', promised(5)], ['a', promised(5)]).sent).toEqual([]);
  });

  it('does not count promises for another ballot', () => {
    const others = { ...promised(5), ballot: ballot(5, 'q') };
    expect(after(['a', promised(5)], ['b', promised(4)], ['c', others]).sent).toEqual([]);
  });

  it('does not hear strangers, nor their votes', () => {
    const { attempt, sent } = after(
      ['stranger', promised(5, vote(4, 'strange'))],
      ['a', promised(5)],
      ['b', promised(5)],
    );
    expect(sent).toEqual([{ type: 'propose', ballot: ballot(5), value: 'own' }]);
    expect(attempt).toMatchObject({ phase: 'proposing', recovered: undefined });
  });

  it('proposes its own value where nobody has voted', () => {
    const { sent } = after(['a', promised(5)], ['b', promised(5)]);
    expect(sent).toEqual([{ type: 'propose', ballot: ballot(5), value: 'own' }]);
  });

  it('proposes the value of the highest vote in the place of its own, and says so', () => {
    const { attempt, sent } = after(
      ['b', promised(5, vote(3, 'newer', 'q'))],
      ['a', promised(5, vote(2, 'older', 'r'))],
    );
    expect(sent).toEqual([{ type: 'propose', ballot: ballot(5), value: 'newer' }]);
    expect(attempt).toEqual({
      phase: 'proposing',
      ballot: ballot(5),
      value: 'newer',
      recovered: vote(3, 'newer', 'q'),
    });
  });

  it('proposes once in a ballot, whoever promises later', () => {
    const { sent } = after(
      ['a', promised(5)],
      ['b', promised(5)],
      ['c', promised(5, vote(3, 'late'))],
      ['b', promised(5)],
    );
    expect(sent).toHaveLength(1);
  });

  it('waits for a phase-1 quorum, where the phases differ', () => {
    const quorums = flexible({ phase2: 1 });
    const all = synod<string>({ acceptors: group.acceptors, quorums, equal: Object.is });
    let state: ProposerState<string> = preparing;
    const sends = ['a', 'b', 'c'].map((from) => {
      const next = propose(all, state, from, promised(5));
      state = next.state;
      return next.send?.type;
    });
    expect(sends).toEqual([undefined, undefined, 'propose']);
  });

  it('stops where somebody has voted in the very ballot, which was used before, then', () => {
    expect(() => after(['a', promised(5, vote(5, 'x'))])).toThrow(InvariantError);
  });
});

describe('accept (2b)', () => {
  const proposal = { type: 'propose', ...vote(3, 'x') } as const;

  it('has the vote, and a promise with it, stored before it is told', () => {
    const { store, send } = accept<string>(newAcceptor, proposal);
    expect(store).toEqual({ promised: ballot(3), accepted: vote(3, 'x') });
    expect(send).toEqual(accepted(3, 'x'));
  });

  it('goes with the promise for the same ballot', () => {
    const state: AcceptorState<string> = { promised: ballot(3), accepted: vote(1, 'y') };
    expect(accept(state, proposal).store.accepted).toEqual(vote(3, 'x'));
  });

  it('is told again, with nothing to store', () => {
    const { store } = accept<string>(newAcceptor, proposal);
    const again = accept(store, proposal);
    expect(again.store).toBe(store);
    expect(again.send).toEqual(accepted(3, 'x'));
  });

  it('is refused below the promise, with nothing to store', () => {
    const state: AcceptorState<string> = { promised: ballot(3, 'q'), accepted: vote(1, 'y') };
    expect(accept(state, proposal)).toEqual({
      store: state,
      send: { type: 'refused', ballot: ballot(3), promised: ballot(3, 'q') },
    });
  });

  it('stays with the first value of a ballot', () => {
    const { store } = accept<string>(newAcceptor, proposal);
    const other = accept(store, { ...proposal, value: 'y' });
    expect(other).toEqual({ store, send: accepted(3, 'x') });
  });
});

describe('learn', () => {
  function after(
    ...heard: readonly (readonly [string, Parameters<typeof learn<string>>[3]])[]
  ): LearnerState<string> {
    return heard.reduce<LearnerState<string>>(
      (state, [from, message]) => learn(group, state, from, message),
      newLearner,
    );
  }

  it('takes a quorum of acceptors in one ballot', () => {
    expect(after(['a', accepted(1, 'x')]).chosen).toBeUndefined();
    expect(after(['a', accepted(1, 'x')], ['c', accepted(1, 'x')]).chosen).toEqual(vote(1, 'x'));
  });

  it('does not take two votes of one acceptor, nor those of strangers', () => {
    const one = accepted(1, 'x');
    expect(after(['a', one], ['a', one], ['stranger', one]).chosen).toBeUndefined();
  });

  it('does not add up the votes of two ballots, were they for the same value', () => {
    expect(after(['a', accepted(1, 'x')], ['b', accepted(2, 'x')]).chosen).toBeUndefined();
  });

  it('keeps the highest vote of each acceptor, in whatever order they are heard', () => {
    const state = after(['a', accepted(2, 'x')], ['a', accepted(1, 'y', 'q')]);
    expect(state.votes).toEqual([{ acceptor: 'a', vote: vote(2, 'x') }]);
    expect(learn(group, state, 'b', accepted(2, 'x')).chosen).toEqual(vote(2, 'x'));
  });

  it('takes the word of another learner, and its value', () => {
    const state = after(['a', accepted(1, 'stale')], ['l', { type: 'chosen', ...vote(2, 'x') }]);
    expect(state).toEqual({ votes: [], chosen: vote(2, 'x') });
  });

  it('keeps what it has learned', () => {
    const chosen: LearnerState<string> = { votes: [], chosen: vote(2, 'x') };
    expect(learn(group, chosen, 'a', accepted(1, 'older', 'q'))).toBe(chosen);
    expect(learn(group, chosen, 'a', accepted(3, 'x', 'q'))).toBe(chosen);
    expect(learn(group, chosen, 'l', { type: 'chosen', ...vote(3, 'x', 'q') })).toBe(chosen);
  });

  it.each<[string, LearnerState<string>, Parameters<typeof learn<string>>[3]]>([
    [
      'two values are chosen',
      { votes: [], chosen: vote(2, 'x') },
      { type: 'chosen', ...vote(3, 'y') },
    ],
    [
      'a vote above a chosen one is for another value',
      { votes: [], chosen: vote(2, 'x') },
      accepted(3, 'y'),
    ],
    [
      'two values are voted for in one ballot',
      { votes: [{ acceptor: 'a', vote: vote(2, 'x') }], chosen: undefined },
      accepted(2, 'y'),
    ],
  ])('stops where %s', (_, state, message) => {
    expect(() => learn(group, state, 'b', message)).toThrow(InvariantError);
  });
});

describe('the outcome', () => {
  it('is open until something is learned', () => {
    expect(outcome<string>(group, newLearner, 'x')).toEqual({ type: 'open' });
  });

  it('says whether the register holds this value or another one', () => {
    const learned: LearnerState<string> = { votes: [], chosen: vote(1, 'x') };
    expect(outcome(group, learned, 'x')).toEqual({ type: 'written', value: 'x' });
    expect(outcome(group, learned, 'y')).toEqual({ type: 'occupied', value: 'x' });
  });

  it('compares values as the group does', () => {
    const bytes = synod<Uint8Array>({ acceptors: ['a'], equal: equalBytes });
    const learned = { votes: [], chosen: { ballot: ballot(1), value: utf8('x') } };
    expect(outcome(bytes, learned, utf8('x')).type).toBe('written');
  });
});

describe('states and messages', () => {
  it('are plain data: they survive a disk and a wire that speak JSON', () => {
    const overTheWire = <T>(data: T): T => JSON.parse(JSON.stringify(data)) as T;
    const disks = new Map<string, AcceptorState<string>>();
    let proposer: ProposerState<string> = newProposer({ node: 'p', value: 'x', round: 0 });
    let learner: LearnerState<string> = newLearner;

    const { state, send } = prepare(proposer);
    proposer = overTheWire(state);
    for (const id of group.acceptors) {
      const given = promise<string>(newAcceptor, overTheWire(send));
      disks.set(id, overTheWire(given.store));
      if (given.send.type !== 'promise') continue;
      const next = propose(group, proposer, id, overTheWire(given.send));
      proposer = overTheWire(next.state);
      if (next.send === undefined) continue;
      for (const [voter, disk] of disks) {
        const answer = accept(disk, overTheWire(next.send));
        disks.set(voter, overTheWire(answer.store));
        if (answer.send.type === 'accepted') {
          learner = overTheWire(learn(group, learner, voter, overTheWire(answer.send)));
        }
      }
    }
    expect(outcome(group, learner, 'x')).toEqual({ type: 'written', value: 'x' });
  });
});
