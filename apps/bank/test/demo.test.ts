/** A demo as real processes, on each algorithm; then commands by hand against the nodes that it leaves running. */
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import {
  alive,
  cleanUp,
  eventually,
  finish,
  type JsonLine,
  temporaryFolder,
} from '@quorate/harness';
import { algorithmNames } from '@quorate/program';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandsByHand } from './commands-by-hand.ts';
import { build, DemoRun, freeDemoPort, start } from './harness.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const payments = 200;
/** Every algorithm, in turn on another storage and ended in another way; the first takes commands as well. */
const demos = algorithmNames.map((algorithm, at) => ({
  algorithm,
  storage: at % 2 === 0 ? 'file' : 'level',
  signal: at % 2 === 0 ? ('SIGINT' as const) : ('SIGKILL' as const),
  byHand: at === 0,
}));

beforeAll(build, 180_000);
afterAll(cleanUp);

describe.each(demos)(
  'a demo on $algorithm, storage $storage',
  ({ algorithm, storage, signal, byHand }) => {
    let demo: DemoRun;
    beforeAll(async () => {
      const parts = ['--algorithm', algorithm, '--storage', storage];
      demo = await DemoRun.start([...parts, '--payments', String(payments)]);
    }, 60_000);

    it('loses its leader in the middle, and finds that everything holds', () => {
      const [killed] = demo.all('killed');
      const [resumed] = demo.all('resumed');
      const [restarted] = demo.all('restarted');
      expect(killed?.['done']).toBeGreaterThanOrEqual(payments / 3);
      expect(killed?.['done']).toBeLessThan(payments);
      expect(resumed?.['leader']).not.toBe(killed?.['node']);
      expect(restarted?.['node']).toBe(killed?.['node']);
      expect(restarted?.['pid']).not.toBe(killed?.['pid']);
      expect(demo.all('paid')).toEqual([expect.objectContaining({ payments })]);
      expect(demo.all('paid')[0]?.['refused']).toBeLessThan(payments / 2);
      expect(demo.all('finding').map((each) => [each['name'], each['holds']])).toEqual([
        ['every acknowledged operation is there once, and nothing else', true],
        ['debits equal credits in every currency', true],
        ['balances are what was acknowledged makes of them', true],
        ['all nodes have the same head', true],
        ['the export is sound, and leads to the published head', true],
      ]);
      for (const { name } of demo.all('finding'))
        expect(readme).toContain(`    yes  ${String(name)}`);
      expect(demo.all('report')).toEqual([{ event: 'report', holds: true }]);
    });

    if (byHand) commandsByHand(() => demo);

    it(`leaves no process behind when ${signal} ends it`, async () => {
      const { code, stderr } = await demo.end(signal);
      expect([code, stderr]).toEqual([signal === 'SIGKILL' ? null : 0, '']);
      const pids = [...demo.all('serving'), ...demo.all('restarted')].map(({ pid }) => Number(pid));
      // Nodes whose demo is killed notice by themselves.
      if (signal === 'SIGKILL') await eventually(() => (pids.some(alive) ? undefined : true));
      expect(pids.filter(alive)).toEqual([]);
      if (signal === 'SIGINT') expect(await readdir(demo.temporary)).toEqual([]);
    });
  },
);

it('says which flag chooses other ports when one is busy, and clears away', async () => {
  const port = await freeDemoPort();
  const temporary = await temporaryFolder();
  const busy = createServer().listen(port + 12, '127.0.0.1');
  const demo = await finish(start(['demo', '--port', String(port)], temporary));
  expect([demo.code, demo.stderr]).toEqual([
    1,
    expect.stringMatching(new RegExp(`BUSY_PORT: port ${String(port + 12)} .*--port`)),
  ]);
  expect(await readdir(temporary)).toEqual([]);
  busy.close();
});

it('serves as one node it is told to end', async () => {
  const port = await freeDemoPort();
  const child = start([
    ...['serve', '--json', '--node', 'n1', '--data', await temporaryFolder()],
    ...['--members', `n1=127.0.0.1:${String(port + 11)}`],
    ...['--client', `127.0.0.1:${String(port + 1)}`],
  ]);
  const ended = finish(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, '']);
  const { client, pid } = JSON.parse(stdout) as JsonLine;
  expect([client, pid]).toEqual([`127.0.0.1:${String(port + 1)}`, child.pid]);
});

it('is ended by Ctrl-C at any time, and clears away', async () => {
  const temporary = await temporaryFolder();
  const words = ['demo', '--port', String(await freeDemoPort()), '--payments', '100000'];
  const child = start(words, temporary);
  const ended = finish(child);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  child.kill('SIGINT');
  expect(await ended).toMatchObject({
    code: 130,
    stderr: 'quorate-bank: ABORTED: ended before the audit; run it again\n',
  });
  expect(await readdir(temporary)).toEqual([]);
});
