/**
 * Listening on a port, and what to do when that fails.
 */
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describeError, type Logger, TransportFailedError } from '@quorate/core';
import { type Address, formatAddress } from '../address.ts';

/** A port that is listened on. */
export interface Port {
  /** The port that was free, in the place of port 0. */
  readonly address: Address;
  /** Accepts nothing any more, and settles when every accepted socket is gone. Idempotent. */
  close(): Promise<void>;
}

/**
 * Listens. Small frames leave at once (TCP_NODELAY): they are batches already.
 *
 * @throws TransportFailedError if the address cannot be used.
 */
export function listenOn(
  address: Address,
  accept: (socket: Socket) => void,
  logger: Logger,
): Promise<Port> {
  const server = createServer({ noDelay: true }, accept);
  let closing: Promise<void> | undefined;
  return new Promise((resolve, reject) => {
    const refuse = (error: NodeJS.ErrnoException): void => {
      reject(
        new TransportFailedError(`cannot listen on ${formatAddress(address)}: ${explain(error)}`, {
          cause: error,
        }),
      );
    };
    server.once('error', refuse);
    server.listen(address, () => {
      server.off('error', refuse);
      // Out of file descriptors, for instance: connections that stand go on.
      server.on('error', (error) => {
        logger.error(`cannot accept connections: ${describeError(error)}`);
      });
      const { port } = server.address() as AddressInfo;
      resolve({
        address: { ...address, port },
        close: () => {
          closing ??= new Promise((done) => {
            server.close(() => done());
          });
          return closing;
        },
      });
    });
  });
}

function explain(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case 'EADDRINUSE':
      return 'another process uses this port; stop it, or give this node another port';
    case 'EADDRNOTAVAIL':
      return "this machine has no such address; use one of its own, or listen on 0.0.0.0 and set 'advertise'";
    case 'EACCES':
      return 'this process may not use that port; take one from 1024 on';
    case 'ENOTFOUND':
      return 'the name cannot be resolved; check it';
    case undefined:
    default:
      return describeError(error);
  }
}
