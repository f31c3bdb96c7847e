/** What tests of programs rely on. */
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterAll, expect, it } from 'vitest';
import {
  alive,
  captured,
  cleanUp,
  eventually,
  finish,
  freePort,
  isFree,
  JsonLines,
  startProcess,
  temporaryFolder,
  track,
} from '../src/index.ts';

afterAll(cleanUp);

const node = (script: string) => startProcess(process.execPath, ['-e', script]);

it('gives what a process printed, and how it ended', async () => {
  const script =
    'process.stdin.pipe(process.stdout); process.stderr.write("said"); process.exitCode = 3';
  const { code, stdout, stderr, bytes } = await finish(node(script), 'told');
  expect([code, stdout, stderr, bytes]).toEqual([3, 'told', 'said', Buffer.from('told')]);
});

it('ends every process and removes every folder, those of others too', async () => {
  const folder = await temporaryFolder();
  const own = node('setInterval(() => 0, 1000)');
  const parent = node(
    `const { spawn } = require('child_process');
     const child = spawn(process.execPath, ['-e', 'setInterval(() => 0, 1000)'], { stdio: 'ignore' });
     console.log(JSON.stringify({ pid: child.pid })); child.unref()`,
  );
  const pid = Number((await new JsonLines(parent.stdout).first(() => true))['pid']);
  track(pid);
  expect([own.pid ?? 0, pid].map(alive)).toEqual([true, true]);
  await cleanUp();
  await eventually(() => (alive(pid) ? undefined : true));
  expect([existsSync(folder), alive(own.pid ?? 0)]).toEqual([false, false]);
});

it('waits for lines that come, and finds those that came', async () => {
  const stream = new PassThrough();
  const lines = new JsonLines(stream);
  const second = lines.first(({ n }) => n === 2);
  stream.write('{"n":1}\n{"n":');
  stream.write('2}\n');
  expect(await second).toEqual({ n: 2 });
  expect(await lines.first(({ n }) => n === 1)).toEqual({ n: 1 });
  await expect(lines.first(({ n }) => n === 3, 10)).rejects.toThrow('no such line within 10 ms');
});

it('runs commands within the test, one after the other', async () => {
  const say = (word: string) => async (): Promise<number> => {
    process.stdout.write(word);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.stderr.write(word.toUpperCase());
    return word.length;
  };
  const failing = captured(() => Promise.reject(new Error('thrown')));
  const both = Promise.all([captured(say('a')), captured(say('bc'))]);
  await expect(failing).rejects.toThrow('thrown');
  expect(await both).toEqual([
    { code: 1, stdout: 'a', stderr: 'A' },
    { code: 2, stdout: 'bc', stderr: 'BC' },
  ]);
});

it('hands out ports of which all neighbours are free', async () => {
  const first = await freePort([0, 1, 5]);
  expect(await freePort([0, 1, 5])).not.toBe(first);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(first, '127.0.0.1', resolve));
  expect(await isFree(first)).toBe(false);
  await new Promise((resolve) => server.close(resolve));
  expect(await isFree(first)).toBe(true);
});
