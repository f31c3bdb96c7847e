/**
 * Addresses and members as people write them on a command line.
 */
import { type Address, formatAddress, parseAddress } from '@quorate/connections/address';
import {
  checkName,
  describeError,
  InvalidArgumentError,
  type Member,
  membershipOf,
} from '@quorate/core';

/**
 * Reads `host:port`.
 *
 * @throws InvalidArgumentError if it is none. Port 0 ("any free one") is refused: others must know the address, and
 *   so must this node after a restart.
 */
export function addressOf(text: string, what: string): Address {
  let address: Address | undefined;
  try {
    address = parseAddress(text, what);
  } catch {
    // Said below, with an example.
  }
  if (address !== undefined && address.port > 0) return address;
  throw new InvalidArgumentError(
    `${what} must be HOST:PORT, such as 127.0.0.1:7401, got ${JSON.stringify(text.slice(0, 80))}`,
  );
}

/**
 * Addresses out of `host:1,2,other:3`; a bare port stands for the host before it.
 *
 * @param example shown where the text is of another form.
 * @throws InvalidArgumentError if one of them is none.
 */
export function addressesOf(text: string, what: string, example: string): readonly string[] {
  let host = '127.0.0.1';
  return text.split(',').map((part) => {
    const item = part.trim();
    const whole = /^\d+$/.test(item) ? formatAddress({ host, port: Number(item) }) : item;
    try {
      const address = addressOf(whole, what);
      ({ host } = address);
      return formatAddress(address);
    } catch (cause) {
      throw new InvalidArgumentError(
        `${what} must be a list like ${example}, got ${JSON.stringify(text.slice(0, 120))}`,
        { cause },
      );
    }
  });
}

/**
 * One member out of `n1=host:port`.
 *
 * @throws InvalidArgumentError if the text is not of that form.
 */
export function memberOfText(text: string, what: string): Member & { readonly address: string } {
  const at = text.indexOf('=');
  if (at < 0) {
    throw new InvalidArgumentError(
      `${what} must be NODE=HOST:PORT, got ${JSON.stringify(text.slice(0, 80))}`,
    );
  }
  const address = text.slice(at + 1).trim();
  addressOf(address, what);
  return { id: checkName(text.slice(0, at).trim(), what), address };
}

/**
 * Members out of `n1=host:port,n2=host:port`.
 *
 * @throws InvalidArgumentError if the text is not of that form, or names one twice.
 */
export function membersOfText(text: string, what: string): readonly Member[] {
  return checkMembers(
    text.split(',').map((item) => memberOfText(item, what)),
    what,
  );
}

/** @throws InvalidArgumentError if they can be no group: two of one name, for instance. */
export function checkMembers(members: readonly Member[], what: string): readonly Member[] {
  if (members.length === 0) return [];
  try {
    return membershipOf(members).voters;
  } catch (cause) {
    throw new InvalidArgumentError(`${what}: ${describeError(cause)}`, { cause });
  }
}

/** `n1=host:port,n2=host:port`. */
export function formatMembers(members: readonly Member[]): string {
  return members.map(({ id, address }) => `${id}=${address ?? ''}`).join(',');
}
