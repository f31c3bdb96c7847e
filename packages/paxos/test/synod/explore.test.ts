import { describe, expect, it } from 'vitest';
import { explore, type Model } from './explore.ts';

/** Litres in a jug of three and one of five. */
interface Jugs {
  readonly three: number;
  readonly five: number;
}

/** Fill, empty, pour over: a puzzle whose answers are known. */
const jugs: Model<Jugs> = {
  initial: { three: 0, five: 0 },
  next: ({ three, five }) => {
    const toFive = Math.min(three, 5 - five);
    const toThree = Math.min(five, 3 - three);
    return [
      { what: () => 'fill three', to: { three: 3, five } },
      { what: () => 'fill five', to: { three, five: 5 } },
      { what: () => 'empty three', to: { three: 0, five } },
      { what: () => 'empty five', to: { three, five: 0 } },
      { what: () => 'three to five', to: { three: three - toFive, five: five + toFive } },
      { what: () => 'five to three', to: { three: three + toThree, five: five - toThree } },
    ];
  },
  key: ({ three, five }) => `${String(three)} ${String(five)}`,
  wrong: () => undefined,
};

describe('an exploration', () => {
  it('visits every state once', () => {
    const reachable = Array.from({ length: 24 }, (_, at) => [at % 4, Math.floor(at / 4)] as const)
      // One of the two is full or empty after every step.
      .filter(([three, five]) => three % 3 === 0 || five % 5 === 0);
    const visited: string[] = [];
    const { states, steps, violation } = explore({
      ...jugs,
      wrong: (state) => {
        visited.push(jugs.key(state));
        return undefined;
      },
    });
    expect(visited.sort()).toEqual(reachable.map((pair) => pair.join(' ')).sort());
    expect({ states, steps, violation }).toEqual({ states: 16, steps: 96, violation: undefined });
  });

  it('finds a shortest way to what is wrong', () => {
    const wrong = ({ five }: Jugs): string | undefined => (five === 4 ? 'four litres' : undefined);
    expect(explore({ ...jugs, wrong }).violation).toEqual({
      statement: 'four litres',
      trace: [
        'fill five',
        'five to three',
        'empty three',
        'five to three',
        'fill five',
        'five to three',
      ],
    });
  });

  it('finds what is wrong at the start', () => {
    const { violation } = explore({ ...jugs, wrong: () => 'no water' });
    expect(violation).toEqual({ statement: 'no water', trace: [] });
  });

  it('finds a wrong step to a state that is right, and was known before', () => {
    const wrongStep = (before: Jugs, after: Jugs): string | undefined =>
      before.five > 0 && after.three + after.five === 0 ? 'water is spilled' : undefined;
    expect(explore({ ...jugs, wrongStep }).violation).toEqual({
      statement: 'water is spilled',
      trace: ['fill five', 'empty five'],
    });
  });

  it('says what was seen', () => {
    const { seen } = explore({
      ...jugs,
      sometimes: {
        'both are full': ({ three, five }) => three + five === 8,
        'one overflows': ({ three, five }) => three > 3 || five > 5,
        'both are empty': ({ three, five }) => three + five === 0,
      },
    });
    expect(seen).toEqual(['both are empty', 'both are full']);
  });

  it('takes states of one key for one', () => {
    const total = explore({ ...jugs, key: ({ three, five }) => String(three + five) });
    expect(total.states).toBeLessThanOrEqual(9);
  });

  it('does not leave anything out in silence', () => {
    expect(() => explore(jugs, 15)).toThrow('more than 15 states');
    expect(explore(jugs, 16).states).toBe(16);
  });
});
