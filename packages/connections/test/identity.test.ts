/** Identities: read from certificates in one way only. */
import { X509Certificate } from 'node:crypto';
import { makeAuthority } from '@quorate/certificates';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Identity,
  identityUri,
  judgeExpected,
  judgeMember,
  parseIdentityUri,
} from '../src/index.ts';
import { identityOf, urisOf } from '../src/node/index.ts';

const member: Identity = { role: 'member', cluster: 'prod', name: 'n1' };

describe('the URI of an identity', () => {
  it('can be read back, whatever the name holds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('member' as const, 'client' as const),
        fc.string({ minLength: 1, maxLength: 30 }),
        fc.string({ minLength: 1, maxLength: 30 }),
        (role, cluster, name) => {
          const identity = { role, cluster, name };
          expect(parseIdentityUri(identityUri(identity))).toEqual(identity);
        },
      ),
    );
  });

  it.each([
    'quorate://prod/member/%6e1',
    'quorate://prod/member/n%31',
    'QUORATE://prod/member/n1',
    'quorate://prod/Member/n1',
    'quorate://prod/admin/n1',
    'quorate://prod/member/n1/',
    'quorate://prod/member/n1/x',
    'quorate://prod/member/',
    'quorate:///member/n1',
    'quorate://prod/member/n1?x',
    'quorate://prod/member/n1#x',
    'quorate://prod/member/%',
    'quorate://prod/member/%ff',
    ' quorate://prod/member/n1',
    'quorate://prod/member/n1\n',
    `quorate://prod/member/${'n'.repeat(600)}`,
    'https://prod/member/n1',
  ])('%j is none', (uri) => {
    expect(parseIdentityUri(uri)).toBeUndefined();
  });
});

describe('a subject alternative name', () => {
  it('is read as Node writes it', () => {
    expect(urisOf('DNS:a.example, URI:quorate://a/member/b, IP Address:127.0.0.1')).toEqual([
      'quorate://a/member/b',
    ]);
    expect(urisOf('URI:"http://x/, URI:quorate://a/member/b", URI:y')).toEqual([
      'http://x/, URI:quorate://a/member/b',
      'y',
    ]);
    expect(urisOf(undefined)).toEqual([]);
  });

  it.each([
    'URI:"quorate://a/member/b',
    'URI:x"y, URI:quorate://a/member/b',
    'nonsense, URI:quorate://a/member/b',
    'URI:quorate://a/member/b,URI:x',
    `URI:quorate://a/member/b, ${'x'.repeat(20_000)}`,
  ])('holds nothing where it is not sound: %j', (text) => {
    expect(urisOf(text)).toEqual([]);
  });

  it('cannot be made to hold an identity by what is in another name of it', async () => {
    const authority = await makeAuthority();
    const ours = identityUri(member);
    const attempts = [
      { hosts: [`x, URI:${ours}`] },
      { hosts: [`x", URI:${ours}`] },
      { hosts: [`x\\", URI:${ours}, DNS:"`] },
      { uris: [`http://x/, URI:${ours}`] },
      { uris: [`http://x/\u0000${ours}`] },
      { uris: [`${ours}\u0000`] },
      { uris: [ours, ours] },
    ];
    for (const subject of attempts) {
      const { cert } = await authority.issue(subject);
      expect(identityOf(new X509Certificate(cert))).toBeUndefined();
    }
    const { cert } = await authority.issue({ uris: ['http://x/, y', ours], hosts: ['a, b'] });
    expect(identityOf(new X509Certificate(cert))).toEqual(member);
  });
});

describe('a member that is expected', () => {
  const expected = { type: 'member', cluster: 'prod', name: 'n1' } as const;

  it.each<[Identity | undefined, string | undefined]>([
    [member, undefined],
    [undefined, 'CERTIFICATE_MISSING'],
    [{ ...member, cluster: 'test' }, 'OTHER_CLUSTER'],
    [{ ...member, role: 'client' }, 'NOT_A_MEMBER'],
    [{ ...member, name: 'n2' }, 'OTHER_MEMBER'],
    [{ ...member, name: 'N1' }, 'OTHER_MEMBER'],
  ])('%j: %s', (identity, code) => {
    expect(judgeMember(identity, expected)?.code).toBe(code);
  });

  it('may be whoever has a certificate for the host, unless it was made for a client', () => {
    const judge = (identity: Identity | undefined, namesHost: boolean): string | undefined =>
      judgeExpected(identity, { type: 'host' }, () => namesHost)?.code;
    expect(judge(undefined, true)).toBe(undefined);
    expect(judge(member, true)).toBe(undefined);
    expect(judge({ ...member, role: 'client' }, true)).toBe('NOT_A_MEMBER');
    expect(judge({ ...member, role: 'client' }, false)).toBe('OTHER_HOST');
  });

  it('may be any member of the cluster', () => {
    expect(judgeMember({ ...member, name: 'n9' }, { type: 'member', cluster: 'prod' })).toBe(
      undefined,
    );
  });
});
