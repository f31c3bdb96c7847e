/**
 * Who is on the other side: what a certificate proves, and what is expected.
 *
 * Identities stand in certificates as URIs in the subject alternative name, as workload identities do
 * elsewhere (SPIFFE): `quorate://<cluster>/member/<id>` and `quorate://<cluster>/client/<name>`, each
 * part percent-encoded. Host names prove nothing about members: they move, and share machines.
 */
import type { LinkEnd } from './link.ts';

/** What a certificate proves. */
export interface Identity {
  readonly role: 'member' | 'client';
  readonly cluster: string;
  /** Id of the member, or name of the client. */
  readonly name: string;
}

/** Who has to be at an address that is dialled. */
export type Expected =
  /** A member of this cluster; `name` says which one, and any will do without it. */
  | { readonly type: 'member'; readonly cluster: string; readonly name?: string }
  /** Whoever has a certificate for the host that is dialled, as on the web, unless it is one that was made for a client. */
  | { readonly type: 'host' };

const pattern = /^quorate:\/\/([^/?#]+)\/(member|client)\/([^/?#]+)$/;

/** Longest URI that is looked at, in characters. */
const maxUriLength = 512;

/** Writes an identity as the URI that stands in a certificate. */
export function identityUri({ cluster, role, name }: Identity): string {
  return `quorate://${encodeURIComponent(cluster)}/${role}/${encodeURIComponent(name)}`;
}

/** Reads such a URI. @returns `undefined` if it is none, or is written in another way than ours. */
export function parseIdentityUri(uri: string): Identity | undefined {
  const match = uri.length <= maxUriLength ? pattern.exec(uri) : null;
  const [, cluster, role, name] = match ?? [];
  if (cluster === undefined || name === undefined) return undefined;
  try {
    const identity: Identity = {
      role: role === 'member' ? 'member' : 'client',
      cluster: decodeURIComponent(cluster),
      name: decodeURIComponent(name),
    };
    // One spelling for each: an authority that compares texts must not be got round by another.
    return identityUri(identity) === uri ? identity : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Judges what a certificate proves.
 *
 * @returns why the other side is not the member that was expected; `undefined` if it is.
 */
export function judgeMember(
  identity: Identity | undefined,
  expected: Extract<Expected, { readonly type: 'member' }>,
): LinkEnd | undefined {
  if (identity === undefined) {
    return { code: 'CERTIFICATE_MISSING', detail: 'nothing proves who it is' };
  }
  const shown = `its certificate is for ${identityUri(identity)}`;
  if (identity.cluster !== expected.cluster) return { code: 'OTHER_CLUSTER', detail: shown };
  if (identity.role !== 'member') return { code: 'NOT_A_MEMBER', detail: shown };
  if (expected.name !== undefined && identity.name !== expected.name) {
    return { code: 'OTHER_MEMBER', detail: `${shown}, not for ${expected.name}` };
  }
  return undefined;
}

/**
 * Judges what the certificate of a side that was dialled proves.
 *
 * @param namesHost whether the certificate is for the host that was dialled.
 * @returns why it is not the one that was expected; `undefined` if it is.
 */
export function judgeExpected(
  identity: Identity | undefined,
  expected: Expected,
  namesHost: () => boolean,
): LinkEnd | undefined {
  switch (expected.type) {
    case 'member':
      return judgeMember(identity, expected);
    case 'host':
      if (!namesHost()) return { code: 'OTHER_HOST' };
      // The authority has said what it is for, and it is not to be taken for a node by other clients of that host.
      return identity?.role === 'client'
        ? { code: 'NOT_A_MEMBER', detail: `its certificate is for ${identityUri(identity)}` }
        : undefined;
  }
}
