/**
 * Addresses as people write them: `host:port`, `[2001:db8::1]:port`.
 */
import { InvalidArgumentError, maxAddressBytes } from '@quorate/core';

/** Where to listen or to dial. */
export interface Address {
  /** A name or an IP address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number;
}

const pattern = /^(?:\[([0-9a-f:.%\w]+)\]|([^\s:[\]/]+)):(\d{1,5})$/i;

/**
 * Reads an address.
 *
 * @param what names it in the error.
 * @throws InvalidArgumentError if it is none.
 */
export function parseAddress(text: string, what: string): Address {
  const match = text.length <= maxAddressBytes ? pattern.exec(text) : null;
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port > 65_535) {
    throw new InvalidArgumentError(
      `${what} must be 'host:port' or '[ipv6]:port', got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return { host, port };
}

/** Writes an address so that `parseAddress` reads it back. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Whether what is sent there never leaves this machine: an address of loopback (RFC 1122, section 3.2.1.3),
 * or `localhost` (RFC 6761, section 6.3). Any other name may mean anything, `127.example` too.
 */
export function isLoopback(host: string): boolean {
  return host === '::1' || /^127(\.\d{1,3}){3}$/.test(host) || /^localhost$/i.test(host);
}

/** The first of these addresses that is not on loopback; `undefined` if all are. */
export function beyondLoopback(addresses: readonly string[]): string | undefined {
  return addresses.find((address) => !isLoopback(parseAddress(address, 'an address').host));
}

/** Whether the host stands for all interfaces, so that nobody can dial it. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '0:0:0:0:0:0:0:0';
}
