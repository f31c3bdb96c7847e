/**
 * Certificates for tests, made on the fly: an authority, and what it signs, good and bad. Nothing
 * secret, nothing that expires in the repository.
 *
 * `@peculiar/x509` is kept up by the authors of the ASN.1 and WebCrypto libraries beneath it, makes
 * names of every kind (the URIs that members need) and any validity, on Node's own cryptography.
 * `node-forge` brings its own cryptography, `selfsigned` and `mkcert` no choice of names.
 */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  cryptoProvider,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 60 * 60 * 1000;

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** What a certificate says. */
export interface Subject {
  /** URIs of its subject alternative name. @default none */
  readonly uris?: readonly string[];
  /** DNS names. @default none */
  readonly hosts?: readonly string[];
  /** IP addresses. @default none */
  readonly addresses?: readonly string[];
  /** @default yesterday */
  readonly notBefore?: Date;
  /** @default tomorrow */
  readonly notAfter?: Date;
}

/** Signs certificates. */
export interface Authority {
  /** Its own certificate, as PEM: what `ca` trusts. */
  readonly ca: string;
  issue(subject?: Subject): Promise<Pair>;
}

/** Certificates of members of one cluster, by name. */
export async function issueMembers(
  authority: Authority,
  cluster: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, Pair>> {
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const uris = [`quorate://${cluster}/member/${name}`];
        return [name, await authority.issue({ uris })] as const;
      }),
    ),
  );
}

/** Makes an authority that nobody else trusts. */
export async function makeAuthority(name: string = 'Quorate test authority'): Promise<Authority> {
  cryptoProvider.set(webcrypto as Crypto);
  const keys = await makeKeys();
  const validity = {
    notBefore: new Date(Date.now() - dayMs),
    notAfter: new Date(Date.now() + dayMs),
  };
  const own = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    signingAlgorithm: algorithm,
    ...validity,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  });
  return {
    ca: own.toString('pem'),
    issue: async ({ uris = [], hosts = [], addresses = [], ...times } = {}) => {
      const subjectKeys = await makeKeys();
      const names: JsonGeneralName[] = [
        ...uris.map((value) => ({ type: 'url' as const, value })),
        ...hosts.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ];
      const certificate = await X509CertificateGenerator.create({
        subject: 'CN=quorate',
        issuer: own.subject,
        publicKey: subjectKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm: algorithm,
        ...validity,
        ...times,
        extensions: names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)],
      });
      return { cert: certificate.toString('pem'), key: await toPem(subjectKeys.privateKey) };
    },
  };
}

function makeKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

async function toPem(key: CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}
