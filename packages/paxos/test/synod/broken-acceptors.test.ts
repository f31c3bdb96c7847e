import { describe, expect, it } from 'vitest';
import { noBallot } from '../../src/ballot.ts';
import { rules } from './register-model.ts';
import type { Rules } from './register-world.ts';
import { fourBallots, harmOf, threeBallots, twoBallots, weaknessOf } from './broken.ts';

describe('an acceptor breaks the register', () => {
  it('if it accepts below its promise', () => {
    const accept: Rules['accept'] = (state, { ballot, value }) => ({
      store: { ...state, accepted: { ballot, value } },
      send: { type: 'accepted', ballot, value },
    });
    expect(harmOf(twoBallots, { accept })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a1 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "x and y are chosen",
      ]
    `);
  });

  it('if it promises below its promise', () => {
    const promise: Rules['promise'] = ({ accepted }, { ballot }) => ({
      store: { promised: ballot, accepted },
      send: { type: 'promise', ballot, vote: accepted },
    });
    expect(harmOf(twoBallots, { promise })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P1 if its promise is not durable', () => {
    const storeState: Rules['storeState'] = (_disk, { accepted }) => ({
      promised: accepted?.ballot ?? noBallot,
      accepted,
    });
    expect(harmOf(twoBallots, { storeState })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "a1 restarts",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a1 hears propose 1.p1 x; sends accepted 1.p1 x",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P2 if it does not record a promise beside a vote', () => {
    const promise: Rules['promise'] = (state, message) => {
      const { store, send } = rules.promise(state, message);
      return { store: state.accepted === undefined ? store : state, send };
    };
    expect(harmOf(threeBallots, { promise })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "p1 sends prepare 2.p1",
        "a1 hears prepare 2.p1; sends promise 2.p1, no vote",
        "p1 hears promise 2.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a3 hears prepare 2.p1; sends promise 2.p1, x in 1.p1",
        "a3 hears propose 1.p2 y; sends accepted 1.p2 y",
        "p1 hears promise 2.p1, x in 1.p1, of a3; sends propose 2.p1 x",
        "a1 hears propose 2.p1 x; sends accepted 2.p1 x",
        "a2 hears propose 2.p1 x; sends accepted 2.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P3 if it has one variable for the ballots promised and accepted', () => {
    const promise: Rules['promise'] = (state, message) => {
      const { store, send } = rules.promise(state, message);
      const { promised, accepted } = store;
      return {
        store: { promised, accepted: accepted && { ...accepted, ballot: promised } },
        send,
      };
    };
    expect(harmOf(fourBallots, { promise })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "p1 sends prepare 2.p1",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a1 hears prepare 2.p1; sends promise 2.p1, y in 1.p2",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a3 hears prepare 1.p2; sends promise 1.p2, x in 1.p1",
        "a3 hears prepare 2.p1; sends promise 2.p1, x in 1.p2",
        "p1 hears promise 2.p1, x in 1.p2, of a3",
        "p1 hears promise 2.p1, y in 1.p2, of a1; sends propose 2.p1 x",
        "a2 hears propose 2.p1 x; sends accepted 2.p1 x",
        "a3 hears propose 2.p1 x; sends accepted 2.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P4 if accepting does not raise its promise', () => {
    const accept: Rules['accept'] = (state, message) => {
      const { store, send } = rules.accept(state, message);
      return { store: { ...store, promised: state.promised }, send };
    };
    expect(weaknessOf(twoBallots, { accept })).toBe('a vote is above the promise');
    expect(harmOf(threeBallots, { accept })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "p1 sends prepare 2.p1",
        "a1 hears prepare 2.p1; sends promise 2.p1, no vote",
        "p1 hears promise 2.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a3 hears prepare 2.p1; sends promise 2.p1, x in 1.p1",
        "p1 hears promise 2.p1, x in 1.p1, of a3; sends propose 2.p1 x",
        "a1 hears propose 2.p1 x; sends accepted 2.p1 x",
        "a2 hears propose 2.p1 x; sends accepted 2.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P6 if its vote is not durable', () => {
    const storeState: Rules['storeState'] = (_disk, { promised }) => ({
      promised,
      accepted: undefined,
    });
    expect(harmOf(twoBallots, { storeState })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a2 restarts",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P7 if its promise leaves out its vote', () => {
    const promise: Rules['promise'] = (state, message) => {
      const { store, send } = rules.promise(state, message);
      return { store, send: send.type === 'promise' ? { ...send, vote: undefined } : send };
    };
    expect(harmOf(twoBallots, { promise })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a2 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });
});

describe('an acceptor cannot break the register', () => {
  it('P3 if it shows the proposer a vote in a ballot that has not begun: that one stops', () => {
    const promise: Rules['promise'] = (state, message) => {
      const { store, send } = rules.promise(state, message);
      const { promised, accepted } = store;
      const vote = accepted && { ...accepted, ballot: promised };
      return {
        store: { promised, accepted: vote },
        send: send.type === 'promise' ? { ...send, vote } : send,
      };
    };
    expect(harmOf(fourBallots, { promise })).toEqual([]);
    expect(weaknessOf(fourBallots, { promise })).toBe(
      'invariant broken: nobody votes in a ballot before its proposer has proposed',
    );
  });
});
