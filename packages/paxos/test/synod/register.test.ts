/**
 * Single-decree Paxos is explored: every order in which messages can arrive, be lost, and arrive again, and
 * every moment for a crash, in small groups. In each of the states no two values are chosen; what is chosen
 * was proposed; who learns, learns what is chosen; votes are never above promises; promises never fall; and
 * no invariant of the code under test breaks.
 *
 * The numbers are exact: whoever changes the rules or the model is to notice. They stand in the README, too.
 */
import { describe, expect, it } from 'vitest';
import { flexible, grid } from '../../src/quorums.ts';
import { explore } from './explore.ts';
import { registerKey } from './register-key.ts';
import { registerModel } from './register-model.ts';
import type { Configuration, Merge } from './register-world.ts';

const xy = [['x'], ['y']];

const configurations: readonly (readonly [string, number, Configuration])[] = [
  [
    'two proposers with two ballots each',
    103_842,
    { acceptors: 3, wishes: xy, rounds: [2, 2], refusals: true },
  ],
  [
    'a proposer that comes back with another value',
    67_354,
    { acceptors: 3, wishes: [['x', 'z'], ['y']], rounds: [2, 1], refusals: true },
  ],
  [
    'three proposers with a ballot each',
    8_199,
    { acceptors: 3, wishes: [['x'], ['y'], ['z']], rounds: [1, 1, 1], refusals: true },
  ],
  ['a learner', 19_880, { acceptors: 3, wishes: xy, rounds: [2, 1], learners: 1 }],
  [
    'two learners that tell each other',
    3_505,
    { acceptors: 3, wishes: xy, rounds: [1, 1], learners: 2, announcements: true, refusals: true },
  ],
  ['five acceptors', 2_679, { acceptors: 5, wishes: xy, rounds: [1, 1], refusals: true }],
  [
    'four acceptors, of which three elect and two decide',
    20_537,
    { acceptors: 4, wishes: xy, rounds: [2, 1], quorums: flexible({ phase1: 3, phase2: 2 }) },
  ],
  [
    'the same with a learner',
    2_598,
    {
      acceptors: 4,
      wishes: xy,
      rounds: [1, 1],
      quorums: flexible({ phase1: 3, phase2: 2 }),
      learners: 1,
      refusals: true,
    },
  ],
  [
    'a grid of two by two',
    14_897,
    {
      acceptors: 4,
      wishes: xy,
      rounds: [1, 1],
      quorums: grid(2, 2),
      refusals: true,
      // A grid looks at the names.
      merge: ['dead messages'],
    },
  ],
];

describe('a register under every fault', () => {
  it.each(configurations)('%s: %i states', (_, states, configuration) => {
    const found = explore(registerModel(configuration));
    expect(found.violation).toBeUndefined();
    expect(found.states).toBe(states);
    // Each value is chosen in some of them; otherwise little would be proven.
    const wishes = configuration.wishes.flat();
    expect([...found.seen].sort()).toEqual(wishes.map((value) => `${value} is chosen`).sort());
  });
});

describe('what is merged', () => {
  const small: Configuration = { acceptors: 3, wishes: xy, rounds: [1, 1] };

  it.each<[string, Configuration, readonly Merge[]]>([
    ['names of acceptors', small, ['names']],
    ['dead messages', small, ['dead messages']],
    ['both', { ...small, refusals: true }, ['names', 'dead messages']],
    [
      'both, with a learner',
      { ...small, wishes: [['x']], rounds: [2], learners: 1 },
      ['names', 'dead messages'],
    ],
  ])('hides nothing: %s', (_, configuration, merge) => {
    // Had it hidden a state, the exploration that merges nothing would come across that one, too.
    const whole = registerModel({ ...configuration, merge: [] });
    const key = registerKey({ ...configuration, merge }, whole.parts);
    const keys = new Set<string>();
    const all = explore({
      ...whole,
      wrong: (world) => {
        keys.add(key(world));
        return whole.wrong(world);
      },
    });
    const merged = explore(registerModel({ ...configuration, merge }));
    expect(all.violation).toBeUndefined();
    expect(merged.states).toBeLessThan(all.states);
    expect(merged.states).toBe(keys.size);
  });
});
