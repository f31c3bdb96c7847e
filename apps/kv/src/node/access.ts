/**
 * Who gets in at a node, worked out before anything of it is opened.
 */
import { beyondLoopback, identityUri, judgeMember, type Links } from '@quorate/connections';
import { type ClientPolicy, clientPolicy } from '@quorate/connections/access';
import { ServiceError, serviceError } from '../errors.ts';
import type { HttpAccess } from '../http/server.ts';
import type { NodeConfig } from './config.ts';

/**
 * Reads the tokens, and checks that nobody else can.
 *
 * @throws InvalidArgumentError if the file of tokens cannot be used, or certificates are asked for without TLS.
 * @throws ServiceError with the code INSECURE if tokens could be read on their way.
 */
export function clientPolicyOf(config: NodeConfig): ClientPolicy {
  const { tls, http, client } = config;
  const policy = clientPolicy(config);
  const open = beyondLoopback([http, client]);
  if (policy.tokens !== undefined && tls === undefined && open !== undefined) {
    throw serviceError(
      'INSECURE',
      `tokens would be readable on their way to ${open}: without TLS only an address of loopback takes them; ` +
        'pass --tls-ca, --tls-cert and --tls-key, or listen on 127.0.0.1',
    );
  }
  return policy;
}

/** The same for HTTP. */
export function httpAccessOf(config: NodeConfig, policy: ClientPolicy): HttpAccess {
  const { cluster, tls, httpHosts: hosts, httpOrigins: origins = [] } = config;
  return { cluster, tls, ...policy, hosts, origins };
}

/**
 * The transport finds this out, too, but only after the node has written down what it was told.
 *
 * @throws ServiceError with the code OTHER_MEMBER, OTHER_CLUSTER, NOT_A_MEMBER or CERTIFICATE_NAMELESS if the
 *   certificate is not this node's.
 */
export function refuseOtherCertificate(
  config: NodeConfig,
  { identity }: Pick<Links, 'identity'>,
): void {
  const { cluster, node: name, tls } = config;
  if (tls === undefined) return;
  const wrong = judgeMember(identity, { type: 'member', cluster, name });
  if (wrong === undefined) return;
  const shown = identity === undefined ? 'nobody' : identityUri(identity);
  const needed = identityUri({ role: 'member', cluster, name });
  throw new ServiceError(
    identity === undefined ? 'CERTIFICATE_NAMELESS' : wrong.code,
    `${tls.cert} is the certificate of ${shown}; this node needs one with the URI ${needed} as its one quorate:// name`,
  );
}
