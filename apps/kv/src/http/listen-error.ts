/**
 * Why an address cannot be listened on, in our own words.
 */
import { hasSystemCode, serviceError } from '../errors.ts';
import { type Address, formatAddress } from '../node/address.ts';

/** @param option the one that chooses another address. */
export function listenError(address: Address, option: string, cause: unknown): Error {
  const where = formatAddress(address);
  if (hasSystemCode(cause, 'EADDRINUSE')) {
    return serviceError(
      'BUSY_PORT',
      `port ${String(address.port)} is busy: another program listens on ${where}; ` +
        `stop it, or choose another address with ${option}`,
      { cause },
    );
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return serviceError(
    'TRANSPORT_FAILED',
    `cannot listen on ${where}: ${reason}; choose another address with ${option}`,
    { cause },
  );
}
