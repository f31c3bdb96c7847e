/**
 * Where sockets come from: the one place that knows how connections are opened and accepted.
 */
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describeError, TransportFailedError } from '@quorate/core';
import { type Address, formatAddress } from './address.ts';

/** Starts to open a connection. Small frames leave at once (TCP_NODELAY): they are batches already. */
export function dial(address: Address): Socket {
  return connect({ ...address, noDelay: true });
}

/**
 * Listens.
 *
 * @throws TransportFailedError if the address cannot be used.
 */
export function listen(address: Address, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, accept);
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
      resolve(server);
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
