/** Certificates and keys: what cannot work is found at the start, and new files are taken up. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Authority, makeAuthority, type Pair } from '@quorate/certificates';
import { InvalidArgumentError, type Logger, silentLogger, systemRuntime } from '@quorate/core';
import { afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { identityUri } from '../src/index.ts';
import { Credentials, type TlsTrust } from '../src/node/index.ts';

const uri = identityUri({ role: 'member', cluster: 'c', name: 'a' });
let authority: Authority;
let pair: Pair;
let other: Pair;

beforeAll(async () => {
  authority = await makeAuthority();
  pair = await authority.issue({ uris: [uri] });
  other = await authority.issue({ uris: [uri] });
});

afterEach(() => vi.unstubAllEnvs());

function credentials(options: object, logger: Logger = silentLogger): Credentials {
  return new Credentials(options as TlsTrust, systemRuntime, logger);
}

describe('what can never work', () => {
  const cases: readonly [string, () => object, string][] = [
    ['no ca', () => ({ ...pair }), 'tls needs ca'],
    ['an empty ca', () => ({ ca: '', ...pair }), 'tls needs ca'],
    ['a ca that is no PEM', () => ({ ca: '/no/such/file', ...pair }), 'ca is neither PEM nor'],
    ['a ca that is garbage', () => ({ ca: '-----BEGIN X-----', ...pair }), 'cannot be used'],
    ['a key without cert', () => ({ ca: authority.ca, key: pair.key }), 'go together'],
    ['a cert without key', () => ({ ca: authority.ca, cert: pair.cert }), 'go together'],
    [
      'the key of another certificate',
      () => ({ ca: authority.ca, cert: pair.cert, key: other.key }),
      'key',
    ],
    [
      'a misspelt option',
      () => ({ ca: authority.ca, ...pair, rejectUnauthorised: false }),
      'no option "rejectUnauthorised"',
    ],
    [
      'an option that would switch verification off',
      () => ({ ca: authority.ca, ...pair, rejectUnauthorized: false }),
      'no option "rejectUnauthorized"',
    ],
  ];
  it.each(cases)('%s', (_name, options, message) => {
    expect(() => credentials(options())).toThrow(InvalidArgumentError);
    expect(() => credentials(options())).toThrow(message);
  });

  it('NODE_TLS_REJECT_UNAUTHORIZED=0', () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    expect(() => credentials({ ca: authority.ca, ...pair })).toThrow(
      'NODE_TLS_REJECT_UNAUTHORIZED=0',
    );
  });
});

describe('files', () => {
  interface Files {
    readonly options: TlsTrust;
    readonly put: (name: 'ca' | 'cert' | 'key', content: string) => void;
  }

  function files(): Files {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = (name: string): string => join(folder, `${name}.pem`);
    // As tools do it that renew certificates: never a file that is half written.
    const put: Files['put'] = (name, content) => {
      writeFileSync(path('new'), content);
      renameSync(path('new'), path(name));
    };
    put('ca', authority.ca);
    put('cert', pair.cert);
    put('key', pair.key);
    return { options: { ca: path('ca'), cert: path('cert'), key: path('key') }, put };
  }

  it('are read again when they have changed, and not before', () => {
    const { options, put } = files();
    const used = credentials(options);
    const first = used.contextOptions;
    expect(used.reload()).toBe(false);
    expect(used.contextOptions).toBe(first);
    put('cert', other.cert);
    put('key', other.key);
    expect(used.reload()).toBe(true);
    expect(used.contextOptions.cert).toBe(other.cert);
    expect(used.reload()).toBe(false);
  });

  it('are looked at when a connection is made, at most once in the interval', () => {
    const { options, put } = files();
    let now = 0;
    const used = new Credentials(
      { ...options, reloadIntervalMs: 100 },
      { ...systemRuntime, now: () => now },
      silentLogger,
    );
    put('cert', other.cert);
    put('key', other.key);
    now = 99;
    used.refresh();
    expect(used.contextOptions.cert).toBe(pair.cert);
    now = 100;
    used.refresh();
    expect(used.contextOptions.cert).toBe(other.cert);
  });

  it('that are bad change nothing, are logged once, and can be mended', async () => {
    const { options, put } = files();
    const errors: string[] = [];
    const used = credentials(options, {
      ...silentLogger,
      error: (message) => errors.push(message),
    });
    const first = used.contextOptions;
    const stranger = await authority.issue({ uris: [uri.replace('member/a', 'member/b')] });
    const bad: readonly (() => void)[] = [
      () => put('cert', 'not a certificate'),
      // Between the two files of a renewal.
      () => put('cert', other.cert),
      () => {
        put('cert', stranger.cert);
        put('key', stranger.key);
      },
      () => rmSync(options.key ?? ''),
    ];
    for (const [at, spoil] of bad.entries()) {
      spoil();
      expect(used.reload()).toBe(false);
      expect(used.reload()).toBe(false);
      expect(errors.length).toBe(at + 1);
      expect(used.contextOptions).toBe(first);
    }
    put('cert', other.cert);
    put('key', other.key);
    expect(used.reload()).toBe(true);
  });
});
