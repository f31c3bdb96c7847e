import { describe, expect, it } from 'vitest';
import { compareBallots } from '../../src/ballot.ts';
import { flexible, quorumRefusal } from '../../src/quorums.ts';
import type { GivenPromise } from '../../src/synod/index.ts';
import { harmOf, highest, promised, proposeWhen, threeBallots, twoBallots } from './broken.ts';
import type { Rules, Value } from './register-world.ts';

describe('a proposer breaks the register', () => {
  it('if it proposes its own value whatever it hears', () => {
    const propose = proposeWhen(promised, (_promises, own) => own);
    expect(harmOf(twoBallots, { propose })).toMatchInlineSnapshot(`
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
        "p2 hears promise 1.p2, x in 1.p1, of a2; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('if it takes the first vote that it hears of', () => {
    const first = (promises: readonly GivenPromise<Value>[], own: Value): Value =>
      promises.find(({ vote }) => vote !== undefined)?.vote?.value ?? own;
    const propose = proposeWhen(promised, first);
    expect(harmOf(threeBallots, { propose })).toMatchInlineSnapshot(`
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
        "a3 hears prepare 2.p1; sends promise 2.p1, x in 1.p1",
        "p1 hears promise 2.p1, x in 1.p1, of a3",
        "p1 hears promise 2.p1, y in 1.p2, of a1; sends propose 2.p1 x",
        "a1 hears propose 2.p1 x; sends accepted 2.p1 x",
        "a2 hears propose 2.p1 x; sends accepted 2.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('if it takes the lowest vote', () => {
    const lowest = (promises: readonly GivenPromise<Value>[], own: Value): Value =>
      promises
        .flatMap(({ vote }) => vote ?? [])
        .sort((left, right) => compareBallots(left.ballot, right.ballot))[0]?.value ?? own;
    const propose = proposeWhen(promised, lowest);
    expect(harmOf(threeBallots, { propose })).toMatchInlineSnapshot(`
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
        "p1 hears promise 2.p1, y in 1.p2, of a1",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a3 hears prepare 2.p1; sends promise 2.p1, x in 1.p1",
        "p1 hears promise 2.p1, x in 1.p1, of a3; sends propose 2.p1 x",
        "a1 hears propose 2.p1 x; sends accepted 2.p1 x",
        "a2 hears propose 2.p1 x; sends accepted 2.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P10 if it counts promises instead of acceptors', () => {
    const propose = proposeWhen((_group, promises) => promises.length >= 2, highest);
    expect(harmOf(twoBallots, { propose })).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "p1 hears promise 1.p1, no vote, of a1; sends propose 1.p1 x",
        "p2 hears promise 1.p2, no vote, of a1",
        "p2 hears promise 1.p2, no vote, of a1; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('P23 if it uses a round again after a restart', () => {
    const storeRound: Rules['storeRound'] = (disk) => disk;
    expect(
      // Messages of a round are never dead where it may come again.
      harmOf({ ...twoBallots, wishes: [['x', 'z'], ['y']], merge: ['names'] }, { storeRound }),
    ).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a1",
        "a2 hears prepare 1.p1; sends promise 1.p1, no vote",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 x",
        "p1 restarts, wants z",
        "p1 sends prepare 1.p1",
        "a1 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a1 hears prepare 1.p2; sends promise 1.p2, x in 1.p1",
        "p1 hears promise 1.p1, no vote, of a1",
        "p2 hears promise 1.p2, x in 1.p1, of a1",
        "p1 hears promise 1.p1, no vote, of a2; sends propose 1.p1 z",
        "a2 hears propose 1.p1 z; sends accepted 1.p1 z",
        "a2 hears prepare 1.p2; sends promise 1.p2, z in 1.p1",
        "p2 hears promise 1.p2, z in 1.p1, of a2; sends propose 1.p2 x",
        "a1 hears propose 1.p2 x; sends accepted 1.p2 x",
        "a2 hears propose 1.p2 x; sends accepted 1.p2 x",
        "a3 hears propose 1.p1 z; sends accepted 1.p1 z",
        "x and z are chosen",
      ]
    `);
  });
});

describe('quorums break the register', () => {
  it('if two of four elect and two decide', () => {
    const quorums = flexible({ phase1: 2, phase2: 2 });
    expect(quorumRefusal(quorums, ['a1', 'a2', 'a3', 'a4'])).toBeDefined();
    expect(harmOf({ ...twoBallots, acceptors: 4, quorums }, {})).toMatchInlineSnapshot(`
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
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a4 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });

  it('if one of three elects and two decide', () => {
    const quorums = flexible({ phase1: 1, phase2: 2 });
    expect(quorumRefusal(quorums, ['a1', 'a2', 'a3'])).toBeDefined();
    expect(harmOf({ ...twoBallots, quorums }, {})).toMatchInlineSnapshot(`
      [
        "p1 sends prepare 1.p1",
        "p2 sends prepare 1.p2",
        "a1 hears prepare 1.p1; sends promise 1.p1, no vote",
        "a1 hears prepare 1.p2; sends promise 1.p2, no vote",
        "p1 hears promise 1.p1, no vote, of a1; sends propose 1.p1 x",
        "p2 hears promise 1.p2, no vote, of a1; sends propose 1.p2 y",
        "a1 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a2 hears propose 1.p1 x; sends accepted 1.p1 x",
        "a2 hears propose 1.p2 y; sends accepted 1.p2 y",
        "a3 hears propose 1.p1 x; sends accepted 1.p1 x",
        "x and y are chosen",
      ]
    `);
  });
});
