import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { postJson } from '../src/http-client/calls.ts';
import { HttpKvClient } from '../src/http-client/client.ts';

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
const post = (client: HttpKvClient, repeatable: boolean = false): Promise<unknown> =>
  postJson(client, '/v1/transfer', {}, { repeatable });
const get = async (client: HttpKvClient): Promise<string> => {
  const { body } = await client.send({ method: 'GET', path: '/v1/status' }, { repeatable: true });
  return Buffer.from(body).toString();
};

describe('a write', () => {
  it('goes on to the next node where it was definitely not taken', async () => {
    const leaderless = await node(failure(503, 'UNAVAILABLE'));
    const good = await node(ok);
    const client = new HttpKvClient({ endpoints: [await nobody(), leaderless.url, good.url] });
    expect(await post(client)).toEqual({ revision: 7 });
    // The next call begins where this one ended.
    await post(client);
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
    await expect(post(client)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(second.bodies).toEqual([]);
    // Unless doing it twice is the same as doing it once.
    const again = new HttpKvClient({ endpoints: [first.url, second.url], attemptTimeoutMs: 200 });
    await post(again, true);
    expect(second.bodies.length).toBe(1);
  });

  it('stays unknown when later attempts are refused in passing until the time is over', async () => {
    const cut = await node('cut', failure(503, 'UNAVAILABLE'));
    const client = new HttpKvClient({ endpoints: [cut.url], timeoutMs: 300 });
    await expect(post(client, true)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });

  it('is not tried elsewhere when it is refused for good', async () => {
    const strict = await node(failure(413, 'TOO_LARGE'));
    const other = await node(ok);
    const client = new HttpKvClient({ endpoints: [strict.url, other.url] });
    await expect(post(client)).rejects.toMatchObject({
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
    expect(await get(client)).toBe('{"revision":7}');
  });

  it('ends with the last failure when the time is over', async () => {
    const client = new HttpKvClient({ endpoints: [await nobody()], timeoutMs: 200 });
    await expect(get(client)).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('ECONNREFUSED') as string,
    });
  });

  it('whose last attempt only ran out of time ends with what was found out before', async () => {
    const first = await node(failure(503, 'UNAVAILABLE'), 'silence');
    const client = new HttpKvClient({ endpoints: [first.url], timeoutMs: 300 });
    await expect(get(client)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(first.bodies.length).toBe(2);
  });

  it('is told what a node refuses, with its code', async () => {
    const client = new HttpKvClient({ endpoints: [(await node(failure(404, 'NOT_FOUND'))).url] });
    await expect(get(client)).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'told' });
  });
});
