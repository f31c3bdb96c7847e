import { connect, type Socket } from 'node:net';
import { silentLogger } from '@quorate/core';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultHttpLimits, type HttpLimits } from '../src/http/limits.ts';
import { jsonReply } from '../src/http/reply.ts';
import { type Handler, HttpServer } from '../src/http/server.ts';
import { freeDemoPort } from './harness.ts';
import { openAccess } from './access.ts';

const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(0)));
});

async function serve(
  limits: Partial<HttpLimits>,
  handler?: Handler,
): Promise<{ url: string; port: number; server: HttpServer }> {
  const port = (await freeDemoPort()) + 1;
  const echo: Handler = async (request) => jsonReply({ bytes: (await request.body(1_000)).length });
  const server = new HttpServer({
    address: { host: '127.0.0.1', port },
    limits: { ...defaultHttpLimits, lingerMs: 200, ...limits },
    access: openAccess,
    handler: handler ?? echo,
    logger: silentLogger,
  });
  servers.push(server);
  await server.listen();
  return { url: `http://127.0.0.1:${String(port)}`, port, server };
}

/** Sends bytes as they are, and gives everything that comes back until the connection ends. */
function raw(port: number, ...parts: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(text);
    });
    for (const part of parts) socket.write(part);
  });
}

describe('a body over its limit', () => {
  it('is refused by its announced length, before a byte is read', async () => {
    const { port } = await serve({});
    const text = await raw(
      port,
      'PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 [^]*connection: close[^]*"TOO_LARGE"/);
  });

  it('is refused while it streams, and the client still reads why', async () => {
    const { url } = await serve({});
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      for (let part = 0; part < 50; part++) {
        await Promise.resolve();
        yield Buffer.alloc(10_000);
      }
    };
    const init = { method: 'PUT', body: chunks(), duplex: 'half' } as unknown as RequestInit;
    const answer = await fetch(url, init);
    expect([answer.status, await answer.json()]).toMatchObject([
      413,
      { error: { code: 'TOO_LARGE' } },
    ]);
  });

  it('is not asked for from a client that waits for permission', async () => {
    const { port } = await serve({});
    const text = await raw(
      port,
      'PUT / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 2000\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    const small =
      'PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
    expect(await raw(port, small, 'ab')).toMatch(
      /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 [^]*\{"bytes":2\}/,
    );
  });
});

describe('too much at once', () => {
  it('is told OVERLOADED: requests', async () => {
    const waiting: (() => void)[] = [];
    const { url } = await serve({ maxRequests: 2 }, async () => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      return jsonReply({});
    });
    const first = [fetch(url), fetch(url)];
    await expect.poll(() => waiting.length).toBe(2);
    const third = await fetch(url);
    expect([third.status, await third.json()]).toMatchObject([
      503,
      { error: { code: 'OVERLOADED' } },
    ]);
    for (const finish of waiting) finish();
    expect((await Promise.all(first)).map(({ status }) => status)).toEqual([200, 200]);
  });

  it('is told OVERLOADED: bytes of bodies', async () => {
    const { url } = await serve({ maxBodyBytesHeld: 100 });
    const put = async (bytes: number): Promise<number> =>
      (await fetch(url, { method: 'PUT', body: Buffer.alloc(bytes) })).status;
    expect([await put(100), await put(101), await put(100)]).toEqual([200, 503, 200]);
  });
});

describe('a client that is slow or speaks something else', () => {
  it('is told so and let go', async () => {
    const { port } = await serve({
      headersTimeoutMs: 300,
      requestTimeoutMs: 600,
      maxHeaderBytes: 2_000,
    });
    const slow = raw(port, 'GET / HTTP/1.1\r\nHost:');
    const slowBody = raw(port, 'PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nab');
    expect(await raw(port, 'hello\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 [^]*"MALFORMED"/);
    expect(await raw(port, `GET / HTTP/1.1\r\nX: ${'x'.repeat(3_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 [^]*"TOO_LARGE"/,
    );
    expect(await slow).toMatch(/^HTTP\/1\.1 408 [^]*"TIMEOUT"/);
    expect(await slowBody).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('without a Host field is told so', async () => {
    const { port } = await serve({});
    expect(await raw(port, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 400 [^]*"MALFORMED"/,
    );
    expect(await raw(port, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('expects what nobody has heard of is served all the same', async () => {
    const { port } = await serve({});
    const request =
      'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: luck\r\n\r\n';
    expect(await raw(port, request)).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('a web page', () => {
  const ask = (port: number, host: string, origin?: string): Promise<string> => {
    const from = origin === undefined ? '' : `Origin: ${origin}\r\n`;
    return raw(port, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${from}\r\n`);
  };

  it('of another origin is refused', async () => {
    const { port } = await serve({});
    for (const origin of ['http://evil', 'null', 'https://localhost:1']) {
      expect(await ask(port, 'localhost:1', origin)).toMatch(/^HTTP\/1\.1 403 [^]*"FORBIDDEN"/);
    }
    expect(await ask(port, 'localhost:1', 'http://localhost:1')).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('whose name was made to point at loopback is refused', async () => {
    const { port } = await serve({});
    for (const host of [
      'evil.example',
      'evil.example:7401',
      'localhost.evil.example',
      '127.1.evil',
    ]) {
      expect(await ask(port, host, `http://${host}`)).toMatch(/^HTTP\/1\.1 403 [^]*"FORBIDDEN"/);
      expect(await ask(port, host)).toMatch(/^HTTP\/1\.1 403 /);
    }
    for (const host of ['127.0.0.1:7401', '[::1]:7401', '[::1]', 'localhost', 'kv.localhost:1']) {
      expect(await ask(port, host)).toMatch(/^HTTP\/1\.1 200 /);
    }
  });
});

describe('a client that does not read its answer', () => {
  const large = 8 * 1024 * 1024;
  const answerOf = (size: number): Handler => {
    return () => Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(size) });
  };
  /** Asks, and never reads: the answer stays with the server. */
  const ask = (port: number): Socket => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.pause();
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    return socket;
  };

  it('takes no more memory than the budget; small answers and others go on', async () => {
    let size = large;
    const { url, port, server } = await serve({ maxReplyBytesHeld: 2 * large }, (request) =>
      answerOf(size)(request),
    );
    const sockets = [ask(port), ask(port)];
    await expect.poll(() => server.load['reply_bytes_held']).toBe(2 * large);
    const refused = await fetch(url);
    expect([refused.status, await refused.json()]).toMatchObject([
      503,
      { error: { code: 'OVERLOADED' } },
    ]);
    // A write has happened: nobody is told that it has not.
    const write = await fetch(url, { method: 'POST' });
    expect([write.status, await write.json()]).toMatchObject([
      504,
      { error: { code: 'OUTCOME_UNKNOWN' } },
    ]);
    size = 100;
    expect((await fetch(url)).status).toBe(200);
    for (const socket of sockets) socket.destroy();
    await expect.poll(() => server.load['reply_bytes_held']).toBe(0);
    size = large;
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(large);
  });

  it('is cut off after a while', async () => {
    const { port, server } = await serve({ replyTimeoutMs: 100 }, answerOf(large));
    const socket = ask(port);
    await expect.poll(() => server.load['reply_bytes_held']).toBe(large);
    await expect
      .poll(() => server.load)
      .toEqual({
        requests_under_way: 0,
        request_bytes_held: 0,
        reply_bytes_held: 0,
      });
    socket.destroy();
  });
});

describe('the target of a request', () => {
  const show: Handler = ({ rawPath, query }) =>
    Promise.resolve(jsonReply({ rawPath, query: [...query] }));

  it('may name the server too, as for a proxy', async () => {
    const { port } = await serve({}, show);
    const text = await raw(
      port,
      'GET http://localhost:1/a/b?c=%C3%A4+d HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
    );
    expect(text).toContain('{"rawPath":"/a/b","query":[["c","ä d"]]}');
  });

  it.each(['%ff', '%', 'a=%zz'])('with the query %s is refused', async (query) => {
    const { url } = await serve({}, show);
    const answer = await fetch(`${url}/?${query}`);
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { error: { code: 'MALFORMED' } },
    ]);
  });
});

describe('the end of a server', () => {
  it('lets requests under way finish, and takes no others', async () => {
    let finish: (() => void) | undefined;
    const { url, server } = await serve({}, async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return jsonReply({ done: true });
    });
    const answer = fetch(url);
    await expect.poll(() => finish).toBeDefined();
    const closing = server.close(10_000);
    await expect(fetch(url)).rejects.toThrow();
    finish?.();
    expect(await (await answer).json()).toEqual({ done: true });
    await closing;
  });

  it('does not wait for a request longer than its grace', async () => {
    const { url, server } = await serve({}, () => new Promise(() => undefined));
    const answer = fetch(url).catch(() => 'cut');
    await expect.poll(() => server.load['requests_under_way']).toBe(1);
    await server.close(50);
    expect(await answer).toBe('cut');
  });

  it('tells a handler when its client goes away', async () => {
    const { port } = await serve({}, async ({ signal }) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve, { once: true });
      });
      gone = true;
      return jsonReply({});
    });
    let gone = false;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', () => socket.destroy());
    await expect.poll(() => gone).toBe(true);
  });
});
