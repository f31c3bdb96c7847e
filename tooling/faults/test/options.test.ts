import { describe, expect, it } from 'vitest';
import { help, parse, UsageError } from '../src/options.ts';
import { scenarios } from '../src/scenarios.ts';
import { storageNames } from '../src/storages.ts';

const parsed = (words: string): unknown =>
  parse(
    words.split(' ').filter((word) => word !== ''),
    () => 17,
  );

describe('the command line', () => {
  it('needs nothing at all', () => {
    expect(parsed('')).toMatchObject({
      ...{ type: 'run', names: [...scenarios.keys()], named: false, storages: storageNames },
      ...{ seed: 17, rounds: undefined, json: false, keep: false },
    });
  });

  it('takes names and options', () => {
    const words = 'kill full --storage level --seed 0 --rounds 300 --directory /x --json --keep';
    expect(parsed(words)).toEqual({
      ...{ type: 'run', names: ['kill', 'full'], named: true, storages: ['level'] },
      ...{ seed: 0, rounds: 300, json: true, keep: true, directory: '/x' },
    });
  });

  it.each([
    { words: 'fire', message: /NAME takes kill, sync-error, full, power, node, not 'fire'/ },
    { words: '--storage paper', message: /--storage takes file, level, not 'paper'/ },
    { words: '--rounds 0', message: /--rounds must be a whole number from 1/ },
    { words: '--rounds many', message: /--rounds must be a whole number/ },
    { words: '--seed -1', message: /--seed/ },
    { words: '--seed 1.5', message: /--seed must be a whole number/ },
    { words: '--fast', message: /fast/ },
  ])('refuses "$words"', ({ words, message }) => {
    expect(() => parsed(words)).toThrow(UsageError);
    expect(() => parsed(words)).toThrow(message);
  });

  it('explains itself', () => {
    expect(parsed('--help')).toEqual({ type: 'help' });
    for (const name of scenarios.keys()) expect(help).toContain(`\n  ${name} `);
  });
});
