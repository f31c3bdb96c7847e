/**
 * Serves the clients of one node: the other half of `@quorate/client`.
 *
 * ```ts
 * const server = await serveClients({ service: replica.service, links: tcpLinks(), listen: '127.0.0.1:7101' });
 * await server.close();
 * ```
 *
 * @packageDocumentation
 */
import { checkServerOptions, type ServerOptions } from './options.ts';
import { ClientServer } from './server.ts';

export type { ServerOptions, Visitor } from './options.ts';
export type { ClientServer } from './server.ts';

/**
 * Serves clients until it is closed. To be closed before the replica.
 *
 * @throws InvalidArgumentError if an option can never work.
 * @throws TransportFailedError if it cannot listen.
 */
export async function serveClients(options: ServerOptions): Promise<ClientServer> {
  return new ClientServer(checkServerOptions(options)).start();
}
