/**
 * Finds out early that an address is taken, before anything is done that would have to be undone.
 */
import { createServer } from 'node:net';
import { listenError } from '../http/listen-error.ts';
import type { Address } from './address.ts';

/**
 * Listens there for a moment.
 *
 * @param option the one that chooses another address.
 * @throws ServiceError with the code BUSY_PORT, or TRANSPORT_FAILED where nobody can listen there.
 */
export function checkFree(address: Address, option: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (cause) => {
      reject(listenError(address, option, cause));
    });
    server.listen(address.port, address.host, () => {
      server.close(() => {
        resolve();
      });
    });
  });
}
