/**
 * Links between the tabs and workers of one site.
 */
import {
  InvalidArgumentError,
  type Runtime,
  systemRuntime,
  TransportFailedError,
} from '@quorate/core';
import {
  checkTimes,
  type Expected,
  type Link,
  type LinkHandler,
  type Links,
  type Listener,
  type Platform,
  portablePlatform,
  refuseUnknown,
} from '@quorate/connections';
import { type BroadcastChannelConstructor, checkAddress, type Surroundings } from './channel.ts';
import { dialPlace, listenAt } from './place.ts';

/** Where links find their surroundings. */
export interface BroadcastOptions {
  /**
   * How long whoever wants to listen waits for somebody to say that the address is taken. A tab that
   * stands still for longer than this is overlooked. @default 100
   */
  readonly claimMs?: number;
  /** @default globalThis.BroadcastChannel */
  readonly BroadcastChannel?: BroadcastChannelConstructor;
}

/** Names of these options. */
export const broadcastOptionNames: readonly string[] = ['claimMs', 'BroadcastChannel'];

/** Options of {@link broadcastLinks}. */
export interface BroadcastLinksOptions extends BroadcastOptions {
  /** @default systemRuntime */
  readonly runtime?: Runtime;
}

/**
 * Makes links between tabs and workers. Addresses are names of your choice, one for all tabs of the site:
 * `todo/a`.
 *
 * @throws InvalidArgumentError for options that can never work, and where there is no BroadcastChannel.
 */
export function broadcastLinks(options: BroadcastLinksOptions = {}): Links {
  refuseUnknown(options, [...broadcastOptionNames, 'runtime'], 'broadcastLinks');
  const { claimMs = 100, runtime = systemRuntime } = options;
  const { BroadcastChannel = channelOfPlatform() } = options;
  checkTimes({ claimMs });
  if (BroadcastChannel === undefined) {
    throw new InvalidArgumentError(
      'this platform has no BroadcastChannel; hand one in as an option',
    );
  }
  return new LinksOfSite({ runtime, BroadcastChannel }, claimMs);
}

class LinksOfSite implements Links {
  readonly proves = false;
  readonly identity = undefined;
  readonly platform: Platform = portablePlatform;
  readonly #surroundings: Surroundings;
  readonly #claimMs: number;

  constructor(surroundings: Surroundings, claimMs: number) {
    this.#surroundings = surroundings;
    this.#claimMs = claimMs;
  }

  dial(address: string, _expected: Expected, handler: (link: Link) => LinkHandler): Link {
    return dialPlace(this.#surroundings, checkAddress(address, 'address'), handler);
  }

  async listen(
    address: string | undefined,
    accept: (link: Link) => LinkHandler | undefined,
  ): Promise<Listener> {
    if (address === undefined) throw new TransportFailedError('there is no address to listen at');
    checkAddress(address, 'listen');
    return listenAt(this.#surroundings, address, this.#claimMs, accept);
  }
}

/** @returns `undefined` where there is none, whatever the types say. */
function channelOfPlatform(): BroadcastChannelConstructor | undefined {
  const { BroadcastChannel }: { readonly BroadcastChannel?: BroadcastChannelConstructor } =
    globalThis;
  return BroadcastChannel;
}
