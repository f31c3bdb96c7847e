import { describe, expect, it } from 'vitest';
import { algorithmNames } from '../src/algorithms.ts';
import { benchmarks } from '../src/benchmarks.ts';
import { help, parse, UsageError } from '../src/options.ts';

describe('the command line', () => {
  it('needs nothing but a name', () => {
    expect(parse(['algorithms'])).toMatchObject({
      ...{ type: 'run', name: 'algorithms', json: false, svg: undefined },
      settings: {
        ...{ seconds: 2, rounds: 5, windows: [1, 16, 256, 1024], valueBytes: 256 },
        ...{ algorithms: algorithmNames, variants: ['memory', 'durable'] },
      },
    });
  });

  it('takes everything else as options', () => {
    const words = '--seconds 0.5 --rounds 7 --windows 4,64 --value-bytes 16 --algorithms raft';
    const more = '--variants single --json --svg plot.svg';
    expect(parse(['engine', ...words.split(' '), ...more.split(' ')])).toMatchObject({
      ...{ name: 'engine', json: true, svg: 'plot.svg' },
      settings: {
        ...{ seconds: 0.5, rounds: 7, windows: [4, 64], valueBytes: 16 },
        ...{ algorithms: ['raft'], variants: ['single'] },
      },
    });
  });

  it.each([
    { words: '', message: /algorithms, engine, floor/ },
    { words: 'engines', message: /algorithms, engine, floor/ },
    { words: 'engine floor', message: /one benchmark/ },
    { words: 'engine --seconds zero', message: /--seconds must be a number/ },
    { words: 'engine --seconds 0', message: /--seconds must be a number from 0.01/ },
    { words: 'engine --rounds 1.5', message: /--rounds must be whole/ },
    { words: 'engine --windows 1,,2', message: /--windows must be a number/ },
    { words: 'engine --value-bytes 2000000', message: /--value-bytes must be/ },
    { words: 'engine --algorithms zab', message: /--algorithms takes raft/ },
    { words: 'engine --variants durable', message: /--variants takes batch, single/ },
    { words: 'engine --fast', message: /fast/ },
  ])('refuses "$words"', ({ words, message }) => {
    const attempt = (): unknown => parse(words.split(' ').filter((word) => word !== ''));
    expect(attempt).toThrow(UsageError);
    expect(attempt).toThrow(message);
  });

  it('explains itself', () => {
    expect(parse(['--help'])).toEqual({ type: 'help' });
    for (const name of benchmarks.keys()) expect(help).toContain(`\n  ${name} `);
  });
});
