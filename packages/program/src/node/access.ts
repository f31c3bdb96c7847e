/**
 * Who gets in at a node and what it is let in by, worked out before anything of it is opened; and the links of a
 * client, which give no token away.
 */
import { beyondLoopback, identityUri, judgeMember } from '@quorate/connections';
import { type ClientPolicy, clientPolicy, modeForOthers } from '@quorate/connections/access';
import type { ClientCertificates, TlsOptions, TlsTrust } from '@quorate/connections/node';
import type { Logger } from '@quorate/core';
import { type TcpLinks, tcpLinks } from '@quorate/transport-tcp';
import { ProgramError } from '../errors.ts';

/** What a node was told. */
export interface NodeAccessOptions {
  readonly node: string;
  readonly cluster: string;
  /** Paths of PEM files. @default plain text */
  readonly tls?: TlsOptions | undefined;
  /** @default as `clientPolicy` has it */
  readonly clientCertificates?: ClientCertificates | undefined;
  /** Path of a file of tokens. @default nobody is asked for one */
  readonly clientTokens?: string | undefined;
}

/** Who gets in. */
export interface NodeAccess extends ClientPolicy {
  /** Those that clients come by. */
  readonly links: TcpLinks;
}

/**
 * Reads certificates and tokens, and checks that they are this node's and that nobody else can read them.
 *
 * @param addresses where clients are served.
 * @throws InvalidArgumentError for a file that cannot be used, or certificates that are asked for without TLS.
 * @throws ProgramError with the code INSECURE if tokens could be read on their way, and with OTHER_MEMBER,
 *   OTHER_CLUSTER, NOT_A_MEMBER or CERTIFICATE_NAMELESS if the certificate is not this node's.
 */
export function nodeAccess(
  options: NodeAccessOptions,
  addresses: readonly string[],
  logger: Logger,
): NodeAccess {
  const { tls } = options;
  const policy = clientPolicy({ ...options, logger });
  const open = beyondLoopback(addresses);
  if (policy.tokens !== undefined && tls === undefined && open !== undefined) {
    throw new ProgramError(
      'INSECURE',
      `tokens would be readable on their way to ${open}: without TLS only an address of loopback takes them; ` +
        'pass --tls-ca, --tls-cert and --tls-key, or listen on 127.0.0.1',
    );
  }
  const { clientCertificates } = policy;
  const links = tcpLinks({ logger, ...(tls !== undefined && { tls, clientCertificates }) });
  if (tls !== undefined) {
    refuseOtherCertificate(options, tls, links);
    const mode = modeForOthers(tls.key);
    if (mode !== undefined) {
      logger.warn(
        `others than its owner may use the private key ${tls.key} (mode ${mode}); chmod 600 it, and renew the certificate if others may have seen it`,
      );
    }
  }
  return { ...policy, links };
}

/** The transport finds this out, too, but only after the node has written down what it was told. */
function refuseOtherCertificate(
  { cluster, node: name }: NodeAccessOptions,
  tls: TlsOptions,
  { identity }: Pick<TcpLinks, 'identity'>,
): void {
  const wrong = judgeMember(identity, { type: 'member', cluster, name });
  if (wrong === undefined) return;
  const shown = identity === undefined ? 'nobody' : identityUri(identity);
  const needed = identityUri({ role: 'member', cluster, name });
  throw new ProgramError(
    identity === undefined ? 'CERTIFICATE_NAMELESS' : wrong.code,
    `${tls.cert} is the certificate of ${shown}; this node needs one with the URI ${needed} as its one quorate:// name`,
  );
}

/** How a client gets in, and where. */
export interface ClientLinksOptions {
  readonly endpoints: readonly string[];
  /** Whom to trust, and what to show. @default plain text */
  readonly tls?: TlsTrust | undefined;
  readonly token?: string | undefined;
}

/**
 * The links of a client.
 *
 * @throws ProgramError with the code INSECURE if the token could be read on its way.
 * @throws InvalidArgumentError for certificates that cannot work.
 */
export function clientLinks({ endpoints, tls, token }: ClientLinksOptions): TcpLinks {
  const open = token === undefined || tls !== undefined ? undefined : beyondLoopback(endpoints);
  if (open !== undefined) {
    throw new ProgramError(
      'INSECURE',
      `the token would be readable on its way to ${open}; pass --tls-ca, so that TLS is spoken`,
    );
  }
  return tcpLinks(tls === undefined ? {} : { tls });
}
