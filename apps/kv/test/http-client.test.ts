import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { getKey, putAll, putKey } from '../src/http-client/calls.ts';
import { HttpKvClient } from '../src/http-client/client.ts';
import { importRecords } from '../src/import/importer.ts';
import type { FileRecord } from '../src/import/record.ts';

type Answer = { readonly status: number; readonly body: unknown } | 'cut' | 'silence';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A node that answers as it is told, request by request; the last answer stays. */
async function node(
  ...answers: readonly [Answer, ...Answer[]]
): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const answer = answers[Math.min(bodies.length, answers.length - 1)] ?? 'cut';
      bodies.push(body);
      if (answer === 'cut') request.socket.destroy();
      else if (answer !== 'silence') {
        response.writeHead(answer.status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer.body));
      }
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, bodies };
}

/** An address where nobody listens. */
async function nobody(): Promise<string> {
  const { url } = await node('cut');
  const server = servers.pop();
  await new Promise((resolve) => server?.close(resolve));
  return url;
}

const ok = { status: 200, body: { revision: 7 } };
const failure = (status: number, code: string): Answer => ({
  status,
  body: { error: { code, message: 'told' } },
});
const bytes = Buffer.from('v');

describe('a write', () => {
  it('goes on to the next node where it was definitely not taken', async () => {
    const leaderless = await node(failure(503, 'UNAVAILABLE'));
    const good = await node(ok);
    const client = new HttpKvClient({ endpoints: [await nobody(), leaderless.url, good.url] });
    expect(await putKey(client, 'a', bytes)).toEqual({ revision: 7 });
    // The next call begins where this one ended.
    await putKey(client, 'b', bytes);
    expect([leaderless.bodies.length, good.bodies.length]).toEqual([1, 2]);
  });

  it.each([
    ['cut'],
    ['silence'],
    [failure(504, 'OUTCOME_UNKNOWN')],
    [{ status: 502, body: 'proxy' }],
  ] as const)('is not repeated when it may have happened: %j', async (answer) => {
    const first = await node(answer);
    const second = await node(ok);
    const client = new HttpKvClient({ endpoints: [first.url, second.url], attemptTimeoutMs: 200 });
    await expect(putKey(client, 'a', bytes)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(second.bodies).toEqual([]);
    // Unless doing it twice is the same as doing it once.
    const again = new HttpKvClient({ endpoints: [first.url, second.url], attemptTimeoutMs: 200 });
    await putAll(again, [{ key: 'a', value: bytes }], { repeatable: true });
    expect(second.bodies.length).toBe(1);
  });

  it('stays unknown when later attempts are refused in passing until the time is over', async () => {
    const cut = await node('cut', failure(503, 'UNAVAILABLE'));
    const client = new HttpKvClient({ endpoints: [cut.url], timeoutMs: 300 });
    const put = putAll(client, [{ key: 'a', value: bytes }], { repeatable: true });
    await expect(put).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  it('is not tried elsewhere when it is refused for good', async () => {
    const strict = await node(failure(413, 'TOO_LARGE'));
    const other = await node(ok);
    const client = new HttpKvClient({ endpoints: [strict.url, other.url] });
    await expect(putKey(client, 'a', bytes)).rejects.toMatchObject({
      code: 'TOO_LARGE',
      message: 'told',
    });
    expect(other.bodies).toEqual([]);
  });
});

describe('a read', () => {
  it('is tried again whatever happened to it', async () => {
    const cut = await node('cut');
    const silent = await node('silence');
    const late = await node(failure(504, 'TIMEOUT'), ok);
    const client = new HttpKvClient({
      endpoints: [cut.url, silent.url, late.url],
      attemptTimeoutMs: 200,
    });
    expect(Buffer.from(await getKey(client, 'a', {})).toString()).toBe('{"revision":7}');
  });

  it('ends with the last failure when the time is over', async () => {
    const client = new HttpKvClient({ endpoints: [await nobody()], timeoutMs: 200 });
    await expect(getKey(client, 'a', {})).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('whose last attempt only ran out of time ends with what was found out before', async () => {
    const first = await node(failure(503, 'UNAVAILABLE'), 'silence');
    const client = new HttpKvClient({ endpoints: [first.url], timeoutMs: 300 });
    await expect(getKey(client, 'a', {})).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(first.bodies.length).toBe(2);
  });

  it('knows a key that is not there, and keys that fit no URL', async () => {
    const client = new HttpKvClient({ endpoints: [(await node(failure(404, 'NOT_FOUND'))).url] });
    await expect(getKey(client, 'a', {})).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(getKey(client, '..', {})).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('an import', () => {
  const keysOf = (body: string): readonly string[] =>
    (JSON.parse(body) as { then: { key: string }[] }).then.map(({ key }) => key);
  const records = async function* (keys: readonly string[]): AsyncGenerator<FileRecord> {
    for (const [at, key] of keys.entries()) {
      await Promise.resolve();
      yield { key, value: Buffer.from(String(at)), line: at + 1 };
    }
  };

  it('sends many records together, and those of one key one after the other', async () => {
    const { url, bodies } = await node({ status: 200, body: {} });
    const client = new HttpKvClient({ endpoints: [url] });
    let acknowledged = 0;
    const keys = [...Array.from({ length: 300 }, (_, at) => `k${String(at)}`), 'k299', 'k299'];
    await importRecords(records(keys), {
      client,
      prefix: 'p/',
      onAcknowledged: (count) => {
        acknowledged += count;
      },
    });
    expect(acknowledged).toBe(302);
    expect(bodies.flatMap(keysOf)).toHaveLength(302);
    expect(bodies.every((body) => new Set(keysOf(body)).size === keysOf(body).length)).toBe(true);
    // The last line of the key wins: it was sent alone, and last.
    expect(bodies.at(-1)).toContain(`"value":"301"`);
    expect(bodies.length).toBeLessThan(8);
  });

  it('sends a transaction again whose outcome is unknown', async () => {
    const { url, bodies } = await node('cut', failure(504, 'OUTCOME_UNKNOWN'), {
      status: 200,
      body: {},
    });
    await importRecords(records(['a', 'b']), { client: new HttpKvClient({ endpoints: [url] }) });
    expect(bodies.map(keysOf)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('finds the record that makes the group refuse its transaction', async () => {
    const { url, bodies } = await node(
      failure(409, 'COMMAND_REJECTED'),
      { status: 200, body: {} },
      failure(409, 'COMMAND_REJECTED'),
    );
    const importing = importRecords(records(['a', 'b', 'c']), {
      client: new HttpKvClient({ endpoints: [url] }),
    });
    await expect(importing).rejects.toMatchObject({
      code: 'COMMAND_REJECTED',
      message: 'line 2: told',
    });
    expect(bodies.map(keysOf)).toEqual([['a', 'b', 'c'], ['a'], ['b']]);
  });

  it('brings in what stands before a bad line, and nothing after it', async () => {
    const { url, bodies } = await node({ status: 200, body: {} });
    const source = async function* (): AsyncGenerator<FileRecord> {
      yield* records(['a', 'b']);
      throw new Error('line 3 is bad');
    };
    const importing = importRecords(source(), { client: new HttpKvClient({ endpoints: [url] }) });
    await expect(importing).rejects.toThrow('line 3 is bad');
    expect(bodies.map(keysOf)).toEqual([['a', 'b']]);
  });
});
