/**
 * The transport between tabs and workers: its links under what all transports on links share.
 */
import {
  checkMemberOptions,
  linkTransport,
  type LinkTransport,
  type MemberOptions,
  memberOptionNames,
  refuseUnknown,
} from '@quorate/connections';
import { checkAddress } from './channel.ts';
import { broadcastLinks, type BroadcastOptions, broadcastOptionNames } from './links.ts';

/** Options of {@link broadcastTransport}. */
export interface BroadcastTransportOptions extends MemberOptions, BroadcastOptions {
  /**
   * Address of this node: a name that no other node of the site has, whatever its cluster. Without it the
   * node only dials, and others answer on the connections that it opens.
   */
  readonly listen?: string;
}

/**
 * Makes a transport between the tabs and workers of one site; nothing is opened before `start`.
 *
 * @throws InvalidArgumentError for options that can never work.
 */
export function broadcastTransport(options: BroadcastTransportOptions = {}): LinkTransport {
  refuseUnknown(
    options,
    ['listen', ...broadcastOptionNames, ...memberOptionNames],
    'broadcastTransport',
  );
  const settings = checkMemberOptions(options);
  const { claimMs, BroadcastChannel, listen } = options;
  const links = broadcastLinks({
    runtime: settings.runtime,
    ...(claimMs === undefined ? {} : { claimMs }),
    ...(BroadcastChannel === undefined ? {} : { BroadcastChannel }),
  });
  if (listen === undefined) return linkTransport(links, undefined, settings);
  const address = checkAddress(listen, 'listen');
  return linkTransport(links, { address, advertise: (bound) => bound }, settings);
}
