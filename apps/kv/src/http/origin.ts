/**
 * Keeps web pages away. A page in somebody's browser reaches addresses that its author does not, and
 * it has no business with a database on this machine or network, unless it was named.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '@quorate/connections';
import { serviceError } from '../errors.ts';
import type { Reply } from './reply.ts';

/** Which pages may ask, and under which names this node is asked. */
export interface PageRules {
  /** The host part of the address that the server listens on. */
  readonly listensOn: string;
  /** Whether it speaks HTTPS. */
  readonly isSecure: boolean;
  /** Names that lead here, in lower case, besides addresses and `localhost`. */
  readonly hosts: readonly string[] | undefined;
  /** Pages of other origins that may ask, as `https://example.org`. */
  readonly origins: readonly string[];
}

/** What pages that may ask can use; all else of an answer browsers keep to themselves. */
const exposedHeaders = [
  'quorate-revision',
  'quorate-create-revision',
  'quorate-version',
  'quorate-lease',
  'quorate-read-revision',
  'quorate-contact-age-ms',
  'quorate-applied-index',
  'quorate-commit-index',
  'quorate-snapshot-index',
].join(', ');

/** How long a browser may go by what it was told once. */
const preflightSeconds = '600';

/**
 * Refuses what a page of another origin sends. Two ways lead here:
 *
 * - Simple requests, which browsers send without asking, with the page's `Origin`. Programs that are
 *   not browsers send none.
 * - A name of the attacker's that suddenly resolves to 127.0.0.1 (DNS rebinding): then the page is of
 *   the same origin, and only the name in `Host` gives it away. Where this node listens on loopback
 *   it is reached by an address or as localhost, and by no other name; elsewhere names are normal, until
 *   somebody says which ones.
 *
 * @throws ServiceError with the code FORBIDDEN.
 */
export function refuseWebPages(headers: IncomingHttpHeaders, rules: PageRules): void {
  const { origin, host } = headers;
  if (origin !== undefined && !isOwn(origin, host, rules) && !rules.origins.includes(origin)) {
    throw serviceError(
      'FORBIDDEN',
      'requests of web pages of another origin are refused; --http-origins names those that may ask',
    );
  }
  const { listensOn, hosts } = rules;
  if (host === undefined || (hosts === undefined && !isLoopback(listensOn))) return;
  const name = nameOf(host);
  if (isOwnAddress(name) || hosts?.includes(name) === true) return;
  throw serviceError(
    'FORBIDDEN',
    hosts === undefined
      ? 'this node listens on loopback: ask for it by an address or as localhost, not by another name; --http-hosts allows for names'
      : 'ask for this node by an address, as localhost, or by one of the names in --http-hosts',
  );
}

/** What a browser wants to see beside an answer before it shows it to a page that may ask (Fetch, section 3.3). */
export function crossOriginHeaders(
  { origin, host }: IncomingHttpHeaders,
  rules: PageRules,
): Readonly<Record<string, string>> {
  if (rules.origins.length === 0) return {};
  // Said without an origin too: a cache must not give the answer for one to another.
  const vary = { vary: 'origin' };
  if (origin === undefined || isOwn(origin, host, rules) || !rules.origins.includes(origin)) {
    return vary;
  }
  return {
    ...vary,
    'access-control-allow-origin': origin,
    'access-control-expose-headers': exposedHeaders,
  };
}

/**
 * The answer to a browser that asks whether a page may send what is no simple request (a *preflight*,
 * without any token). Whether it may at all {@link refuseWebPages} has judged.
 *
 * @returns `undefined` if the request is none.
 */
export function preflightReply(
  method: string | undefined,
  { origin, host, ...headers }: IncomingHttpHeaders,
  rules: PageRules,
): Reply | undefined {
  const isPreflight =
    method === 'OPTIONS' &&
    origin !== undefined &&
    !isOwn(origin, host, rules) &&
    headers['access-control-request-method'] !== undefined;
  if (!isPreflight) return undefined;
  return {
    status: 204,
    headers: {
      'access-control-allow-methods': 'GET, HEAD, PUT, POST, DELETE',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': preflightSeconds,
    },
    body: '',
  };
}

/** Whether a page comes from this very server. */
function isOwn(origin: string, host: string | undefined, { isSecure }: PageRules): boolean {
  return origin === `${isSecure ? 'https' : 'http'}://${host ?? ''}`;
}

/** The name in a `Host` field, without port, brackets and the dot of the root. */
function nameOf(host: string): string {
  return host
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase();
}

/** An address cannot be rebound, and `localhost` never leaves the machine (RFC 6761, section 6.3). */
function isOwnAddress(name: string): boolean {
  return isIP(name) !== 0 || /^([^.]+\.)*localhost$/.test(name);
}
