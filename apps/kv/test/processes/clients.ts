/** What clients get: the commands, and programs with `@quorate/client`, while nothing fails and when the leader dies. */
import { createInterface } from 'node:readline';
import { eventually, finish, kill } from '@quorate/harness';
import { expectType, kv } from '@quorate/machine-kv';
import { describe, expect, it } from 'vitest';
import { connectKv, type KvClient, type KvClientOptions } from '../../src/client/connect.ts';
import { start, stateHashes, statusOf } from '../harness.ts';
import { command } from '../command.ts';
import type { GroupOf } from './group.ts';

/** Puts of one client, the leader being killed in the middle. */
const puts = 2_000;
/** Each key is put so often, that a put which happens twice, or not at all, shows in its version. */
const keys = 100;
/** Many of them at the same time. */
const underWay = 50;

interface PrintedEvent {
  readonly type: string;
  readonly revision: number;
  readonly key: string;
  readonly value?: string;
}

interface RunningWatch {
  readonly events: readonly PrintedEvent[];
  /** What it says on stderr. */
  readonly said: () => string;
  /** Ends it as Ctrl-C does, and gives its exit code. */
  end(): Promise<number | null>;
}

export function clients(group: GroupOf): void {
  describe('for its clients', () => {
    /** Starts the command, and waits until it watches. */
    const watch = async (words: readonly string[]): Promise<RunningWatch> => {
      const child = start(['watch', '--json', ...words], group().demo.endpoints);
      const events: PrintedEvent[] = [];
      let said = '';
      if (child.stdout === null) throw new Error('no stdout');
      createInterface({ input: child.stdout }).on('line', (line) => {
        events.push(JSON.parse(line) as PrintedEvent);
      });
      child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
      const ended = finish(child);
      await eventually(() => (said.includes('watching') ? true : undefined));
      return {
        events,
        said: () => said,
        end: async () => {
          child.kill('SIGINT');
          return (await ended).code;
        },
      };
    };

    const connect = (cluster: string, options: Partial<KvClientOptions> = {}): KvClient =>
      connectKv({
        ...options,
        endpoints: group().demo.nodes.map(({ client }) => client),
        timeoutMs: 30_000,
        cluster,
      });

    const clusterOf = async (): Promise<string> =>
      String((await statusOf(group().demo.endpoints[0] ?? ''))?.['cluster']);

    const run = async (...words: readonly string[]): Promise<unknown> => {
      const { code, stdout, stderr } = await command(words, { endpoints: group().demo.endpoints });
      expect([code, stderr], words.join(' ')).toEqual([0, '']);
      return stdout.trimEnd();
    };

    it('has commands that put, read, delete and watch, and leases', async () => {
      const { endpoints } = group().demo;
      const { revision } = JSON.parse(String(await run('put', 'c/a', '1', '--json'))) as {
        revision: number;
      };
      const watching = await watch(['--prefix', 'c/', '--from', String(revision)]);
      await run('put', 'c/.', 'two\nlines');
      const lease = /^lease (\d+)$/.exec(String(await run('lease', 'grant', '60000')))?.[1] ?? '';
      await run('put', 'c/b', '3', '--lease', lease);
      const past = ['--revision', String(revision + 2)];
      const reads = await Promise.all([
        run('get', 'c/.'),
        run('lease', 'keep-alive', lease),
        run('lease'),
        run('range', 'c/', '--after', 'c/.', '--keys-only', ...past),
      ]);
      expect(reads).toEqual(['two\nlines', '60000 ms', expect.stringContaining(lease), 'c/a\nc/b']);
      expect(await run('lease', 'revoke', lease)).toBe('deleted 1');
      expect(await run('delete', 'c/a')).toMatch(/^deleted 1 /);
      const seen = await eventually(() =>
        watching.events.length >= 5 ? watching.events : undefined,
      );
      expect(seen.map(({ type, key, value }) => [type, key, value])).toEqual([
        ['put', 'c/a', '1'],
        ['put', 'c/.', 'two\nlines'],
        ['put', 'c/b', '3'],
        ['delete', 'c/b', undefined],
        ['delete', 'c/a', undefined],
      ]);
      expect(seen.map((event) => event.revision - revision)).toEqual([0, 1, 2, 3, 4]);
      expect(await watching.end()).toBe(0);

      // What has been forgotten cannot be watched from there on.
      const body = JSON.stringify({ revision: revision + 3 });
      const compacted = await fetch(`${endpoints[0] ?? ''}/v1/compact`, { method: 'POST', body });
      expect(compacted.status).toBe(200);
      const refusals = await Promise.all(
        [
          ['get', 'c/a'],
          ['lease', 'keep-alive', lease],
          ['put', 'c/a', '1', '--lease', lease],
          ['watch', 'c/a', '--from', String(revision)],
        ].map(async (words) => {
          const { code, stderr } = await command(words, { endpoints });
          return [code, /^quorate-kv: (\w+): /m.exec(stderr)?.[1]];
        }),
      );
      expect(refusals).toEqual([
        [3, 'NOT_FOUND'],
        [3, 'NOT_FOUND'],
        [1, 'COMMAND_REJECTED'],
        [1, 'COMPACTED'],
      ]);
    }, 90_000);

    it('refuses those that look for another cluster', async () => {
      const refusals: string[] = [];
      const onRefused = ({ code }: { readonly code: string }): void => void refusals.push(code);
      const client = connect('elsewhere', { onRefused });
      try {
        await eventually(() => (refusals.length > 0 ? true : undefined));
        expect([refusals[0], client.status.node]).toEqual(['OTHER_CLUSTER', undefined]);
        expect(client.status.trouble).toMatch(/different clusters/);
      } finally {
        await client.close();
      }
      const { endpoints } = group().demo;
      const words = ['get', 'c/a', '--cluster', 'elsewhere', '--timeout', '20000'];
      const refused = await command(words, { endpoints });
      expect([refused.code, refused.stderr]).toEqual([
        1,
        expect.stringMatching(/OTHER_CLUSTER: .*different clusters/),
      ]);
    }, 30_000);

    it('loses nothing and does nothing twice when the leader is killed, and goes on watching', async () => {
      const { demo } = group();
      const client = connect(await clusterOf());
      const watching = await watch(['--prefix', 'load/']);
      try {
        const leader = await demo.leader();
        const revisions: number[] = [];
        let next = 0;
        let done = 0;
        const putOnAndOn = async (): Promise<void> => {
          while (next < puts) {
            const at = next++;
            const put = kv.put(`load/${String(at % keys)}`, String(at));
            revisions[at] = expectType(await client.execute(put), 'put').revision;
            done += 1;
            if (done === puts / 2) kill(leader.pid);
          }
        };
        await Promise.all(Array.from({ length: underWay }, putOnAndOn));
        // In the order in which they were asked for, and each once.
        expect(revisions).toEqual([...new Set(revisions)].sort((left, right) => left - right));
        const answer = await client.query(kv.range({ prefix: 'load/' }));
        const { pairs } = expectType(answer, 'range');
        expect(new Set(pairs.map(({ version }) => version))).toEqual(new Set([puts / keys]));
        expect(pairs).toHaveLength(keys);

        const { events } = watching;
        await eventually(() => (events.length >= puts ? true : undefined));
        expect(events.map(({ revision }) => revision)).toEqual(revisions);
        expect(events.map(({ value }) => value)).toEqual(revisions.map((_, at) => String(at)));
        expect(watching.said()).toMatch(/^lost n\d/m);
        expect(await watching.end()).toBe(0);
      } finally {
        await client.close();
      }
      await demo.heal();
      expect((await stateHashes(demo.endpoints)).size).toBe(1);
    }, 60_000);
  });
}
