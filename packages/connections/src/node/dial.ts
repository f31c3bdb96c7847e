/**
 * Dialling: a socket that stands, and what the other side has proven.
 */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { Address } from '../address.ts';
import { type Expected, type Identity, judgeExpected } from '../identity.ts';
import type { LinkEnd } from '../link.ts';
import { codeOfVerification, identityOf } from './certificates.ts';
import type { Credentials } from './credentials.ts';

/** What comes of a dial, once: a socket that stands, with or without a proof, or nothing. */
export interface Dialling {
  /** At once: errors and the end are whoever's it is. */
  readonly socket: Socket;
  /** Called when it stands. */
  onceOpen(tell: (proof: Proof) => void): void;
  /** What an error of the socket means before it stands. */
  explain(error: NodeJS.ErrnoException): LinkEnd;
}

/** What the other side has shown. */
export type Proof =
  | { readonly type: 'proven'; readonly identity: Identity | undefined }
  | { readonly type: 'unproven'; readonly end: LinkEnd };

/** Starts to connect. Small frames leave at once (TCP_NODELAY): they are batches already. */
export function dialSocket(
  address: Address,
  credentials: Credentials | undefined,
  expected: Expected,
): Dialling {
  if (credentials === undefined) {
    const socket = connectPlain({ ...address, noDelay: true });
    return {
      socket,
      onceOpen: (tell) =>
        socket.once('connect', () => tell({ type: 'proven', identity: undefined })),
      explain: (error) => ({ code: 'UNREACHABLE', detail: error.code ?? error.message }),
    };
  }
  credentials.refresh();
  let isConnected = false;
  const socket = connectTls({
    ...address,
    ...(isIP(address.host) === 0 ? { servername: address.host } : {}),
    secureContext: credentials.context,
    minVersion: 'TLSv1.2',
    // Judged below, before a byte of any protocol is sent or read: here it would only be an error
    // without a code that the other side never hears of.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  socket.setNoDelay(true);
  socket.once('connect', () => {
    isConnected = true;
  });
  return {
    socket,
    onceOpen: (tell) =>
      socket.once('secureConnect', () => tell(judgeServer(socket, address.host, expected))),
    explain: (error) => explainTls(error, isConnected),
  };
}

/** Judges the certificate of a server, its chain first. */
function judgeServer(socket: TLSSocket, host: string, expected: Expected): Proof {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return unproven({ code: 'CERTIFICATE_MISSING' });
  if (!socket.authorized) return unproven(judgeChain(socket));
  const identity = identityOf(certificate);
  if (expected.type === 'member' && identity === undefined) {
    return unproven({ code: 'CERTIFICATE_NAMELESS' });
  }
  // As browsers do: only alternative names count, and `*` stands for a whole label.
  const names = { subject: 'never', partialWildcards: false } as const;
  const namesHost = (): boolean =>
    (isIP(host) === 0 ? certificate.checkHost(host, names) : certificate.checkIP(host)) !==
    undefined;
  const wrong = judgeExpected(identity, expected, namesHost);
  return wrong === undefined ? { type: 'proven', identity } : unproven(wrong);
}

/** Why a chain is not trusted. */
export function judgeChain(socket: TLSSocket): LinkEnd {
  // The types say Error; it is the text of OpenSSL's code, or an error of Node's own.
  const reason: unknown = socket.authorizationError;
  const text = reason instanceof Error ? reason.message : String(reason);
  return { code: codeOfVerification(text), detail: text };
}

function unproven(end: LinkEnd): Proof {
  return { type: 'unproven', end };
}

/** What OpenSSL says when the answer is no TLS at all. */
const noTls = /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST/;

function explainTls(error: NodeJS.ErrnoException, isConnected: boolean): LinkEnd {
  const detail = error.code ?? error.message;
  if (!isConnected) return { code: 'UNREACHABLE', detail };
  if (noTls.test(`${detail} ${error.message}`)) return { code: 'TLS_REFUSED', detail };
  return { code: /SSL|TLS|EPROTO/.test(detail) ? 'TLS_FAILED' : 'LOST', detail };
}
