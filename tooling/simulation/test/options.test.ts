/** The command line: what it takes, and what it refuses before anything is run. */
import { availableParallelism } from 'node:os';
import { profiles } from '@quorate/simulator';
import { describe, expect, it } from 'vitest';
import { help, parse, UsageError } from '../src/options.ts';
import { algorithmNames, workloadNames } from '../src/worlds.ts';

const parsed = (words: string): unknown => parse(words.split(' ').filter((word) => word !== ''));

describe('the command line', () => {
  it('needs nothing at all', () => {
    expect(parsed('')).toEqual({
      type: 'seeds',
      algorithms: ['raft', 'paxos'],
      seeds: 100,
      from: 1,
      jobs: availableParallelism(),
      paths: false,
      json: false,
      profile: 'swarm',
      workload: undefined,
    });
  });

  it('takes all that can be said of many seeds', () => {
    const words = '--algorithm paxos --seeds 7 --from 50 --jobs 3 --paths --json';
    expect(parsed(`${words} --profile disks --workload bank`)).toEqual({
      type: 'seeds',
      algorithms: ['paxos'],
      seeds: 7,
      from: 50,
      jobs: 3,
      paths: true,
      json: true,
      profile: 'disks',
      workload: 'bank',
    });
  });

  it('takes several algorithms, each once', () => {
    expect(parsed('--algorithm paxos,raft,paxos')).toMatchObject({ algorithms: ['paxos', 'raft'] });
  });

  it.each([
    ['--seeds 999', false],
    ['--seeds 1000', true],
    ['--seeds 1000 --profile calm', false],
    ['--seeds 10 --paths', true],
  ])('demands rare paths of enough seeds of a swarm: %s, %s', (words, paths) => {
    expect(parsed(words)).toMatchObject({ paths });
  });

  it('takes all that can be said of one seed', () => {
    const words = '--algorithm raft --seed 17 --shrink --save plan.json --trace trace.ndjson';
    expect(parsed(`${words} --profile clocks --workload kv`)).toEqual({
      type: 'one',
      algorithm: 'raft',
      seed: 17,
      plan: undefined,
      shrink: true,
      save: 'plan.json',
      trace: 'trace.ndjson',
      profile: 'clocks',
      workload: 'kv',
    });
  });

  it('takes a plan in the place of a seed', () => {
    expect(parsed('--algorithm raft --plan plan.json')).toMatchObject({
      type: 'one',
      plan: 'plan.json',
      shrink: false,
      trace: undefined,
      save: undefined,
    });
  });

  it('takes a seed of 0, and the largest', () => {
    expect(parsed('--algorithm raft --seed 0')).toMatchObject({ seed: 0 });
    expect(parsed('--algorithm raft --seed 281474976710656')).toMatchObject({ seed: 2 ** 48 });
  });

  it('measures', () => {
    expect(parsed('--speed 300 --algorithm raft')).toEqual({
      type: 'speed',
      algorithms: ['raft'],
      seconds: 300,
    });
  });

  it.each(['--help', '-h', '--seed 1 -h'])('helps: %s', (words) => {
    expect(parsed(words)).toEqual({ type: 'help' });
    for (const name of [...algorithmNames, ...workloadNames, ...profiles]) {
      expect(help).toContain(name);
    }
  });

  it.each([
    ['--algorithm zab', '--algorithm is of raft, paxos, got "zab"'],
    ['--algorithm raft,', '--algorithm is of raft, paxos, got ""'],
    ['--profile wild', '--profile is of swarm, calm'],
    ['--workload chess', '--workload is of registers, kv, bank, got "chess"'],
    ['--seeds 0', '--seeds is a whole number from 1 to 10000000, got "0"'],
    ['--seeds 10000001', '--seeds is a whole number'],
    ['--seeds ten', '--seeds is a whole number from 1 to 10000000, got "ten"'],
    ['--seeds 1.5', '--seeds is a whole number'],
    ['--seeds 1e3', '--seeds is a whole number'],
    ['--from=-1', '--from is a whole number from 0'],
    ['--jobs 0', '--jobs is a whole number from 1 to 256'],
    ['--jobs 257', '--jobs is a whole number from 1 to 256'],
    ['--speed 0', '--speed is a whole number from 1'],
    ['--algorithm raft --seed x', '--seed is a whole number from 0'],
    ['--seed 5', 'one seed or plan is run with one --algorithm; name it'],
    ['--plan plan.json', 'one seed or plan is run with one --algorithm; name it'],
    ['--seed 5 --algorithm raft,paxos', 'one seed or plan is run with one --algorithm; name it'],
    ['--sed 5', '--sed'],
    ['raft', 'raft'],
  ])('refuses %s', (words, message) => {
    expect(() => parsed(words)).toThrow(UsageError);
    expect(() => parsed(words)).toThrow(message);
  });
});
