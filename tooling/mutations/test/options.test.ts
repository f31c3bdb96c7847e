/** What the command line can say. */
import { describe, expect, it } from 'vitest';
import { catalogue } from '../src/catalogue.ts';
import { parse, type Request } from '../src/options.ts';

function requestOf(...words: readonly string[]): Request {
  const parsed = parse(words, catalogue);
  if (parsed.type !== 'run') throw new Error(parsed.text);
  return parsed.request;
}

function idsOf(...words: readonly string[]): readonly string[] {
  return requestOf(...words).mutations.map(({ id }) => id);
}

describe('the command line', () => {
  it('tries all of them in every way, one at a time, where nothing is said', () => {
    expect(requestOf()).toEqual({
      mutations: catalogue,
      jobs: 1,
      seeds: 300,
      simulator: true,
      suites: true,
      json: false,
      timeoutMs: 90_000,
      table: undefined,
    });
  });

  it('takes the names of some, and an area', () => {
    expect(idsOf('S2', 'R4')).toEqual(['R4', 'S2']);
    expect(idsOf('--area', 'paxos', 'R4', 'P4')).toEqual(['P4']);
    const areas = requestOf('--area', 'storage').mutations.map(({ area }) => area);
    expect(new Set(areas)).toEqual(new Set(['storage']));
  });

  it('takes one way alone', () => {
    expect(requestOf('--suites')).toMatchObject({ suites: true, simulator: false });
    expect(requestOf('--sim')).toMatchObject({ suites: false, simulator: true });
    expect(requestOf('--sim', '--suites')).toMatchObject({ suites: true, simulator: true });
  });

  it('takes numbers, and where the table goes', () => {
    const words = ['--seeds', '7', '--jobs', '2', '--timeout', '5', '--table', 'x.md', '--json'];
    expect(requestOf(...words)).toMatchObject({
      seeds: 7,
      jobs: 2,
      timeoutMs: 5000,
      table: 'x.md',
      json: true,
    });
  });

  it.each([
    [['R99'], 'no mutation R99'],
    [['--area', 'moon'], 'one of raft'],
    [['--seeds', '0'], 'a whole number from 1'],
    [['--jobs', '1.5'], 'a whole number from 1'],
    [['--what'], 'unknown option'],
  ])('refuses %j', (words, message) => {
    const parsed = parse(words, catalogue);
    expect(parsed).toMatchObject({ type: 'usage' });
    expect(parsed.type === 'usage' && parsed.text).toContain(message);
  });

  it('helps', () => {
    const parsed = parse(['--help'], catalogue);
    expect(parsed.type === 'help' && parsed.text).toContain('--table <file>');
  });
});
