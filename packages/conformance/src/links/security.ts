/**
 * Who gets in: each kind of wrong certificate is refused, with its own code on both sides, and those
 * that are right go on undisturbed.
 */
import { identityUri } from '@quorate/connections';
import { check, equal } from '../check.ts';
import {
  type CertificateAuthority,
  type CertificatePair,
  type CertificateSubject,
  cluster,
  LinkWorld,
  type LinkSuiteOptions,
  memberUri,
  type StrangerOptions,
  type TestNode,
  type Tls,
} from './world.ts';

/** Two members that are what they say, and the authority behind them. */
interface Secure {
  readonly world: LinkWorld;
  readonly authority: CertificateAuthority;
  readonly a: TestNode;
  readonly b: TestNode;
  /** What a node needs to be this one. */
  readonly tls: (
    subject: CertificateSubject,
    by?: CertificateAuthority,
  ) => Promise<Tls & CertificatePair>;
}

const dayMs = 24 * 60 * 60 * 1000;
const expired = {
  notBefore: new Date(Date.now() - 3 * dayMs),
  notAfter: new Date(Date.now() - dayMs),
};
const future = {
  notBefore: new Date(Date.now() + dayMs),
  notAfter: new Date(Date.now() + 3 * dayMs),
};

/** Registers the tests of TLS and identities. */
export function linkSecuritySuite(options: LinkSuiteOptions): void {
  const { framework, harness, patienceMs = 15_000 } = options;
  let made: Promise<readonly [CertificateAuthority, CertificateAuthority]> | undefined;
  // Made once: that an authority has signed proves nothing more from one test to the next.
  const authorities = (): typeof made & object =>
    (made ??= Promise.all([harness.authority(), harness.authority()]));

  const test: Test = (name, body) => {
    framework.it(name, async () => {
      const world = new LinkWorld(harness, patienceMs);
      try {
        const [authority, other] = await authorities();
        const tls: Secure['tls'] = async (subject, by = authority) => ({
          ca: authority.ca,
          ...(await by.issue(subject)),
        });
        const [a, b] = [
          await world.node('a', {}, await tls({ uris: [memberUri('a')] })),
          await world.node('b', {}, await tls({ uris: [memberUri('b')] })),
        ];
        await world.introduce(a, b);
        await body({ world, authority, a, b, tls }, other);
        await world.undisturbed(a, b);
        check(
          a.received.every(({ from }) => from === 'b'),
          'nothing of anybody else is received',
        );
      } finally {
        await world.close();
      }
    });
  };

  framework.describe(options.name, () => {
    strangersAreRefused(test);
    nodesAreRefused(test);
    plainTextAndTls(test);
  });
}

type Test = (
  name: string,
  body: (secure: Secure, other: CertificateAuthority) => Promise<void>,
) => void;

/** Those who dial with a certificate that is not for who they say to be. */
function strangersAreRefused(test: Test): void {
  const client = identityUri({ role: 'client', cluster, name: 'eve' });
  const injected = `http://x/, URI:${memberUri('eve')}`;
  const cases: readonly {
    readonly name: string;
    readonly subject?: CertificateSubject;
    readonly isForeign?: boolean;
    readonly hello?: StrangerOptions['hello'];
    readonly code: string;
  }[] = [
    { name: 'no certificate', code: 'CERTIFICATE_MISSING' },
    {
      name: 'one that another authority has signed',
      subject: { uris: [memberUri('eve')] },
      isForeign: true,
      code: 'CERTIFICATE_UNTRUSTED',
    },
    {
      name: 'one that has expired',
      subject: { uris: [memberUri('eve')], ...expired },
      code: 'CERTIFICATE_EXPIRED',
    },
    {
      name: 'one that is not valid yet',
      subject: { uris: [memberUri('eve')], ...future },
      code: 'CERTIFICATE_EXPIRED',
    },
    {
      name: 'one without a name of ours',
      subject: { hosts: ['a.example.org'] },
      code: 'CERTIFICATE_NAMELESS',
    },
    {
      name: 'one with two names of ours',
      subject: { uris: [memberUri('eve'), memberUri('a')] },
      code: 'CERTIFICATE_NAMELESS',
    },
    {
      name: 'one whose other names only look like one of ours',
      subject: { uris: [injected], hosts: [`x, URI:${memberUri('eve')}`] },
      code: 'CERTIFICATE_NAMELESS',
    },
    {
      name: 'one with our name in another spelling',
      subject: { uris: [`quorate://${cluster}/member/%65ve`] },
      code: 'CERTIFICATE_NAMELESS',
    },
    {
      name: 'one of another member',
      subject: { uris: [memberUri('mallory')] },
      code: 'OTHER_MEMBER',
    },
    {
      name: 'one of a member that is connected',
      subject: { uris: [memberUri('eve')] },
      hello: { node: 'b' },
      code: 'OTHER_MEMBER',
    },
    { name: 'one of a client', subject: { uris: [client] }, code: 'NOT_A_MEMBER' },
    {
      name: 'one of another cluster',
      subject: { uris: [memberUri('eve', 'prod')] },
      code: 'OTHER_CLUSTER',
    },
  ];
  for (const { name, subject, isForeign = false, hello, code } of cases) {
    test(`whoever dials with ${name} is told ${code}`, async ({
      world,
      authority,
      a,
      tls,
    }, other) => {
      const own =
        subject === undefined
          ? { ca: authority.ca }
          : await tls(subject, isForeign ? other : authority);
      const stranger = world.stranger(a, { tls: own, ...(hello === undefined ? {} : { hello }) });
      await world.until(() => stranger.end !== undefined, 'the stranger is refused');
      equal(stranger.refusals, [code], 'what the stranger is told');
      equal(stranger.types, [], 'what it hears besides');
      equal(warnings(a), [code], 'what the node logs');
      equal(a.count(`ended_${code.toLowerCase()}`), 1, 'what it counts');
    });
  }

  test('a member that proves who it is gets in', async ({ world, a, tls }) => {
    const stranger = world.stranger(a, { tls: await tls({ uris: [memberUri('eve')] }) });
    await world.until(() => stranger.types.length > 0, 'it is greeted');
    equal(stranger.identity, { role: 'member', cluster, name: 'a' }, 'who the node proves to be');
    stranger.link?.destroy();
  });
}

/** Nodes that are dialled and are not who they should be, or dial themselves. */
function nodesAreRefused(test: Test): void {
  /** Lets `a` dial somebody as `wanted`; both have to log the code. */
  const dialled = async (
    { world, a, b }: Secure,
    node: TestNode,
    wanted: string,
    code: string,
  ): Promise<void> => {
    a.transport.setPeers([
      { id: 'b', address: b.address },
      { id: wanted, address: node.address },
    ]);
    await world.until(
      () => a.count(`ended_${code.toLowerCase()}`) > 1,
      `the dialler finds ${code}`,
    );
    await world.until(
      () => warnings(node).includes(code),
      `the node that was dialled is told ${code}`,
    );
    equal(warnings(a), [code], 'what the dialler logs');
    equal(node.received, [], 'what it lets through');
    a.transport.setPeers([{ id: 'b', address: b.address }]);
  };
  const nobody = async (
    secure: Secure,
    subject: CertificateSubject,
    other?: CertificateAuthority,
  ): Promise<TestNode> =>
    secure.world.node('c', {}, await secure.tls({ uris: [memberUri('c')], ...subject }, other));

  test('a node with a certificate of another authority is not talked to, and both know why', async (secure, other) => {
    await dialled(secure, await nobody(secure, {}, other), 'c', 'CERTIFICATE_UNTRUSTED');
  });

  test('a node whose certificate has expired is not talked to, and both know why', async (secure) => {
    await dialled(secure, await nobody(secure, expired), 'c', 'CERTIFICATE_EXPIRED');
  });

  test('a node of another cluster is not talked to, and both know why', async (secure) => {
    const tls = await secure.tls({ uris: [memberUri('c', 'prod')] });
    const foreign = await secure.world.node('c', {}, tls, 'prod');
    await dialled(secure, foreign, 'c', 'OTHER_CLUSTER');
  });

  test('another member than the one that was dialled is not talked to, and both know why', async (secure) => {
    await dialled(secure, await nobody(secure, {}), 'd', 'OTHER_MEMBER');
  });
}

/** One side with TLS, the other without. */
function plainTextAndTls(test: Test): void {
  test('a node without TLS is told so by one with it', async ({ world, a }) => {
    const plain = await world.node('p');
    plain.transport.setPeers([{ id: 'a', address: world.harness.address(a.address, false) }]);
    await world.until(() => plain.count('ended_plaintext_refused') > 1, 'the dialler is told');
    equal(warnings(plain), ['PLAINTEXT_REFUSED'], 'what the dialler logs');
    equal([...new Set(warnings(a))], ['PLAINTEXT_REFUSED'], 'what the node logs');
  });

  test('a node with TLS finds out that another has none', async ({ world, a, b }) => {
    const plain = await world.node('p');
    a.transport.setPeers([
      { id: 'b', address: b.address },
      { id: 'p', address: world.harness.address(plain.address, true) },
    ]);
    await world.until(() => a.count('ended_tls_refused') > 1, 'the dialler finds out');
    equal(warnings(a), ['TLS_REFUSED'], 'what the dialler logs');
    await world.until(() => warnings(plain).includes('TLS_REFUSED'), 'so does the node');
    a.transport.setPeers([{ id: 'b', address: b.address }]);
  });
}

function warnings(node: TestNode): readonly unknown[] {
  return node.lines
    .filter(({ level }) => level === 'warn' || level === 'error')
    .map(({ code }) => code);
}
