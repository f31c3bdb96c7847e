/** Locks between real processes. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { nodeFileSystem as files } from '../src/index.ts';
import { buildInto } from './build.ts';

let built: string;
let folder: string;
let children: Child[] = [];

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'quorate-built-'));
  await buildInto(built);
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-lock-'));
});

afterEach(async () => {
  for (const child of children) await child.kill();
  children = [];
  await rm(folder, { recursive: true, force: true });
});

afterAll(async () => {
  await rm(built, { recursive: true, force: true });
});

/** A process that runs a program with `lock()`. */
class Child {
  readonly #process: ChildProcessByStdio<null, Readable, null>;
  readonly #exit: Promise<unknown>;

  constructor(program: string, environment: NodeJS.ProcessEnv) {
    const source = pathToFileURL(join(built, 'files/index.js')).href;
    const text = `
      import { nodeFileSystem } from ${JSON.stringify(source)};
      const lock = () => nodeFileSystem.lock(${JSON.stringify(`${folder}/lock`)});
      ${program}
    `;
    this.#process = spawn(process.execPath, ['--input-type=module', '-e', text], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: environment,
    });
    this.#exit = once(this.#process, 'exit');
  }

  /** What it prints first; undefined if it ends without. */
  async line(): Promise<string | undefined> {
    for await (const line of createInterface(this.#process.stdout)) return line;
    return undefined;
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exit;
  }
}

function another(program: string, environment: NodeJS.ProcessEnv = process.env): Child {
  const child = new Child(program, environment);
  children.push(child);
  return child;
}

const holding = `
  await lock();
  console.log('locked');
  setInterval(() => undefined, 1000);
`;
const asking = `await lock().then(() => console.log('locked'), (error) => console.log(error.code));`;

it('S9: a lock is free again when the process that has it is killed', async () => {
  const other = another(holding);
  expect(await other.line()).toBe('locked');
  await expect(files.lock(`${folder}/lock`)).rejects.toMatchObject({ code: 'LOCKED' });
  await other.kill();
  await (await files.lock(`${folder}/lock`))();
});

it('keeps the other process out, and lets it in afterwards', async () => {
  const end = await files.lock(`${folder}/lock`);
  expect(await another(asking).line()).toBe('LOCKED');
  await end();
  expect(await another(asking).line()).toBe('locked');
});

it('is not handed down to the children of a process', async () => {
  const other = another(`
    import { spawn } from 'node:child_process';
    await lock();
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { stdio: 'ignore' });
    console.log(child.pid);
    setInterval(() => undefined, 1000);
  `);
  const child = Number(await other.line());
  try {
    await other.kill();
    await (await files.lock(`${folder}/lock`))();
    // It is still there, and has nothing.
    expect(process.kill(child, 0)).toBe(true);
  } finally {
    process.kill(child, 'SIGKILL');
  }
});

it.runIf(process.platform === 'linux')('holds where there is no program flock, too', async () => {
  const bare = { ...process.env, PATH: `${folder}/nothing` };
  const first = another(holding, bare);
  expect(await first.line()).toBe('locked');
  expect(await another(asking, bare).line()).toBe('LOCKED');
  await first.kill();
  const twice = another(`await (await lock())(); ${asking}; process.exit();`, bare);
  expect(await twice.line()).toBe('locked');
});
