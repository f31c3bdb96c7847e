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

/** Whether the host stands for all interfaces, so that nobody can dial it. */
export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === '0:0:0:0:0:0:0:0';
}
