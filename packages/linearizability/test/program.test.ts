/** The program, from its words to what it prints, writes and returns. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../src/cli/program.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-linearizability-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const good = '{"process":0,"type":"invoke","f":"read"}\n{"process":0,"type":"ok","value":null}\n';
const bad = good.replace('null', '"<b>"');
const lost = '{"process":0,"type":"invoke","f":"write","value":1}\n'.repeat(2);

async function* bytes(text: string): AsyncGenerator<Uint8Array> {
  // Cut everywhere, in the middle of characters too.
  for (const byte of new TextEncoder().encode(text)) yield Uint8Array.of(byte);
}

async function tell(words: readonly string[], stdin = '') {
  const told = { out: '', err: '' };
  const exitCode = await run(words, {
    write: (text) => (told.out += text),
    complain: (text) => (told.err += text),
    stdin: bytes(stdin),
  });
  return { exitCode, ...told };
}

async function file(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('the verdicts', () => {
  it('are a line a file; a violation outweighs what is unreadable, and that outweighs ok', async () => {
    const files = [await file('good', good), await file('lost', lost), await file('bad', bad)];
    const all = await tell(['--model', 'register', '--no-picture', ...files]);
    expect(all.exitCode).toBe(1);
    expect(all.out.split('\n')).toEqual([
      `${files[0] ?? ''}: ok: 1 operations, 1 part, 2 configurations`,
      expect.stringContaining('lost: unreadable: OUT_OF_ORDER: line 2: process 0 has'),
      `${files[2] ?? ''}: violation: no order fits read → "<b>" of process 0 (lines 1 to 2); before it the state can only be nil`,
      '',
    ]);
    const some = await tell(['--model', 'register', ...files.slice(0, 2)]);
    expect(some.exitCode).toBe(2);
    expect((await tell(['--model', 'register', ...files.slice(0, 1)])).exitCode).toBe(0);
  });

  it('are unknown where a bound was met', async () => {
    const words = [
      '--model',
      'register',
      '--max-configurations',
      '1',
      await file('good', good.repeat(3)),
    ];
    const { exitCode, out } = await tell(words);
    expect([exitCode, out]).toEqual([2, expect.stringMatching(/good: unknown: .*raise --max-con/)]);
  });

  it('are told of every model', async () => {
    const answers = { register: null, 'cas-register': null, kv: '', counter: 0, ledger: {} };
    for (const [model, value] of Object.entries(answers)) {
      const read = { process: 0, f: 'read', ...(model === 'kv' ? { key: 'x' } : {}) };
      const text = `${JSON.stringify({ ...read, type: 'invoke' })}\n${JSON.stringify({ ...read, type: 'ok', value })}`;
      expect((await tell(['--model', model, '-'], text)).exitCode, model).toBe(0);
    }
  });

  it('come as JSON too', async () => {
    const words = ['--model', 'register', '--json', '--no-picture', await file('bad', bad)];
    const { exitCode, out } = await tell(words);
    expect(exitCode).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      verdict: 'violation',
      operations: 1,
      core: [{ type: 'invoke' }, { type: 'ok', value: '<b>' }],
    });
  });

  it('of a ledger depend on its limits', async () => {
    const text = [
      { process: 0, type: 'invoke', f: 'transfer', value: { from: 'a', to: 'b', amount: 5 } },
      { process: 0, type: 'ok', result: true },
    ]
      .map((line) => JSON.stringify(line))
      .join('\n');
    const words = ['--model', 'ledger', '--no-picture', '--accounts', '{"a":1,"b":0}', '-'];
    expect((await tell(words, text)).exitCode).toBe(0);
    expect((await tell([...words, '--minimum-balance', '0'], text)).exitCode).toBe(1);
  });

  it('are not given of what cannot be read', async () => {
    const { exitCode, out } = await tell(['--model', 'register', join(folder, 'none')]);
    expect([exitCode, out]).toEqual([2, expect.stringContaining('unreadable: IO_FAILED: ')]);
    const latin = join(folder, 'latin');
    await writeFile(latin, Uint8Array.of(0x22, 0xe4, 0x22));
    expect((await tell(['--model', 'register', latin])).out).toContain('NOT_JSON: it is not UTF-8');
  });
});

describe('the picture', () => {
  it('stands beside the file, and nothing in it comes from the history as markup', async () => {
    const path = await file('bad', bad);
    const { out } = await tell(['--model', 'register', path]);
    expect(out).toContain(`; picture: ${path}.violation.html\n`);
    const page = await readFile(`${path}.violation.html`, 'utf8');
    expect(page).toContain('<svg');
    expect(page).toContain('read → &quot;&lt;b&gt;&quot;');
    expect(page).not.toContain('<b>');
    expect(page).not.toMatch(/https?:\/\/(?!www\.w3\.org)/);
  });

  it('goes where it is told, and over an older picture but over nothing else', async () => {
    const path = await file('bad', bad);
    const words = ['--model', 'register', '--picture', join(folder, 'new'), path];
    await tell(words);
    await tell(words);
    expect(await readdir(join(folder, 'new'))).toEqual(['bad.violation.html']);
    await writeFile(join(folder, 'new', 'bad.violation.html'), 'mine');
    expect((await tell(words)).out).toContain('bad.violation-2.html');
    expect(await readFile(join(folder, 'new', 'bad.violation.html'), 'utf8')).toBe('mine');
  });

  it('does not change the verdict if it cannot be written', async () => {
    const path = await file('bad', bad);
    const { exitCode, err } = await tell(['--model', 'register', '--picture', path, path]);
    expect([exitCode, err]).toEqual([1, expect.stringContaining('choose a folder with --picture')]);
  });
});

describe('the command line', () => {
  it.each([
    [[]],
    [['--model', 'register']],
    [['x']],
    [['--model', 'stack', 'x']],
    [['--model', 'register', '--timeout-ms', 'soon', 'x']],
    [['--model', 'register', '--timeout-ms', '0', 'x']],
    [['--model', 'register', '--accounts', '{}', 'x']],
    [['--model', 'ledger', '--accounts', '[1]', 'x']],
    [['--model', 'register', '--no-picture', '--picture', 'x', 'x']],
    [['--wrong', 'x']],
  ])('makes no sense: %j', async (words) => {
    const { exitCode, out, err } = await tell(words);
    expect([exitCode, out]).toEqual([2, '']);
    expect(err).toMatch(
      /^quorate-linearizability: USAGE: .*; see quorate-linearizability --help\n$/s,
    );
  });

  it('can be asked for help', async () => {
    const { exitCode, out } = await tell(['--help']);
    expect([exitCode, out]).toEqual([0, expect.stringContaining('--model MODEL')]);
  });
});
