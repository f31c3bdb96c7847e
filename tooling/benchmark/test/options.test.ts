import { defaultLimits } from '@quorate/log';
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
        ...{ algorithms: algorithmNames, variants: ['memory', 'durable'], storages: ['file'] },
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

  it('has defaults that suit the benchmark', () => {
    expect(parse(['storage'])).toMatchObject({
      settings: { storages: ['file', 'level', 'memory'], entries: 1_000_000, rounds: 5 },
    });
    expect(parse(['recover'])).toMatchObject({
      settings: { storages: ['file', 'level'], windows: [16, 1024] },
    });
    const paceMiB = defaultLimits.snapshotBytesPerSecond / 1024 / 1024;
    expect(parse(['snapshot'])).toMatchObject({
      settings: { seconds: 10, rounds: 3, windows: [16], stateMiB: 1024, pacesMiB: [paceMiB] },
    });
  });

  it('takes options of some benchmarks', () => {
    const words = '--storage level,file --state-mib 16 --paces 8,0.5e2,unlimited --entries 7';
    expect(parse(['snapshot', ...words.split(' ')])).toMatchObject({
      settings: {
        ...{ storages: ['level', 'file'], stateMiB: 16, pacesMiB: [8, 50, null], entries: 7 },
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
    { words: 'engine --storage file', message: /engine has no storage/ },
    { words: 'algorithms --storage memory', message: /--storage takes file, level, not 'memory'/ },
    { words: 'recover --entries 0', message: /--entries must be/ },
    { words: 'snapshot --state-mib 0.5', message: /--state-mib must be/ },
    { words: 'snapshot --paces slow', message: /--paces must be a number/ },
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
