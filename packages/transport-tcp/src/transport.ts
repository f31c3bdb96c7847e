/**
 * The transport over TCP: links over TCP under what all transports on links share.
 */
import { InvalidArgumentError } from '@quorate/core';
import {
  checkMemberOptions,
  formatAddress,
  isWildcard,
  linkTransport,
  type LinkTransport,
  type MemberOptions,
  memberOptionNames,
  parseAddress,
  refuseUnknown,
} from '@quorate/connections';
import type { TlsOptions } from '@quorate/connections/node';
import { tcpLinks } from './links.ts';

/** Options of {@link tcpTransport}. */
export interface TcpTransportOptions extends MemberOptions {
  /** `host:port` to listen on. Port 0 takes a free one; `0.0.0.0` and `[::]` are all interfaces. */
  readonly listen: string;
  /**
   * `host:port` under which others reach this node, where it differs from `listen` (containers,
   * address translation, all interfaces). Port 0 stands for the port that is listened on.
   *
   * @default listen
   */
  readonly advertise?: string;
  /**
   * Encrypts, and lets in whoever proves to be a member of the cluster. All nodes, or none.
   *
   * @default none: names are believed
   */
  readonly tls?: TlsOptions;
}

/** A transport over TCP. */
export interface TcpTransport extends LinkTransport {
  /** Looks at the files of the certificates now. @returns whether something new is in use. */
  reloadCertificates(): boolean;
}

/**
 * Makes a transport over TCP; nothing is opened before `start`.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function tcpTransport(options: TcpTransportOptions): TcpTransport {
  refuseUnknown(options, ['listen', 'advertise', 'tls', ...memberOptionNames], 'tcpTransport');
  const settings = checkMemberOptions(options);
  const listen = parseAddress(options.listen, 'listen');
  const advertise =
    options.advertise === undefined ? listen : parseAddress(options.advertise, 'advertise');
  if (isWildcard(advertise.host)) {
    throw new InvalidArgumentError(
      `listening on all interfaces (${options.listen}) does not say where others reach this node: set 'advertise'`,
    );
  }
  const { runtime, logger } = settings;
  const { tls } = options;
  const links = tcpLinks(tls === undefined ? { runtime, logger } : { tls, runtime, logger });
  const transport = linkTransport(
    links,
    {
      address: options.listen,
      advertise: (bound) =>
        formatAddress({
          ...advertise,
          port: advertise.port === 0 ? parseAddress(bound, 'bound').port : advertise.port,
        }),
    },
    settings,
  );
  return Object.assign(transport, { reloadCertificates: () => links.reload() });
}
