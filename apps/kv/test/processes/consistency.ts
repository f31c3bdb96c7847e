/** What is written at one node is read at all of them, while nothing fails. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { stateHashes, statusOf } from '../harness.ts';
import { command } from '../command.ts';
import type { GroupOf } from './group.ts';

export function consistency(group: GroupOf): void {
  describe('of which nothing fails', () => {
    let endpoints: readonly string[] = [];
    beforeAll(() => {
      ({ endpoints } = group().demo);
    });

    it('serves on three nodes, at each of which the same is read', async () => {
      const { algorithm, data, port, demo } = group();
      expect(demo.nodes.map(({ node, http, client }) => [node, http, client])).toEqual(
        ['n1', 'n2', 'n3'].map((node, at) => [
          node,
          `http://127.0.0.1:${String(port + at + 1)}`,
          `127.0.0.1:${String(port + at + 101)}`,
        ]),
      );
      const [one = '', two = '', three = ''] = endpoints;
      const key = `${one}/v1/kv/greetings/from%20here/ä`;
      const put = await fetch(key, { method: 'PUT', body: 'hello' });
      expect(await put.json()).toEqual({ revision: 2 });
      const got = await fetch(key.replace(one, two));
      expect(got.headers.get('quorate-revision')).toBe('2');
      expect(await got.text()).toBe('hello');
      const head = await fetch(key, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length')]).toEqual([200, '5']);
      const read = await command(['get', 'greetings/from here/ä'], { endpoints: [three] });
      expect([read.code, read.stdout]).toEqual([0, 'hello']);
      expect((await stateHashes(endpoints)).size).toBe(1);
      const said = await Promise.all(endpoints.map(statusOf));
      expect(said.map((status) => status?.['algorithm'])).toEqual(endpoints.map(() => algorithm));

      // A second start of a node ends at its port, before it touches any data.
      const twice = await command(['serve', '--node', 'n1', '--data', data]);
      expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining('BUSY_PORT')]);
      // Only this user can read the data.
      expect(statSync(join(data, 'n1')).mode & 0o777).toBe(0o700);
      expect(statSync(join(data, 'n1', 'node.json')).mode & 0o777).toBe(0o600);
    }, 60_000);

    it('reads what was written last, at every node and under a lease too', async () => {
      for (let round = 0; round < 20; round++) {
        const at = endpoints[round % endpoints.length] ?? '';
        await fetch(`${at}/v1/kv/round`, { method: 'PUT', body: String(round) });
        for (const consistency of ['linearizable', 'lease']) {
          const answers = endpoints.map(async (node) => {
            const got = await fetch(`${node}/v1/kv/round?consistency=${consistency}`);
            return got.text();
          });
          expect(await Promise.all(answers)).toEqual(endpoints.map(() => String(round)));
        }
      }
    });
  });
}
