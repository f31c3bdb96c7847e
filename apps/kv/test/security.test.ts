/** A group that speaks TLS and asks for tokens, as real processes: who gets in, who does not, and that nobody is disturbed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '@quorate/certificates';
import { Credentials } from '@quorate/connections/node';
import { silentLogger, systemRuntime } from '@quorate/core';
import { cleanUp, eventually, temporaryFolder } from '@quorate/harness';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HttpKvClient } from '../src/http-client/client.ts';
import { openNode } from '../src/node/open.ts';
import { settingsOf } from '../src/node/settings.ts';
import { command } from './command.ts';
import { build, freePlace } from './harness.ts';
import { cluster, makeCertificates, type Maker } from './processes/certificates.ts';
import {
  type Addresses,
  freeAddresses,
  type RunningProcess,
  serveNode,
} from './processes/nodes.ts';

const token = 'an-accepted-token';
let folder: string;
let maker: Maker;
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  await build();
  folder = await temporaryFolder();
  maker = await makeCertificates(folder);
  writeFileSync(path('tokens'), `# accepted\nanother\n${token}\n`, { mode: 0o600 });
  writeFileSync(path('token'), `${token}\n`, { mode: 0o600 });
  writeFileSync(path('stranger.pem'), (await makeAuthority('somebody else')).ca);
}, 180_000);
afterAll(cleanUp, 30_000);
afterEach(() => vi.unstubAllEnvs());

const tlsOf = (node: string): readonly string[] => [
  ...['--tls-ca', path('ca.pem'), '--tls-cert', path(`${node}.pem`)],
  ...['--tls-key', path(`${node}.key`)],
];

it('has certificates for whom the recipe of the README says', () => {
  // What has made them is no accident of the machine that nobody hears of.
  console.log(`certificates are made by ${maker}`);
  for (const name of ['n1', 'n2', 'n3', 'web']) {
    const files = { ca: path('ca.pem'), cert: path(`${name}.pem`), key: path(`${name}.key`) };
    const { identity } = new Credentials(files, systemRuntime, silentLogger);
    expect(identity).toEqual({ role: name === 'web' ? 'client' : 'member', cluster, name });
  }
});

describe('three nodes on TLS, with tokens', () => {
  let at: Addresses;
  let nodes: readonly RunningProcess[];
  let client: readonly string[];
  let endpoints: readonly string[];

  beforeAll(async () => {
    at = await freeAddresses();
    const start = (number: number): Promise<RunningProcess> => {
      const node = `n${String(number)}`;
      return serveNode([
        ...['--node', node, '--data', path('data'), '--cluster', cluster, '--members', at.members],
        ...['--http', at.http(number), '--client', at.client(number)],
        ...[...tlsOf(node), '--client-tokens', path('tokens'), '--log-level', 'warn'],
      ]);
    };
    nodes = await Promise.all([1, 2, 3].map(start));
    client = ['--client', [1, 2, 3].map(at.client).join(), '--timeout', '20000'];
    endpoints = ['--endpoints', [1, 2, 3].map(at.http).join(), '--timeout', '20000'];
  }, 60_000);

  const trusting = (): readonly string[] => ['--tls-ca', path('ca.pem')];
  const showing = (): readonly string[] => [...trusting(), '--token-file', path('token')];
  const statuses = async (): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const { stdout } = await command(['status', '--json', ...endpoints, ...showing()]);
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  };

  it('serve whoever trusts them and shows a token, at both ports', async () => {
    expect(nodes.map(({ http }) => http)).toEqual([1, 2, 3].map((n) => `https://${at.http(n)}`));
    const put = await command(['put', 'color', 'red', ...client, ...showing()]);
    expect([put.code, put.stderr]).toEqual([0, '']);
    // The same from the environment.
    vi.stubEnv('QUORATE_TOKEN', token);
    vi.stubEnv('QUORATE_TLS_CA', path('ca.pem'));
    expect((await command(['get', 'color', ...client])).stdout).toBe('red');
    const seen = await statuses();
    expect(seen.map(({ node, http }) => [node, http])).toEqual(
      [1, 2, 3].map((number) => [`n${String(number)}`, `https://${at.http(number)}`]),
    );
    expect((await command(['members', ...endpoints])).stdout).toMatch(/n1 +voter[^]*n3 +voter/);

    const http = new HttpKvClient({
      endpoints: [1, 2, 3].map((number) => `https://${at.http(number)}`),
      tls: { ca: path('ca.pem') },
      token,
    });
    const body = 'blue';
    await http.send({ method: 'PUT', path: '/v1/kv/color', body }, { repeatable: true });
    const got = await http.send({ method: 'GET', path: '/v1/kv/color' }, { repeatable: true });
    expect(Buffer.from(got.body).toString()).toBe('blue');
    const file = path('backup');
    const saved = await command(['backup', file, ...endpoints]);
    expect([saved.code, readFileSync(file).length > 0]).toEqual([0, true]);
  }, 60_000);

  it('refuse everybody else, each for a reason of its own, and go on undisturbed', async () => {
    const before = await statuses();
    writeFileSync(path('wrong'), 'a-token-of-somebody-else\n', { mode: 0o600 });
    const wrong = [...trusting(), '--token-file', path('wrong')];
    const stranger = ['--tls-ca', path('stranger.pem'), '--token-file', path('token')];
    const refusals: readonly (readonly [string, readonly string[], string])[] = [
      ['without a token', trusting(), 'UNAUTHENTICATED'],
      ['with a wrong one', wrong, 'UNAUTHENTICATED'],
      ['with an authority of its own', stranger, 'CERTIFICATE_UNTRUSTED'],
      ['in plain text', [], 'PLAINTEXT_REFUSED'],
    ];
    for (const [who, words, code] of refusals) {
      const startedAt = performance.now();
      const results = [
        await command(['put', 'color', 'none', ...client, ...words]),
        await command(['status', ...endpoints, ...words]),
        await command(['members', ...endpoints, ...words]),
        await command(['members', 'remove', 'n3', ...endpoints, ...words]),
      ];
      for (const result of results) {
        const line = new RegExp(`^quorate-kv: ${code}: `, 'm');
        expect([who, result.code, result.stderr]).toEqual([who, 1, expect.stringMatching(line)]);
      }
      // Nobody waits for a refusal to become something else.
      expect(performance.now() - startedAt).toBeLessThan(15_000);
    }

    // A node with the certificate of another, and one that is none of the group.
    const place = await freePlace();
    const start = (node: string, files: string): Promise<unknown> =>
      openNode({
        ...settingsOf(
          {
            ...{ node, data: path('others'), cluster, members: at.members },
            ...{ http: place.http, client: place.client, listen: place.peer },
            ...{ tlsCa: path('ca.pem'), tlsCert: path(`${files}.pem`) },
            tlsKey: path(`${files}.key`),
          },
          (name) => name,
        ),
      });
    await expect(start('n3', 'n1')).rejects.toMatchObject({
      code: 'OTHER_MEMBER',
      message: expect.stringMatching(
        /is the certificate of quorate:\/\/shop\/member\/n1/,
      ) as string,
    });
    await expect(start('n3', 'web')).rejects.toMatchObject({ code: 'NOT_A_MEMBER' });

    const after = await eventually(async () => {
      const all = await statuses();
      return new Set(all.map(({ stateHash }) => stateHash)).size === 1 ? all : undefined;
    });
    expect(after.map(({ epoch, leader }) => [epoch, leader])).toEqual(
      before.map(({ epoch, leader }) => [epoch, leader]),
    );
    expect((await command(['get', 'color', ...client, ...showing()])).stdout).toBe('blue');
  }, 120_000);
});

describe('a node that would give away what is secret does not start', () => {
  const start = async (settings: Readonly<Record<string, unknown>>): Promise<unknown> => {
    const { http, client, peer } = await freePlace();
    return openNode({
      ...settingsOf(
        { node: 'n1', data: path('single'), members: `n1=${peer}`, http, client, ...settings },
        (name) => name,
      ),
    });
  };

  it('with tokens in plain text at an address beyond loopback', async () => {
    const tokens = { clientTokens: path('tokens') };
    const { http, client } = await freePlace();
    const beyond = (address: string): string => address.replace('127.0.0.1', '0.0.0.0');
    await expect(start({ ...tokens, http: beyond(http) })).rejects.toMatchObject({
      code: 'INSECURE',
      message: expect.stringMatching(/--tls-ca/) as string,
    });
    await expect(start({ ...tokens, client: beyond(client) })).rejects.toMatchObject({
      code: 'INSECURE',
    });
  });

  it('with tokens that others can read, or certificates that cannot work', async () => {
    const open = path('open');
    writeFileSync(open, 'token\n', { mode: 0o644 });
    const refused = (message: RegExp): object => ({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(message) as string,
    });
    await expect(start({ clientTokens: open })).rejects.toMatchObject(
      refused(/^--client-tokens: others than its owner may use .*chmod 600/),
    );
    await expect(start({ clientCertificates: 'required' })).rejects.toMatchObject(
      refused(/^--client-certificates required needs TLS/),
    );
    const tls = { tlsCa: path('ca.pem'), tlsCert: path('n1.pem'), tlsKey: path('n2.key') };
    await expect(start({ ...tls, cluster })).rejects.toMatchObject(refused(/key/));
  });
});

describe('a command that would give away its token does not send it', () => {
  it('to another machine in plain text', async () => {
    vi.stubEnv('QUORATE_TOKEN', token);
    const answers = [
      await command(['get', 'a', '--client', '192.0.2.1:7501']),
      await command(['members', '--endpoints', '192.0.2.1:7401']),
      await command(['status', '--endpoints', 'http://192.0.2.1:7401', '--tls-ca', path('ca.pem')]),
    ];
    for (const { code, stderr } of answers) {
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^quorate-kv: INSECURE: /m)]);
    }
  });

  it('nor take a file of it that others can read', async () => {
    const words = ['--token-file', path('open')];
    writeFileSync(path('open'), 'token\n', { mode: 0o644 });
    const { code, stderr } = await command(['get', 'a', ...words]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/USAGE: --token-file: .*chmod 600/)]);
    const half = await command(['get', 'a', '--tls-ca', 'ca.pem', '--tls-cert', 'web.pem']);
    expect([half.code, half.stderr]).toEqual([
      2,
      expect.stringMatching(/USAGE: --tls-cert and --tls-key go together/),
    ]);
  });
});
