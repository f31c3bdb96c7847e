/** Clients that put values remember what they were told, and notice when it was not true. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../src/service/eventually.ts';
import { Load } from '../src/service/load.ts';

let server: Server;
let url = '';
/** What the service holds. */
let values: Map<string, string>;
/** What becomes of the so-manieth put. */
let onPut: (count: number) => 'done' | 'not done' | 'unknown' | 'done, silently';

beforeEach(async () => {
  values = new Map();
  onPut = () => 'done';
  let puts = 0;
  server = createServer((request, response) => {
    const key = new URL(request.url ?? '', url).pathname;
    if (request.method === 'GET') {
      const value = values.get(key);
      response.writeHead(value === undefined ? 404 : 200).end(value ?? '');
      return;
    }
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const fate = onPut(++puts);
      if (fate.startsWith('done')) values.set(key, body);
      if (fate === 'unknown') response.destroy();
      else if (fate === 'done, silently') response.writeHead(504).end();
      else response.writeHead(fate === 'done' ? 200 : 503).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function putSome(count: number): Promise<Load> {
  const load = new Load({ endpoints: [url], prefix: 'test', clients: 3, valueBytes: 200 });
  await eventually('values are acknowledged', 10_000, async () => load.acknowledged >= count);
  await load.end();
  return load;
}

describe('load', () => {
  it('finds everything that it was told', async () => {
    const load = await putSome(100);
    expect(await load.verify(url, 'linearizable')).toEqual([]);
    expect([...values.values()].every(({ length }) => length === 200)).toBe(true);
  });

  it('takes either outcome of what it was not told', async () => {
    onPut = (count) =>
      count % 7 === 0
        ? 'unknown'
        : count % 11 === 0
          ? 'done, silently'
          : count % 5 === 0
            ? 'not done'
            : 'done';
    const load = await putSome(30);
    expect(await load.verify(url, 'local')).toEqual([]);
  });

  it('notices a value that is gone, an older one and a damaged one', async () => {
    const load = await putSome(60);
    const [[gone = ''] = [], [older = ''] = [], [damaged = '', value = ''] = []] = values;
    values.delete(gone);
    values.set(older, '1 '.padEnd(200, '1.'));
    values.set(damaged, value.replace(/.$/, 'x'));
    const wrong = await load.verify(url, 'linearizable');
    expect(wrong).toHaveLength(3);
    expect(wrong.join()).toMatch(
      / is 0, not \d+ to \d+.* is 1, not \d+ to \d+.* is not what was put/,
    );
  });
});
