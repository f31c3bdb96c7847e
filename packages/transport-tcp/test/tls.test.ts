/** TLS on sockets: sessions, versions, renewals, and sides that prove less than members do. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type Authority, makeAuthority, type Pair } from '@quorate/certificates';
import { InvalidArgumentError } from '@quorate/core';
import {
  type Expected,
  type Identity,
  identityUri,
  type LinkEnd,
  type LinkHandler,
  parseAddress,
} from '@quorate/connections';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { tcpLinks, type TcpLinksOptions } from '../src/index.ts';
import { greeting, Stranger, startNode, type TestNode, until } from './support.ts';

const uriOf = (name: string): string => identityUri({ role: 'member', cluster: 'test', name });
const member = { type: 'member', cluster: 'test' } as const;
let authority: Authority;
let ofA: Pair;
let ofEve: Pair;

beforeAll(async () => {
  authority = await makeAuthority();
  ofA = await authority.issue({
    uris: [uriOf('a')],
    hosts: ['localhost'],
    addresses: ['127.0.0.1'],
  });
  ofEve = await authority.issue({ uris: [uriOf('eve')] });
});

const secureNode = (): Promise<TestNode> => startNode('a', { tls: { ca: authority.ca, ...ofA } });

/** A TLS socket that believes everything. */
async function tlsTo(node: TestNode, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connect({
    ...parseAddress(node.address, 'address'),
    ...ofEve,
    rejectUnauthorized: false,
    ...options,
  });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'secureConnect');
  return socket;
}

describe('a session', () => {
  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of %s is never taken up again: every connection shows its certificate',
    async (version) => {
      const a = await secureNode();
      const sessions: Buffer[] = [];
      const versions = { minVersion: version, maxVersion: version } as const;
      const first = await tlsTo(a, versions);
      first.on('session', (session) => sessions.push(session));
      const stranger = new Stranger(first);
      stranger.write(greeting());
      await until(() => stranger.frames.length > 0, 'it is let in');
      const session = sessions.at(-1) ?? first.getSession();
      first.destroy();
      if (session === undefined) throw new Error('no session at all');
      const second = await tlsTo(a, { ...versions, session });
      expect(second.isSessionReused()).toBe(false);
      // Without the certificate, the session alone proves nothing.
      const bare = connect({
        ...parseAddress(a.address, 'address'),
        rejectUnauthorized: false,
        session,
        ...versions,
      });
      const nobody = new Stranger(bare);
      await once(bare, 'secureConnect');
      nobody.write(greeting());
      await nobody.ended();
      expect(nobody.refusals).toEqual(['CERTIFICATE_MISSING']);
    },
  );
});

describe('a handshake', () => {
  it.each([
    ['that never begins', new Uint8Array(0)],
    ['that is cut short', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252)],
  ])('%s is given up in time', async (_name, bytes) => {
    const a = await startNode('a', {
      tls: { ca: authority.ca, ...ofA },
      handshakeTimeoutMs: 150,
    });
    const socket = connectPlain({ ...parseAddress(a.address, 'address') });
    const stranger = new Stranger(socket);
    stranger.write(bytes);
    await stranger.ended();
    expect(a.warnings()).toEqual(['HANDSHAKE_TIMEOUT']);
  });

  it('that is nonsense after its first byte is TLS_FAILED', async () => {
    const a = await secureNode();
    const stranger = await Stranger.to(a);
    stranger.write(Uint8Array.of(22), new Uint8Array(200).fill(65));
    await stranger.ended();
    expect(a.warnings()).toEqual(['TLS_FAILED']);
  });

  it('of a version that is too old is TLS_FAILED', async () => {
    const a = await secureNode();
    const socket = connect({
      ...parseAddress(a.address, 'address'),
      rejectUnauthorized: false,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const stranger = new Stranger(socket);
    await stranger.ended();
    expect(a.warnings()).toEqual(['TLS_FAILED']);
  });
});

describe('certificates in files', () => {
  it('are used from the next connection on, without a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = (name: string): string => join(folder, name);
    const put = (pair: Pair): void => {
      writeFileSync(path('cert'), pair.cert);
      writeFileSync(path('key'), pair.key);
    };
    writeFileSync(path('ca'), authority.ca);
    put(ofA);
    const a = await startNode('a', {
      tls: { ca: path('ca'), cert: path('cert'), key: path('key') },
    });
    const serial = async (): Promise<string | undefined> =>
      (await tlsTo(a)).getPeerX509Certificate()?.serialNumber;
    const before = await serial();
    const renewed = await authority.issue({ uris: [uriOf('a')] });
    put(renewed);
    expect(a.transport.reloadCertificates()).toBe(true);
    const after = await serial();
    expect(after).not.toBe(before);
    // Somebody else's: what is in use stays.
    put(ofEve);
    expect(a.transport.reloadCertificates()).toBe(false);
    expect(await serial()).toBe(after);
    expect(a.lines.filter(({ level }) => level === 'error').length).toBe(1);
  });
});

describe('a node', () => {
  it('does not start with a certificate of another one, or of nobody', async () => {
    const tls = { ca: authority.ca, ...ofEve };
    await expect(startNode('a', { tls })).rejects.toThrow(InvalidArgumentError);
    await expect(startNode('a', { tls })).rejects.toThrow(`it needs the URI ${uriOf('a')}`);
    const bare = { ca: authority.ca, ...(await authority.issue({})) };
    await expect(startNode('a', { tls: bare })).rejects.toThrow('is for nobody');
    await expect(startNode('a', { tls }, 'prod')).rejects.toThrow('quorate://prod/member/a');
  });
});

/** Everything that a link has told. */
interface Noted {
  readonly told: string[];
  identity: Identity | undefined;
  end: LinkEnd | undefined;
}

function noting(noted: Noted, close: () => void): LinkHandler {
  return {
    opened: (identity) => {
      noted.told.push('opened');
      noted.identity = identity;
    },
    unproven: (end) => {
      noted.told.push(`unproven ${end.code}`);
      close();
    },
    data: () => undefined,
    drained: () => undefined,
    otherSideEnded: () => close(),
    closed: (end) => {
      noted.end = end;
    },
  };
}

/** Dials a listener; returns what both ends were told. */
async function meet(
  listening: TcpLinksOptions,
  dialling: TcpLinksOptions,
  expected: Expected,
  host: string = '127.0.0.1',
): Promise<{ readonly near: Noted; readonly far: Noted }> {
  const near: Noted = { told: [], identity: undefined, end: undefined };
  const far: Noted = { told: [], identity: undefined, end: undefined };
  const listener = await tcpLinks(listening).listen('127.0.0.1:0', (link) =>
    noting(far, () => link.destroy()),
  );
  const { port } = parseAddress(listener.address, 'address');
  const link = tcpLinks(dialling).dial(`${host}:${port}`, expected, (each) =>
    noting(near, () => each.destroy()),
  );
  onTestFinished(async () => {
    link.destroy();
    await listener.close();
  });
  // A dialler that leaves at once may be gone before the other end knows that it was there.
  const isOver = (): boolean => far.told.length > 0 || near.end !== undefined;
  await until(() => near.told.length > 0 && isOver(), 'both ends are told');
  return { near, far };
}

describe('those who dial without a certificate', () => {
  const listening = (clientCertificates: 'required' | 'optional' | 'none'): TcpLinksOptions => ({
    tls: { ca: authority.ca, ...ofA },
    clientCertificates,
  });
  const client = (): TcpLinksOptions => ({ tls: { ca: authority.ca } });

  it.each(['optional', 'none'] as const)('are let in where they are %s', async (which) => {
    const { near, far } = await meet(listening(which), client(), member);
    expect([near.told, far.told]).toEqual([['opened'], ['opened']]);
    expect(near.identity?.name).toBe('a');
    expect(far.identity).toBeUndefined();
  });

  it('are refused where they are required', async () => {
    const { far } = await meet(listening('required'), client(), member);
    expect(far.told).toEqual(['unproven CERTIFICATE_MISSING']);
  });

  it('may still show one where it is optional, and then it has to be good', async () => {
    const good = await meet(listening('optional'), { tls: { ca: authority.ca, ...ofEve } }, member);
    expect(good.far.identity?.name).toBe('eve');
    const other = await makeAuthority();
    const forged = await other.issue({ uris: [uriOf('eve')] });
    const bad = await meet(listening('optional'), { tls: { ca: authority.ca, ...forged } }, member);
    expect(bad.far.told).toEqual(['unproven CERTIFICATE_UNTRUSTED']);
  });

  it('can insist on the name of the host instead of a member', async () => {
    const byName = await meet(listening('none'), client(), { type: 'host' }, 'localhost');
    expect(byName.near.told).toEqual(['opened']);
    const byAddress = await meet(listening('none'), client(), { type: 'host' });
    expect(byAddress.near.told).toEqual(['opened']);
    const hostless = { tls: { ca: authority.ca, ...ofEve }, clientCertificates: 'none' } as const;
    const wrong = await meet(hostless, client(), { type: 'host' }, 'localhost');
    expect(wrong.near.told).toEqual(['unproven OTHER_HOST']);
  });

  it('can insist on one member, and find another', async () => {
    const { near } = await meet(listening('none'), client(), { ...member, name: 'b' });
    expect(near.told).toEqual(['unproven OTHER_MEMBER']);
    await until(() => near.end !== undefined, 'it is ended');
  });
});
