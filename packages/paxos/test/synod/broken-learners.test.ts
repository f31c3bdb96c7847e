import { describe, expect, it } from 'vitest';
import { sameBallot } from '../../src/ballot.ts';
import { harmOf, learnWhen, threeBallots, twoBallots } from './broken.ts';
import { rules } from './register-model.ts';
import type { Rules } from './register-world.ts';

describe('a learner is deceived', () => {
  it('P10 if it counts messages instead of acceptors', () => {
    const learn = learnWhen((_group, votes, { vote: { ballot } }) => {
      return votes.filter(({ vote }) => sameBallot(vote.ballot, ballot)).length >= 2;
    });
    expect(harmOf({ ...twoBallots, learners: 1 }, { learn })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "a1 hears propose 1.p1 x; sends accepted 1.p1 x",
        "l1 hears accepted 1.p1 x, of a1",
        "l1 hears accepted 1.p1 x, of a1",
        "x is learned and not chosen",
      ]
    `);
  });

  it('P10 if it adds up the votes of several ballots', () => {
    const learn = learnWhen(({ quorums, acceptors }, votes, { vote: { value } }) =>
      quorums.phase2(acceptors, (id) =>
        votes.some(({ acceptor, vote }) => acceptor === id && vote.value === value),
      ),
    );
    expect(harmOf({ ...threeBallots, learners: 1 }, { learn })).toMatchInlineSnapshot(`
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
        "a2 hears prepare 1.p2; sends promise 1.p2, x in 1.p1",
        "l1 hears accepted 1.p1 x, of a2",
        "p2 hears promise 1.p2, x in 1.p1, of a2; sends propose 1.p2 x",
        "a1 hears propose 1.p2 x; sends accepted 1.p2 x",
        "l1 hears accepted 1.p2 x, of a1",
        "x is learned and not chosen",
      ]
    `);
  });

  it('P11 if it takes what it holds for what is said to be chosen', () => {
    const learn: Rules['learn'] = (group, state, from, message) => {
      const held = message.type === 'chosen' ? state.votes.at(-1)?.vote : undefined;
      return rules.learn(group, state, from, { ...message, ...held });
    };
    const configuration = { ...twoBallots, learners: 2, announcements: true };
    expect(harmOf(configuration, { learn })).toMatchInlineSnapshot(`
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
        "p2 hears promise 1.p2, no vote, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "l1 hears accepted 1.p2 y, of a1",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "l1 hears accepted 1.p2 y, of a2; sends chosen 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "l2 hears accepted 1.p1 x, of a3",
        "l2 hears chosen 1.p2 y; sends chosen 1.p1 x",
        "x is learned and not chosen",
      ]
    `);
  });
});
