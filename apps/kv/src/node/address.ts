/**
 * Addresses of the form `host:port`, with IPv6 hosts in brackets: `[::1]:7401`.
 */
import { InvalidArgumentError } from '@quorate/core';

/** Where something listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `host:port`.
 *
 * @throws InvalidArgumentError if the text is not of that form. Port 0 ("any free one") is refused:
 * others must know the address, and so must this node after a restart.
 */
export function parseAddress(text: string, what: string): Address {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (host === undefined || port < 1 || port > 65_535) {
    throw new InvalidArgumentError(
      `${what} must be HOST:PORT, such as 127.0.0.1:7401, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  return { host, port };
}

/** `host:port`, with brackets where the host needs them. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`;
}
