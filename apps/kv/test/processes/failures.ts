/** What happens when the leader is killed. */
import { performance } from 'node:perf_hooks';
import { kill } from '@quorate/harness';
import { describe, expect, it } from 'vitest';
import { type DemoRun, stateHashes } from '../harness.ts';
import { command } from '../command.ts';
import type { GroupOf } from './group.ts';

/** An election time-out and an election at default settings fit in several times. */
const longestPutMs = 2_000;
const putsBefore = 50;
const putsAfter = 100;

interface Put {
  readonly key: string;
  readonly status: number;
  readonly tookMs: number;
}

export function failures(group: GroupOf): void {
  describe('whose leader is killed with kill -9', () => {
    it('lets its clients wait for less than 2 s, fails no put, loses none, and takes the node back', async () => {
      const { demo } = group();
      const { puts, killed } = await putThroughAFailure(demo);
      expect(puts.filter(({ status }) => status !== 200)).toEqual([]);
      const longest = Math.max(...puts.map(({ tookMs }) => tookMs));
      expect(longest, `longest put: ${longest.toFixed(0)} ms`).toBeLessThan(longestPutMs);

      const gone = await demo.line(({ gone, pid }) => gone === killed.node && pid === killed.pid);
      expect(gone['restart']).toBe(killed.restart);
      await demo.heal();
      expect((await stateHashes(demo.endpoints)).size).toBe(1);
      const { stdout } = await command(['export', '--prefix', 'outage/'], {
        endpoints: [killed.http],
      });
      const kept = stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown);
      expect(kept).toEqual(puts.map(({ key }) => ({ key, value: `value of ${key}` })));
    }, 60_000);
  });
}

/**
 * One put after the other at a follower, by a client that has no time-outs and repeats nothing; in
 * the middle the leader is killed.
 */
async function putThroughAFailure(
  demo: DemoRun,
): Promise<{ readonly puts: readonly Put[]; readonly killed: DemoRun['nodes'][number] }> {
  const killed = await demo.leader();
  const follower = demo.nodes.find(({ node }) => node !== killed.node)?.http ?? '';
  const puts: Put[] = [];
  for (let at = 0; at < putsBefore + putsAfter; at++) {
    const key = String(at).padStart(4, '0');
    const startedAt = performance.now();
    const put = fetch(`${follower}/v1/kv/outage/${key}`, {
      method: 'PUT',
      body: `value of ${key}`,
    });
    // While a put is under way, as it will be in practice.
    if (at === putsBefore) kill(killed.pid);
    const { status } = await put;
    puts.push({ key, status, tookMs: performance.now() - startedAt });
  }
  return { puts, killed };
}
