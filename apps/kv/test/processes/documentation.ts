/** What the README tells people to type works as it stands there. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { shell } from '../harness.ts';
import type { GroupOf } from './group.ts';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

export function documentation(group: GroupOf): void {
  describe('by its README', () => {
    /** A line of the README that starts like this, for the ports of this demo. */
    const line = (start: string): string => {
      const found = readme.split('\n').find((text) => text.startsWith(start));
      if (found === undefined) throw new Error(`the README has no line ${start}…`);
      const { port } = group();
      return found.replaceAll(/\b7([45])(\d\d)\b/g, (_port, hundreds: string, last: string) =>
        String(port + 100 * (Number(hundreds) - 4) + Number(last)),
      );
    };

    it('takes a put at one node, gives it back at another, and shows all nodes', async () => {
      const { endpoints } = group().demo;
      const script = [
        line('curl -X PUT'),
        line('curl http'),
        'echo',
        line('quorate-kv status'),
        line('quorate-kv import --dpkg').replace('/var/lib/dpkg/status', fixture),
      ];
      const { code, stdout, stderr } = await shell(script.join('\n'), { endpoints });
      const [put = '', got, ...table] = stdout.trimEnd().split('\n');
      expect([code, JSON.parse(put), got], stderr).toEqual([
        0,
        { revision: expect.any(Number) as number },
        'hello',
      ]);
      expect(table).toHaveLength(1 + endpoints.length);
      expect(table.filter((row) => / leader /.test(row))).toHaveLength(1);
      expect(stderr).toContain('done: 5 records');
    }, 30_000);

    it('runs the transaction that stands there', async () => {
      const body = /```json\n(\{\n {2}"compare".*?)```/s.exec(readme)?.[1] ?? '';
      const [one = ''] = group().demo.endpoints;
      const run = async (): Promise<unknown> =>
        (await fetch(`${one}/v1/txn`, { method: 'POST', body })).json();
      expect(await run()).toMatchObject({ succeeded: true, results: [{ type: 'put' }] });
      expect(await run()).toMatchObject({
        succeeded: false,
        results: [{ type: 'get', pair: { key: 'lock', value: 'mine' } }],
      });
    });
  });
}

const fixture = new URL('../fixtures/status', import.meta.url).pathname;
