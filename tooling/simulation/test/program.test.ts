/** The program: what it prints, what it says meanwhile, how it ends, and what it writes into files. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Plan, TraceEvent } from '@quorate/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { help } from '../src/options.ts';
import { runProgram } from '../src/program.ts';
import { TraceFile } from '../src/trace.ts';

let directory = '';
const file = (name: string): string => join(directory, name);

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'quorate-simulation-test-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

async function run(...words: readonly string[]) {
  const printed: string[] = [];
  const said: string[] = [];
  const code = await runProgram(words, {
    print: (line) => printed.push(line),
    say: (line) => said.push(line),
  });
  return { code, printed: printed.join('\n').split('\n'), said: said.join('\n') };
}

/** The quickest there is: one node, or three on a good day. */
const calm = ['--profile', 'calm', '--workload', 'registers'];

describe('many seeds', () => {
  it('are run for each algorithm, and end with the total', async () => {
    const { code, printed } = await run('--seeds', '2', '--jobs', '1', ...calm);
    expect(code).toBe(0);
    expect(printed[0]).toMatch(/^raft: 2 seeds, 0\.\d\d virtual hours/);
    expect(printed.find((line) => line.startsWith('paxos: 2 seeds'))).toBeDefined();
    expect(printed.at(-1)).toBe('4 passed, 0 failed');
  });

  it('are summed up in a line of JSON', async () => {
    const words = ['--algorithm', 'raft', '--seeds', '2', '--from', '19', '--jobs', '1', '--json'];
    const { code, printed } = await run(...words, ...calm);
    expect(code).toBe(0);
    expect(printed).toHaveLength(2);
    // Every twentieth runs twice.
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      algorithm: 'raft',
      seeds: 2,
      twice: 1,
      failures: [],
      faults: {},
    });
    expect(printed[1]).toBe('2 passed, 0 failed');
  });

  it('have failed where a rare path is asked for that none of them reached', async () => {
    const words = ['--algorithm', 'raft', '--seeds', '1', '--jobs', '1', '--paths'];
    const { code, printed } = await run(...words, ...calm);
    expect(code).toBe(1);
    expect(printed).toContain('FAILED raft: no seed reached "snapshot installed"');
    expect(printed.at(-1)).toMatch(/^1 passed, \d\d failed$/);
  });
});

describe('one seed', () => {
  it('is described', async () => {
    const { code, printed } = await run('--algorithm', 'paxos', '--seed', '3', ...calm);
    expect(code).toBe(0);
    expect(printed).toHaveLength(3);
    expect(printed[0]).toMatch(/^seed 3: 3 voters, 0 faults planned, .* digest [0-9a-f]{16}$/);
    expect(printed[1]).toBe('  no rule was broken');
    expect(printed[2]).toBe('1 passed, 0 failed');
  });

  it('is written down as a plan, and gives the same when that is run', async () => {
    const seed = ['--algorithm', 'raft', '--seed', '4', '--profile', 'network'];
    const first = await run(...seed, '--workload', 'registers', '--save', file('plan.json'));
    const plan = JSON.parse(readFileSync(file('plan.json'), 'utf8')) as Plan;
    expect(plan.seed).toBe(4);
    expect(plan.faults.length).toBeGreaterThan(0);
    const words = ['--algorithm', 'raft', '--plan', file('plan.json'), '--workload', 'registers'];
    expect((await run(...words)).printed).toEqual(first.printed);
  });

  it('is traced, step by step, in lines of JSON', async () => {
    const words = ['--algorithm', 'raft', '--seed', '3', '--trace', file('trace.ndjson')];
    expect((await run(...words, ...calm)).code).toBe(0);
    const lines = readFileSync(file('trace.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1000);
    let time = 0;
    for (const line of lines) {
      const event = JSON.parse(line) as TraceEvent;
      expect(event.time).toBeGreaterThanOrEqual(time);
      time = event.time;
    }
    expect(JSON.parse(lines[0] ?? '')).toEqual({ time: 0, node: 'n1', event: 'starts' });
  });
});

describe('a trace file', () => {
  it('holds bytes as hexadecimal text, and what JSON does not know as text', () => {
    const trace = new TraceFile(file('trace.ndjson'));
    const data = {
      bytes: Uint8Array.of(1, 0xab),
      large: 2n ** 60n,
      map: new Map([['a', 1]]),
      set: new Set([1, 2]),
      never: Number.POSITIVE_INFINITY,
    };
    for (let time = 0; time < 1500; time++) trace.add({ time, event: 'x', data });
    trace.close();
    const lines = readFileSync(file('trace.ndjson'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(1500);
    expect(JSON.parse(lines[1234] ?? '')).toEqual({
      time: 1234,
      event: 'x',
      data: {
        bytes: '01ab',
        large: '1152921504606846976',
        map: { a: 1 },
        set: [1, 2],
        never: 'Infinity',
      },
    });
  });
});

describe('what makes no sense', () => {
  it('is refused, with where to look', async () => {
    const { code, printed, said } = await run('--seeds', 'many');
    expect({ code, printed }).toEqual({ code: 2, printed: [''] });
    expect(said).toBe('--seeds is a whole number from 1 to 10000000, got "many"\nSee: sim --help');
  });

  it.each([
    ['nothing', undefined],
    ['no JSON', '{'],
    ['no plan', '{"seed": 1}'],
    ['a number', '1'],
  ])('is a plan in a file with %s', async (_what, content) => {
    if (content !== undefined) writeFileSync(file('plan.json'), content);
    const { code, said } = await run('--algorithm', 'raft', '--plan', file('plan.json'));
    expect(code).toBe(2);
    expect(said).toContain(`${file('plan.json')} holds no plan`);
  });
});

it('helps', async () => {
  expect(await run('--help')).toEqual({
    code: 0,
    printed: help.trimEnd().split('\n'),
    said: '',
  });
});

it('measures how fast virtual time goes', async () => {
  const { code, printed } = await run('--speed', '5', '--algorithm', 'raft');
  expect(code).toBe(0);
  expect(printed[0]).toMatch(
    /^raft: \d+ virtual seconds a second \(\d+ s, \d+ operations at 10 a second/,
  );
});
