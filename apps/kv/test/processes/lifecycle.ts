/** How a demo ends, and how it goes on with its data. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { alive, eventually, finish, kill, temporaryFolder } from '@quorate/harness';
import { expect, it } from 'vitest';
import { DemoRun, freeDemoPort, program, quorate, statusOf } from '../harness.ts';
import { refusedFolders } from './foreign-data.ts';
import type { GroupOf } from './group.ts';

/** The ends of the shared demo; each is followed by another start. */
export function ending(group: GroupOf): void {
  it('ends with all of its nodes on Ctrl-C, those started by hand too', async () => {
    const { demo } = group();
    await quorate(['put', 'last/one', '1'], { endpoints: demo.endpoints });
    const pids = demo.nodes.map(({ pid }) => pid);
    const { code, stderr } = await demo.stop('SIGINT');
    expect([code, stderr, pids.filter(alive)]).toEqual([0, '', []]);
  }, 60_000);

  refusedFolders(group);

  it('takes its nodes along when it is killed', async () => {
    const { data, port } = group();
    const demo = await DemoRun.start(data, port);
    await quorate(['put', 'last/two', '2'], { endpoints: demo.endpoints });
    const pids = demo.nodes.map(({ pid }) => pid);
    demo.child.kill('SIGKILL');
    await eventually(() => (pids.some(alive) ? undefined : true));
  }, 60_000);

  it('goes on with its data after both, and tells people what runs where and how to try it', async () => {
    const { data, port } = group();
    // As in a terminal: a process group of its own, which Ctrl-C reaches as a whole.
    const words = [program, 'demo', '--data', data, '--port', String(port)];
    const child = spawn(process.execPath, words, { detached: true, stdio: 'pipe' });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const ended = finish(child);
    await eventually(() => (text.includes('Ctrl-C stops all three') ? true : undefined));
    expect(text).toContain(`with the data in ${data}`);
    expect(text).toContain(
      `http://127.0.0.1:${String(port + 1)}  clients 127.0.0.1:${String(port + 101)}`,
    );
    expect(text).toMatch(/n[123] {2}leader/);
    expect(text).toContain('curl -X PUT');
    expect(text).toContain('serve --node');
    const endpoints = [1, 2, 3].map((at) => `http://127.0.0.1:${String(port + at)}`);
    expect((await statusOf(endpoints[0] ?? ''))?.['algorithm']).toBe(group().algorithm);
    const kept = await quorate(['range', 'last/', '--json'], { endpoints });
    expect(kept.stdout).toBe('{"key":"last/one","value":"1"}\n{"key":"last/two","value":"2"}\n');

    process.kill(-(child.pid ?? 0), 'SIGINT');
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([0, '']);
    expect(text.trimEnd().split('\n').at(-1)).toMatch(/^Stopping: /);
  }, 60_000);
}

/** A demo of its own: it keeps nothing. */
export function memoryOnly(algorithm: string): void {
  it('is a new group at every start on memory storage', async () => {
    const data = await temporaryFolder();
    const port = await freeDemoPort();
    const words = ['--storage', 'memory', '--algorithm', algorithm];
    const first = await DemoRun.start(data, port, words);
    await quorate(['put', 'a', '1'], { endpoints: first.endpoints });
    kill(first.nodes[0]?.pid ?? 0);
    // It would have forgotten its votes: it must not come back under its name.
    const back = await quorate(['serve', '--node', 'n1', '--data', data, '--json']);
    expect([back.code, back.stderr]).toEqual([1, expect.stringContaining('STATE_LOST')]);
    await first.stop();
    const second = await DemoRun.start(data, port, ['--storage', 'memory']);
    expect((await statusOf(second.endpoints[0] ?? ''))?.['algorithm']).toBe(algorithm);
    expect((await quorate(['get', 'a'], { endpoints: second.endpoints })).code).toBe(3);
    expect(existsSync(`${data}/n1/log`)).toBe(false);
    await second.stop('SIGTERM');
  }, 60_000);
}
