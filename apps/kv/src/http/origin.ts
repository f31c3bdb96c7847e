/**
 * Keeps web pages away. A page in somebody's browser reaches addresses that its author does not, and
 * it has no business with a database on this machine or network.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { serviceError } from '../errors.ts';
import { isLoopback } from '../node/address.ts';

/**
 * Refuses what a page of another origin sends. Two ways lead here:
 *
 * - Simple requests, which browsers send without asking, with the page's `Origin`. Programs that are
 *   not browsers send none.
 * - A name of the attacker's that suddenly resolves to 127.0.0.1 (DNS rebinding): then the page is of
 *   the same origin, and only the name in `Host` gives it away. Where this node listens on loopback
 *   it is reached by an address or as localhost, and by no other name; elsewhere names are normal.
 *
 * @param listensOn the host part of the address that the server listens on.
 * @throws ServiceError with the code FORBIDDEN.
 */
export function refuseWebPages(headers: IncomingHttpHeaders, listensOn: string): void {
  const { origin, host } = headers;
  if (origin !== undefined && origin !== `http://${host ?? ''}`) {
    throw serviceError('FORBIDDEN', 'requests of web pages of another origin are refused');
  }
  if (host !== undefined && isLoopback(listensOn) && !namesThisMachine(host)) {
    throw serviceError(
      'FORBIDDEN',
      'this node listens on loopback: ask for it by an address or as localhost, not by another name',
    );
  }
}

/** An address cannot be rebound, and `localhost` never leaves the machine (RFC 6761, section 6.3). */
function namesThisMachine(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return isIP(name) !== 0 || /^([^.]+\.)*localhost\.?$/i.test(name);
}
