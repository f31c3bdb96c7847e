/** HTTPS, tokens, and which names and pages are let in: one server in this process, and clients of every kind. */
import { renameSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { type Authority, makeAuthority, type Pair } from '@quorate/certificates';
import type { TlsOptions } from '@quorate/connections/node';
import { silentLogger } from '@quorate/core';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { HttpKvClient, type HttpKvClientOptions } from '../src/http-client/client.ts';
import { defaultHttpLimits } from '../src/http/limits.ts';
import { jsonReply } from '../src/http/reply.ts';
import { type HttpAccess, HttpServer } from '../src/http/server.ts';
import { openAccess } from './access.ts';
import { freeDemoPort } from './harness.ts';

const uri = 'quorate://test/member/n1';
const limits = { ...defaultHttpLimits, lingerMs: 100, headersTimeoutMs: 300 };
let authority: Authority;
let member: Pair;
let tls: TlsOptions;

beforeAll(async () => {
  authority = await makeAuthority();
  member = await authority.issue({ uris: [uri], addresses: ['127.0.0.1'], hosts: ['localhost'] });
  tls = { ca: authority.ca, ...member };
});

let server: HttpServer | undefined;
afterEach(async () => {
  await server?.close(0);
  server = undefined;
});
afterAll(cleanUp);

/** Serves, and gives the port. */
async function serve(access: Partial<HttpAccess>): Promise<number> {
  const port = (await freeDemoPort()) + 1;
  server = new HttpServer({
    address: { host: '127.0.0.1', port },
    limits,
    access: { ...openAccess, ...access },
    handler: async ({ rawPath, body }) => jsonReply({ rawPath, bytes: (await body(9_999)).length }),
    logger: silentLogger,
  });
  await server.listen();
  return port;
}

/** Asks as the commands do: the status, or the code of the refusal. */
async function told(
  endpoint: string,
  options: Partial<HttpKvClientOptions>,
  path: string = '/v1/status',
): Promise<number | string> {
  const client = new HttpKvClient({ endpoints: [endpoint], timeoutMs: 5_000, ...options });
  return client.send({ method: 'PUT', path, body: 'abc' }, { repeatable: false }).then(
    ({ status }) => status,
    (error: unknown) => (error as { readonly code: string }).code,
  );
}

/** Sends a request as it is, and gives all that comes back. */
function raw(port: number, text: string | Uint8Array, secure: boolean = true): Promise<string> {
  return new Promise((resolve) => {
    const socket = secure
      ? connectTls({ port, host: '127.0.0.1', ca: authority.ca })
      : connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('error', () => undefined);
    socket.once('close', () => {
      resolve(answer);
    });
    socket.write(text);
  });
}

const request = (path: string, ...fields: readonly string[]): string =>
  ['GET', 'OPTIONS'].some((method) => path.startsWith(method))
    ? `${path} HTTP/1.1\r\n${['Connection: close', ...fields].join('\r\n')}\r\n\r\n`
    : request(`GET ${path}`, ...fields);

describe('a server of HTTPS', () => {
  it('answers those that trust its authority and ask for a name that it has', async () => {
    const port = await serve({ tls });
    const at = (host: string): string => `https://${host}:${String(port)}`;
    expect(await told(at('127.0.0.1'), { tls: { ca: authority.ca } })).toBe(200);
    expect(await told(at('localhost'), { tls: { ca: authority.ca } })).toBe(200);
    const { ca } = await makeAuthority();
    expect(await told(at('127.0.0.1'), { tls: { ca } })).toBe('CERTIFICATE_UNTRUSTED');
  });

  it('that has a certificate for another host is not asked', async () => {
    const elsewhere = await authority.issue({ uris: [uri], addresses: ['10.0.0.1'] });
    const port = await serve({ tls: { ca: authority.ca, ...elsewhere } });
    const endpoint = `https://127.0.0.1:${String(port)}`;
    expect(await told(endpoint, { tls: { ca: authority.ca } })).toBe('OTHER_HOST');
  });

  it('that never does its handshake is waited for no longer than was said', async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    const client = { tls: { ca: authority.ca }, timeoutMs: 200 };
    // Not a byte of the request has left; but of a node that keeps silent nobody knows what it has.
    expect(await told(`https://127.0.0.1:${String(port)}`, client)).toBe('OUTCOME_UNKNOWN');
    silent.close();
  });

  it('tells those that speak plain text so, in plain text, and lets go of those that say nothing', async () => {
    const port = await serve({ tls });
    const plain = await raw(port, request('/v1/status', 'Host: localhost'), false);
    expect(plain).toMatch(/^HTTP\/1\.1 400 [^]*"PLAINTEXT_REFUSED"/);
    expect(await told(`http://127.0.0.1:${String(port)}`, {})).toBe('PLAINTEXT_REFUSED');
    expect(await raw(port, Buffer.alloc(64, 0xff), false)).toMatch(/"PLAINTEXT_REFUSED"/);
    const silent = await Promise.all([
      raw(port, '', false),
      // The head of a record of TLS, and never more.
      raw(port, Uint8Array.of(0x16, 3, 1, 1, 0), false),
      raw(port, Buffer.concat([Uint8Array.of(0x16, 3, 1, 0, 9), Buffer.alloc(64)]), false),
    ]);
    for (const answer of silent) expect(answer).not.toMatch(/HTTP/);
    expect(await raw(port, request('/', 'Host: localhost'))).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('is told apart from one of HTTP', async () => {
    const port = await serve({});
    const endpoint = `https://127.0.0.1:${String(port)}`;
    expect(await told(endpoint, { tls: { ca: authority.ca } })).toBe('TLS_REFUSED');
  });

  it('takes new certificates without a restart', async () => {
    const folder = await temporaryFolder();
    const files = { ca: 'ca.pem', cert: 'n1.pem', key: 'n1.key' };
    const put = (name: keyof typeof files, content: string): void => {
      writeFileSync(join(folder, 'new'), content);
      renameSync(join(folder, 'new'), join(folder, files[name]));
    };
    const path = (name: keyof typeof files): string => join(folder, files[name]);
    put('ca', authority.ca);
    put('cert', member.cert);
    put('key', member.key);
    const port = await serve({
      tls: { ca: path('ca'), cert: path('cert'), key: path('key'), reloadIntervalMs: 0 },
    });
    const endpoint = `https://127.0.0.1:${String(port)}`;
    expect(await told(endpoint, { tls: { ca: authority.ca } })).toBe(200);
    const next = await makeAuthority();
    const renewed = await next.issue({ uris: [uri], addresses: ['127.0.0.1'] });
    put('cert', renewed.cert);
    put('key', renewed.key);
    expect(await told(endpoint, { tls: { ca: next.ca } })).toBe(200);
    expect(await told(endpoint, { tls: { ca: authority.ca } })).toBe('CERTIFICATE_UNTRUSTED');
  });

  it('closes while handshakes, and answers, are under way', async () => {
    const port = await serve({ tls });
    const greeting = raw(port, '', false);
    const idle = new Promise((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', ca: authority.ca });
      socket.on('error', () => undefined);
      socket.once('close', resolve);
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    await server?.close(50);
    await Promise.all([greeting, idle]);
  });
});

describe('a client over HTTPS', () => {
  it('shows a certificate where the node asks for one', async () => {
    const port = await serve({ tls, clientCertificates: 'required' });
    const endpoint = `https://127.0.0.1:${String(port)}`;
    const { ca } = authority;
    const shows = async (pair: Pair | undefined, path?: string): Promise<number | string> =>
      told(endpoint, { tls: { ca, ...pair } }, path);
    const client = (cluster: string): readonly string[] => [`quorate://${cluster}/client/web`];
    const other = await makeAuthority();
    const expired = new Date(Date.now() - 1_000);
    expect(await shows(await authority.issue({ uris: client('test') }))).toBe(200);
    expect(await shows(undefined)).toBe('CERTIFICATE_MISSING');
    expect(await shows(await other.issue({ uris: client('test') }))).toBe('CERTIFICATE_UNTRUSTED');
    expect(await shows(await authority.issue({ uris: client('else') }))).toBe('OTHER_CLUSTER');
    expect(await shows(await authority.issue({}))).toBe('CERTIFICATE_NAMELESS');
    expect(await shows(await authority.issue({ uris: client('test'), notAfter: expired }))).toBe(
      'CERTIFICATE_EXPIRED',
    );
    // Whoever restarts the node has none.
    expect(await shows(undefined, '/healthz')).toBe(200);
  });
});

describe('tokens', () => {
  const ask = (port: number, ...fields: readonly string[]): Promise<string> =>
    raw(port, request('/v1/kv/a', 'Host: localhost', ...fields), false);

  it('are asked for on every path but that of liveness', async () => {
    const port = await serve({ tokens: () => ['first', 'second'] });
    for (const scheme of ['Bearer first', 'bearer  second ']) {
      expect(await ask(port, `Authorization: ${scheme}`)).toMatch(/^HTTP\/1\.1 200 /);
    }
    for (const wrong of [
      'Bearer firs',
      'Bearer first2',
      'Bearer',
      'Basic first',
      'first',
      'Bearer first second',
    ]) {
      expect(await ask(port, `Authorization: ${wrong}`)).toMatch(
        /^HTTP\/1\.1 401 [^]*www-authenticate: Bearer[^]*"UNAUTHENTICATED"/,
      );
    }
    for (const path of [
      '/',
      '/v1/status',
      '/metrics',
      '/readyz',
      '/nowhere',
      '/healthz/',
      '//healthz',
    ]) {
      expect(await raw(port, request(path, 'Host: localhost'), false)).toMatch(
        /^HTTP\/1\.1 401 [^]*"UNAUTHENTICATED"/,
      );
    }
    expect(await raw(port, request('/healthz', 'Host: localhost'), false)).toMatch(/ 200 OK/);
  });

  it('are those that hold when the request comes', async () => {
    let tokens = ['first'];
    const port = await serve({ tokens: () => tokens });
    expect(await ask(port, 'Authorization: Bearer first')).toMatch(/ 200 OK/);
    tokens = ['second'];
    expect(await ask(port, 'Authorization: Bearer first')).toMatch(/ 401 /);
    expect(await ask(port, 'Authorization: Bearer second')).toMatch(/ 200 OK/);
  });

  it('are shown by clients, on loopback in plain text, too', async () => {
    const port = await serve({ tokens: () => ['first'] });
    const endpoint = `http://127.0.0.1:${String(port)}`;
    expect(await told(endpoint, { token: 'first' })).toBe(200);
    expect(await told(endpoint, { token: 'wrong' })).toBe('UNAUTHENTICATED');
    expect(await told(endpoint, {})).toBe('UNAUTHENTICATED');
  });

  it('never leave in plain text for another machine', async () => {
    expect(await told('http://192.0.2.1:7401', { token: 'first' })).toBe('INSECURE');
    expect(await told('http://127.example:7401', { token: 'first' })).toBe('INSECURE');
  });
});

describe('names in Host', () => {
  it('that are listed are answered, besides addresses and localhost', async () => {
    const port = await serve({ hosts: ['kv.example.org'] });
    const ask = (host: string): Promise<string> => raw(port, request('/', `Host: ${host}`), false);
    for (const host of ['kv.example.org', 'KV.example.org.:7401', 'localhost:1', '[::1]:1']) {
      expect(await ask(host)).toMatch(/ 200 OK/);
    }
    for (const host of ['example.org', 'evil.kv.example.org', 'kv.example.org.evil']) {
      expect(await ask(host)).toMatch(/^HTTP\/1\.1 403 [^]*"FORBIDDEN"/);
    }
  });
});

describe('web pages', () => {
  const page = 'https://app.example.org';
  const cors = /access-control/i;

  it('that are listed may ask, are told so first, and see the answers', async () => {
    const port = await serve({ tls, origins: [page], tokens: () => ['secret'] });
    const ask = (method: string, ...fields: readonly string[]): Promise<string> =>
      raw(port, request(`${method} /v1/kv/a`, 'Host: localhost', ...fields));
    const before = await ask(
      'OPTIONS',
      `Origin: ${page}`,
      'Access-Control-Request-Method: PUT',
      'Access-Control-Request-Headers: authorization',
    );
    expect(before).toMatch(/^HTTP\/1\.1 204 /);
    expect(before).toContain(`access-control-allow-origin: ${page}\r\n`);
    expect(before).toMatch(/access-control-allow-methods: .*PUT.*\r\n/);
    expect(before).toMatch(/access-control-allow-headers: authorization, content-type\r\n/);
    expect(before).not.toMatch(/allow-credentials/);
    const answer = await ask('GET', `Origin: ${page}`, 'Authorization: Bearer secret');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(answer).toMatch(/vary: origin\r\n/);
    expect(answer).toContain(`access-control-allow-origin: ${page}\r\n`);
    expect(answer).toMatch(/access-control-expose-headers: quorate-revision/);
    // A refusal can be read by the page, too; a preflight lets nobody past the tokens.
    const refused = await ask('GET', `Origin: ${page}`);
    expect(refused).toMatch(/^HTTP\/1\.1 401 /);
    expect(refused).toContain(`access-control-allow-origin: ${page}\r\n`);
    expect(await ask('OPTIONS', `Origin: ${page}`)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('that are not listed are refused, and told nothing', async () => {
    const port = await serve({ tls, origins: [page] });
    for (const origin of ['https://app.example.org.evil', 'http://app.example.org', 'null']) {
      const fields = ['Host: localhost', `Origin: ${origin}`, 'Access-Control-Request-Method: PUT'];
      for (const method of ['GET', 'OPTIONS']) {
        const answer = await raw(port, request(`${method} /`, ...fields));
        expect(answer).toMatch(/^HTTP\/1\.1 403 [^]*"FORBIDDEN"/);
        expect(answer).not.toMatch(cors);
      }
    }
    // Its own pages, which are those of HTTPS.
    const own = await raw(port, request('/', 'Host: localhost', 'Origin: https://localhost'));
    expect(own).toMatch(/ 200 OK/);
    expect(own).not.toMatch(cors);
    expect(await raw(port, request('/', 'Host: localhost', 'Origin: http://localhost'))).toMatch(
      /^HTTP\/1\.1 403 /,
    );
  });

  it('are all refused where none is listed', async () => {
    const port = await serve({});
    const fields = ['Host: localhost', `Origin: ${page}`, 'Access-Control-Request-Method: GET'];
    const answer = await raw(port, request('OPTIONS /', ...fields), false);
    expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    expect(answer).not.toMatch(cors);
    expect(answer).not.toMatch(/vary/);
  });
});
