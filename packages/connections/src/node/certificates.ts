/**
 * What certificates say: the identity in their subject alternative name, and why one is refused.
 */
import type { X509Certificate } from 'node:crypto';
import { type Identity, parseIdentityUri } from '../identity.ts';
import type { LinkCode } from '../link.ts';

/**
 * The text form of a subject alternative name is `type:value` joined by `, `. A value with a character
 * that could be taken for another part of the text is a JSON string (Node's answer to CVE-2021-44532).
 * Read strictly: a text that is not exactly of this form holds no name at all.
 */
const entry = /(URI|[A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,"]*))(?:, |$)/y;

/** Longest text that is read. */
const maxTextLength = 16 * 1024;

/** The URIs of a subject alternative name, as Node writes it; none where the text is not sound. */
export function urisOf(subjectAltName: string | undefined): readonly string[] {
  if (subjectAltName === undefined || subjectAltName.length > maxTextLength) return [];
  const uris: string[] = [];
  entry.lastIndex = 0;
  while (entry.lastIndex < subjectAltName.length) {
    const match = entry.exec(subjectAltName);
    if (match === null) return [];
    const [, type, quoted, plain = ''] = match;
    if (type === 'URI') uris.push(quoted === undefined ? plain : unquote(quoted));
  }
  return uris;
}

/** An escape that JSON does not know makes a text that is no identity either. */
function unquote(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}

/** Who a certificate is for: its one `quorate://` URI. @returns `undefined` for none and for several. */
export function identityOf(certificate: X509Certificate): Identity | undefined {
  const named = urisOf(certificate.subjectAltName).filter((uri) => /^quorate:/i.test(uri));
  const [uri] = named;
  return named.length === 1 && uri !== undefined ? parseIdentityUri(uri) : undefined;
}

/** The code for what OpenSSL says of a chain. */
export function codeOfVerification(reason: string): LinkCode {
  return reason === 'CERT_HAS_EXPIRED' || reason === 'CERT_NOT_YET_VALID'
    ? 'CERTIFICATE_EXPIRED'
    : 'CERTIFICATE_UNTRUSTED';
}
