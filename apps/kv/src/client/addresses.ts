/**
 * Where nodes serve clients, as people write it.
 */
import { InvalidArgumentError } from '@quorate/core';
import { formatAddress, parseAddress } from '../node/address.ts';

/** Where commands look for nodes unless told: where a demo has them. */
export const defaultAddresses = '127.0.0.1:7501,7502,7503';

/**
 * Addresses out of `host:1,2,other:3`; a bare port stands for the host before it.
 *
 * @throws InvalidArgumentError if one of them is none.
 */
export function parseAddresses(text: string, what: string): readonly string[] {
  let host = '127.0.0.1';
  return text.split(',').map((part) => {
    const item = part.trim();
    const whole = /^\d+$/.test(item) ? formatAddress({ host, port: Number(item) }) : item;
    try {
      const address = parseAddress(whole, what);
      ({ host } = address);
      return formatAddress(address);
    } catch (cause) {
      throw new InvalidArgumentError(
        `${what} must be a list like ${defaultAddresses}, got ${JSON.stringify(text.slice(0, 120))}`,
        { cause },
      );
    }
  });
}
