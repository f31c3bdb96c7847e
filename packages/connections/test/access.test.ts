/** What programs are told of certificates and tokens: all of it that makes sense, and a reason for the rest. */
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Logger, type Runtime, silentLogger, systemRuntime } from '@quorate/core';
import { afterAll, describe, expect, it } from 'vitest';
import { beyondLoopback, isLoopback } from '../src/index.ts';
import {
  clientPolicy,
  clientAccess,
  type ClientAccessFiles,
  memberTls,
  modeForOthers,
  readToken,
  readTokens,
  type TlsFiles,
} from '../src/node/access.ts';

const folder = mkdtempSync(join(tmpdir(), 'quorate-access-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function file(content: string, mode: number = 0o600): string {
  const path = join(folder, `tokens-${files++}`);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

describe('the TLS of a member', () => {
  it('is all three files, as absolute paths, or none', () => {
    expect(memberTls({})).toBeUndefined();
    expect(memberTls({ tlsCa: 'ca.pem', tlsCert: '/n1.pem', tlsKey: 'n1.key' })).toEqual({
      ca: resolve('ca.pem'),
      cert: '/n1.pem',
      key: resolve('n1.key'),
    });
  });

  const cases: readonly [TlsFiles, RegExp][] = [
    [{ tlsCa: 'a', tlsCert: 'b' }, /^--tls-key missing: .*got --tls-ca and --tls-cert$/],
    [{ tlsCert: 'b', tlsKey: 'c' }, /^--tls-ca missing: .*got --tls-cert and --tls-key$/],
    [{ tlsKey: 'c' }, /^--tls-ca and --tls-cert missing: .*got --tls-key$/],
  ];
  it.each(cases)('is refused where one is missing, which is named: %j', (given, message) => {
    expect(() => memberTls(given)).toThrow(message);
  });
});

describe('a file of tokens', () => {
  it('has one a line; comments and blank lines are none', () => {
    const path = file('# for the web\nabc-._~+/1=\n\n  second  \r\nabc-._~+/1=\n#\n');
    expect(readTokens(path, 'it')).toEqual(['abc-._~+/1=', 'second']);
    expect(readToken(file('only\n'), 'it')).toBe('only');
  });

  const modes = [0o640, 0o604, 0o620, 0o644, 0o666];
  it.each(modes)('that others may use is refused: mode %o', (mode) => {
    const path = file('secret\n', mode);
    expect(() => readTokens(path, '--client-tokens')).toThrow(/^--client-tokens: .*chmod 600/);
  });

  it('that only its owner may read is taken', () => {
    expect(readTokens(file('secret\n', 0o400), 'it')).toEqual(['secret']);
  });

  const bad: readonly [string, string, RegExp][] = [
    ['nothing', '# nothing\n\n', /has no token/],
    ['two words', 'good\nnot good\n', /line 2 of .* is no token/],
    ['a character that a header cannot carry', 'caf\u00e9\n', /line 1 of .* is no token/],
    ['an endless token', `${'x'.repeat(1_025)}\n`, /line 1 of .* is no token/],
    ['far too much', 'x\n'.repeat(600_000), /is over 1048576 bytes/],
  ];
  it.each(bad)('with %s is refused, and not shown', (_what, content, message) => {
    expect(() => readTokens(file(content), 'it')).toThrow(message);
    expect(() => readTokens(file(content), 'it')).not.toThrow(/not good|x\n/);
  });

  it('that is not there, or is none, is refused', () => {
    expect(() => readTokens(join(folder, 'no'), '--client-tokens')).toThrow(
      /^--client-tokens: cannot read .*ENOENT/,
    );
    expect(() => readTokens(folder, 'it')).toThrow(/cannot read|others than its owner/);
    expect(() => readToken(file('a\nb\n'), '--token-file')).toThrow(/several tokens/);
  });
});

describe('tokens that are in use', () => {
  it('are read again when their file has changed, and stay where it cannot be used', () => {
    const path = file('first\n');
    let now = 0;
    const said: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      info: (message) => said.push(message),
      error: (message) => said.push(message),
    };
    const runtime: Runtime = { ...systemRuntime, now: () => now };
    const { tokens } = clientPolicy({ clientTokens: path, logger, runtime });
    const first = tokens?.();
    const put = (content: string, mode: number): void => {
      writeFileSync(`${path}.new`, content);
      chmodSync(`${path}.new`, mode);
      renameSync(`${path}.new`, path);
      now += 1_000;
    };
    expect(first).toEqual(['first']);
    put('second\nthird\n', 0o600);
    now -= 1;
    expect(tokens?.()).toBe(first);
    now += 1;
    const second = tokens?.();
    expect(second).toEqual(['second', 'third']);
    now += 1_000;
    expect(tokens?.()).toBe(second);
    const spoiled: readonly (readonly [string, number])[] = [
      ['not good\n', 0o600],
      ['# none\n', 0o600],
      ['open\n', 0o644],
    ];
    for (const [content, mode] of spoiled) {
      put(content, mode);
      expect(tokens?.()).toBe(second);
      now += 1_000;
      expect(tokens?.()).toBe(second);
    }
    rmSync(path);
    now += 1_000;
    expect(tokens?.()).toBe(second);
    const kept =
      /^new tokens cannot be used, those that were read before still hold: --client-tokens: /;
    expect(said).toHaveLength(5);
    expect(said[0]).toBe('new tokens are in use');
    for (const each of said.slice(1)) expect(each).toMatch(kept);
    expect(said.join('')).not.toContain('good');
    // What others could read is mended by its mode alone.
    put('fourth\n', 0o644);
    expect(tokens?.()).toBe(second);
    chmodSync(path, 0o600);
    now += 1_000;
    expect(tokens?.()).toEqual(['fourth']);
  });
});

it('the mode of a file says whether others may use it', () => {
  const modes = [0o600, 0o400, 0o640, 0o604].map((mode) => modeForOthers(file('x', mode)));
  expect(modes).toEqual([undefined, undefined, '0640', '0604']);
  expect(modeForOthers(join(folder, 'no'))).toBeUndefined();
});

describe('whom a node lets in', () => {
  const tls = { ca: '/a', cert: '/b', key: '/c' };

  it('is whoever proves itself, by a token where there are some, else by a certificate', () => {
    const clientTokens = file('secret\n');
    expect(clientPolicy({ tls })).toEqual({ clientCertificates: 'required', tokens: undefined });
    const byToken = clientPolicy({ tls, clientTokens });
    expect([byToken.clientCertificates, byToken.tokens?.()]).toEqual(['none', ['secret']]);
    const byBoth = clientPolicy({ tls, clientTokens, clientCertificates: 'required' });
    expect([byBoth.clientCertificates, byBoth.tokens?.()]).toEqual(['required', ['secret']]);
    expect(clientPolicy({ clientTokens }).tokens?.()).toEqual(['secret']);
  });

  it('is nobody with a certificate where there is no TLS', () => {
    expect(() => clientPolicy({ clientCertificates: 'optional' })).toThrow(
      /^--client-certificates optional needs TLS/,
    );
  });
});

describe('what a client needs to get in', () => {
  const access = (given: ClientAccessFiles, environment: Record<string, string> = {}): unknown =>
    clientAccess(given, environment);

  it('comes from what it was told, and else from the environment', () => {
    expect(access({})).toEqual({});
    expect(access({ tlsCa: 'ca.pem' })).toEqual({ tls: { ca: resolve('ca.pem') } });
    const environment = {
      QUORATE_TLS_CA: '/env/ca',
      QUORATE_TLS_CERT: '/env/cert',
      QUORATE_TLS_KEY: '/env/key',
      QUORATE_TOKEN: 'from-env',
    };
    expect(access({}, environment)).toEqual({
      tls: { ca: '/env/ca', cert: '/env/cert', key: '/env/key' },
      token: 'from-env',
    });
    expect(access({ tlsCa: '/ca', tokenFile: file('from-file\n') }, environment)).toEqual({
      tls: { ca: '/ca', cert: '/env/cert', key: '/env/key' },
      token: 'from-file',
    });
    expect(access({}, { QUORATE_TOKEN: '', QUORATE_TLS_CA: '' })).toEqual({});
  });

  const cases: readonly [ClientAccessFiles, Record<string, string>, RegExp][] = [
    [{ tlsCa: '/a', tlsCert: '/b' }, {}, /^--tls-cert and --tls-key go together/],
    [{ tlsCert: '/b', tlsKey: '/c' }, {}, /^--tls-cert needs --tls-ca too/],
    [{}, { QUORATE_TOKEN: 'two words' }, /^QUORATE_TOKEN is no token/],
    [{ tokenFile: '/no/such/file' }, {}, /^--token-file: cannot read/],
  ];
  it.each(cases)('is refused: %j %j', (given, environment, message) => {
    expect(() => access(given, environment)).toThrow(message);
  });
});

describe('loopback', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });

  it.each([
    '127.example.org',
    '127.0.0.1.example.org',
    '10.0.0.1',
    '0.0.0.0',
    '::',
    'localhost.de',
  ])('is not %s', (host) => {
    expect(isLoopback(host)).toBe(false);
  });

  it('is what the first address is beyond of', () => {
    expect(beyondLoopback(['127.0.0.1:1', '[::1]:2'])).toBeUndefined();
    expect(beyondLoopback(['127.0.0.1:1', '10.0.0.1:2', 'a:3'])).toBe('10.0.0.1:2');
  });
});
