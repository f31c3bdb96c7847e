/** A bank on TLS that asks for tokens: who gets in, and who does not, with the nodes in this process. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeAuthority } from '@quorate/certificates';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { silentLogger } from '@quorate/core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { NodeConfig } from '../src/node/config.ts';
import { type RunningNode, startNode } from '../src/node/node.ts';
import { command } from './command.ts';
import { freeDemoPort } from './harness.ts';
import { single } from './single.ts';

const cluster = 'test';
const names = ['n1', 'n2', 'n3'] as const;
let folder: string;
const path = (name: string): string => join(folder, name);
const write = (name: string, content: string): string => {
  writeFileSync(path(name), content, { mode: 0o600 });
  return path(name);
};

beforeAll(async () => {
  folder = await temporaryFolder();
  const authority = await makeAuthority();
  write('ca.pem', authority.ca);
  write('stranger.pem', (await makeAuthority('somebody else')).ca);
  for (const name of [...names, 'web']) {
    const role = name === 'web' ? 'client' : 'member';
    const { cert, key } = await authority.issue({
      uris: [`quorate://${cluster}/${role}/${name}`],
      // Members prove themselves to clients by the host, too.
      addresses: role === 'member' ? ['127.0.0.1'] : [],
    });
    write(`${name}.pem`, cert);
    write(`${name}.key`, key);
  }
  write('tokens', 'first\nsecond\n');
  write('token', 'second\n');
  write('wrong', 'third\n');
});
afterAll(cleanUp);
afterEach(() => vi.unstubAllEnvs());

const tlsOf = (name: string): NonNullable<NodeConfig['tls']> => ({
  ca: path('ca.pem'),
  cert: path(`${name}.pem`),
  key: path(`${name}.key`),
});

describe('three nodes', () => {
  let nodes: readonly RunningNode[] = [];
  let where: readonly string[];

  beforeAll(async () => {
    const port = await freeDemoPort();
    const at = (offset: number): string => `127.0.0.1:${String(port + offset)}`;
    const members = names.map((id, n) => ({ id, address: at(11 + n) }));
    nodes = await Promise.all(
      names.map((node, n) =>
        startNode({
          ...{ node, cluster, members, algorithm: 'raft', storage: 'memory' },
          ...{ data: path('data'), client: at(1 + n) },
          ...{ tls: tlsOf(node), clientTokens: path('tokens') },
        }),
      ),
    );
    where = ['--endpoints', nodes.map(({ client }) => client).join(), '--timeout', '20000'];
  });
  afterAll(() => Promise.all(nodes.map((node) => node.close())));

  it('take commands of whoever trusts them and shows a token', async () => {
    const access = ['--tls-ca', path('ca.pem'), '--token-file', path('token')];
    const opened = await command(['open', 'vault', '--currency', 'EUR', ...where, ...access]);
    expect([opened.code, opened.stderr]).toEqual([0, '']);
    vi.stubEnv('QUORATE_TLS_CA', path('ca.pem'));
    vi.stubEnv('QUORATE_TOKEN', 'first');
    expect((await command(['verify', ...where])).stdout).toMatch(/^the bank is sound: 1 events/);
  });

  it.each([
    ['no token', ['ca.pem'], 'UNAUTHENTICATED'],
    ['a wrong one', ['ca.pem', 'wrong'], 'UNAUTHENTICATED'],
    ['an authority of its own', ['stranger.pem', 'token'], 'CERTIFICATE_UNTRUSTED'],
    ['plain text', [], 'PLAINTEXT_REFUSED'],
  ])('refuse who comes with %s, at once', async (_what, [ca, token], code) => {
    const access = [
      ...(ca === undefined ? [] : ['--tls-ca', path(ca)]),
      ...(token === undefined ? [] : ['--token-file', path(token)]),
    ];
    const startedAt = performance.now();
    for (const words of [['open', 'mine', '--currency', 'EUR'], ['statement']]) {
      const refused = await command([...words, ...where, ...access]);
      const line = new RegExp(`^quorate-bank: ${code}: no node lets this client in: [^\\n]*\\n$`);
      expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(line)]);
    }
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });
});

it('a node without tokens asks for certificates', async () => {
  const node = await startNode({ ...(await single('memory')), tls: tlsOf('n1') });
  try {
    const words = ['statement', '--endpoints', node.client, '--tls-ca', path('ca.pem')];
    const { stderr } = await command(words);
    expect(stderr).toMatch(/^quorate-bank: CERTIFICATE_MISSING: /);
    const pair = ['--tls-cert', path('web.pem'), '--tls-key', path('web.key')];
    expect(await command([...words, ...pair])).toMatchObject({ code: 0, stderr: '' });
  } finally {
    await node.close();
  }
});

it('a node warns of a private key that others may use, and names no other', async () => {
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (message: string): void => void warnings.push(message) };
  const start = async (): Promise<void> =>
    (await startNode({ ...(await single('memory')), tls: tlsOf('n1') }, logger)).close();
  await start();
  expect(warnings).toEqual([]);
  chmodSync(path('n1.key'), 0o644);
  await start();
  chmodSync(path('n1.key'), 0o600);
  expect(warnings).toEqual([
    expect.stringMatching(/^others .* may use the private key .*n1\.key \(mode 0644\); chmod 600/),
  ]);
});

describe('a node does not start', () => {
  it('with the certificate of another', async () => {
    const config = { ...(await single('memory')), tls: tlsOf('n2') };
    await expect(startNode(config)).rejects.toMatchObject({
      code: 'OTHER_MEMBER',
      message: expect.stringMatching(
        /is the certificate of quorate:\/\/test\/member\/n2/,
      ) as string,
    });
  });

  it('with tokens that could be read on their way, or by others', async () => {
    const config = { ...(await single('memory')), clientTokens: path('tokens') };
    const open = { ...config, client: config.client.replace('127.0.0.1', '0.0.0.0') };
    await expect(startNode(open)).rejects.toMatchObject({ code: 'INSECURE' });
    writeFileSync(path('open'), 'token\n', { mode: 0o644 });
    await expect(startNode({ ...config, clientTokens: path('open') })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^--client-tokens: .*chmod 600/) as string,
    });
  });
});

it('a command does not send its token in plain text to another machine', async () => {
  vi.stubEnv('QUORATE_TOKEN', 'first');
  const { code, stderr } = await command(['statement', '--endpoints', '192.0.2.1:7501']);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^quorate-bank: INSECURE: /)]);
});
