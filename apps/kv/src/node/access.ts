/**
 * Who gets in over HTTP: whoever gets in as a client, by a name and from a page that the node knows.
 */
import type { ClientPolicy } from '@quorate/connections/access';
import type { HttpAccess } from '../http/server.ts';
import type { NodeConfig } from './config.ts';

/** What HTTP goes by. */
export function httpAccessOf(
  config: NodeConfig,
  { clientCertificates, tokens }: ClientPolicy,
): HttpAccess {
  const { cluster, tls, httpHosts: hosts, httpOrigins: origins = [] } = config;
  return { cluster, tls, clientCertificates, tokens, hosts, origins };
}
