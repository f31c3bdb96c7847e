/**
 * Ports that are taken: found out early, and told in our own words.
 */
import { createServer } from 'node:net';
import { formatAddress, type Address } from '@quorate/connections/address';
import { describeError, TransportFailedError } from '@quorate/core';
import { addressOf } from '../addresses.ts';
import { hasSystemCode, ProgramError } from '../errors.ts';

/**
 * Listens there for a moment, before anything is done that would have to be undone.
 *
 * @param option the one that chooses another address.
 * @throws ProgramError with the code BUSY_PORT, or TRANSPORT_FAILED where nobody can listen there.
 */
export function checkFree(address: Address, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => reject(listenError(address, option, cause)));
    server.listen(address.port, address.host, () => server.close(() => resolve()));
  });
}

/** Why an address cannot be listened on. @param option the one that chooses another address. */
export function listenError(address: Address, option: string, cause: unknown): ProgramError {
  const where = formatAddress(address);
  if (hasSystemCode(cause, 'EADDRINUSE')) {
    return new ProgramError(
      'BUSY_PORT',
      `port ${String(address.port)} is busy: another program listens on ${where}; ` +
        `stop it, or choose another address with ${option}`,
      { cause },
    );
  }
  return new ProgramError(
    'TRANSPORT_FAILED',
    `cannot listen on ${where}: ${describeError(cause)}; choose another address with ${option}`,
    { cause },
  );
}

/** Where it was the address that could not be listened on, the {@link listenError}; anything else as it is. */
export function explainListening(error: unknown, address: string, option: string): unknown {
  return error instanceof TransportFailedError || hasSystemCode(error, 'EADDRINUSE')
    ? listenError(addressOf(address, 'address'), option, error)
    : error;
}
