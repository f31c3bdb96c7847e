/**
 * An address: whoever listens there, alone, and those who dial it.
 *
 * Channels do not know who has joined them, so whoever wants to listen asks, and waits a moment for
 * somebody to say that the address is taken. Of two that ask at once the one with the lesser claim has it.
 * Web Locks would need no waiting, and are not everywhere.
 */
import { TransportFailedError } from '@quorate/core';
import type { Link, LinkHandler, Listener } from '@quorate/connections';
import {
  drawName,
  hear,
  type PlaceMessage,
  placeName,
  type PlatformBroadcastChannel,
  readPlaceMessage,
  type Surroundings,
} from './channel.ts';
import { BroadcastLink } from './link.ts';

type Accept = (link: Link) => LinkHandler | undefined;

/**
 * Dials an address, until somebody there accepts or the link is given up. A tab that goes tells nobody; but
 * who takes its place does, and then the link is lost.
 */
export function dialPlace(
  surroundings: Surroundings,
  address: string,
  handler: (link: Link) => LinkHandler,
): Link {
  const { BroadcastChannel, runtime } = surroundings;
  const channel = new BroadcastChannel(placeName(address));
  const link = new BroadcastLink(surroundings, address, () => {
    channel.close();
  });
  link.attach(handler(link));
  if (link.closed) return link;
  const dial: PlaceMessage = { type: 'dial', dial: drawName(runtime) };
  let isAccepted = false;
  hear(channel, readPlaceMessage, (message) => {
    if (message.type === 'listening') {
      if (isAccepted) link.lose('another one listens there by now');
      else channel.postMessage(dial);
    } else if (message.type === 'accept' && message.dial === dial.dial && !isAccepted) {
      isAccepted = true;
      link.join(message.link);
    }
  });
  channel.postMessage(dial);
  return link;
}

/**
 * Listens at an address.
 *
 * @param claimMs how long it waits for somebody to say that the address is taken.
 * @throws TransportFailedError if it is.
 */
export function listenAt(
  surroundings: Surroundings,
  address: string,
  claimMs: number,
  accept: Accept,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const place = new Place(surroundings, address, accept);
    const { runtime } = surroundings;
    const timer = runtime.setTimer(claimMs, () => {
      place.listen();
      resolve(place);
    });
    place.claim(() => {
      timer.cancel();
      reject(
        new TransportFailedError(
          `cannot listen at ${address}: another tab or worker does; close it first, or take another address`,
        ),
      );
    });
  });
}

class Place implements Listener {
  readonly address: string;
  readonly #surroundings: Surroundings;
  readonly #accept: Accept;
  readonly #channel: PlatformBroadcastChannel;
  readonly #claim: string;
  /** Dials whose links stand. */
  readonly #accepted = new Set<string>();
  #state: 'claiming' | 'listening' | 'closed' = 'claiming';

  constructor(surroundings: Surroundings, address: string, accept: Accept) {
    const { BroadcastChannel, runtime } = surroundings;
    this.address = address;
    this.#surroundings = surroundings;
    this.#accept = accept;
    this.#claim = drawName(runtime);
    this.#channel = new BroadcastChannel(placeName(address));
  }

  /** @param onTaken called at most once, before `listen`. */
  claim(onTaken: () => void): void {
    hear(this.#channel, readPlaceMessage, (message) => {
      switch (this.#state) {
        case 'claiming':
          if (this.#loses(message)) {
            void this.close();
            onTaken();
          }
          break;
        case 'listening':
          if (message.type === 'claim') this.#say({ type: 'taken', claim: message.claim });
          else if (message.type === 'dial') this.#dialled(message.dial);
          break;
        case 'closed':
          break;
      }
    });
    this.#say({ type: 'claim', claim: this.#claim });
  }

  /** The claim was good. */
  listen(): void {
    this.#state = 'listening';
    this.#say({ type: 'listening' });
  }

  close(): Promise<void> {
    if (this.#state !== 'closed') {
      this.#state = 'closed';
      this.#channel.close();
    }
    return Promise.resolve();
  }

  /** Whether the address is somebody else's. Answers who claims it too, and has come second. */
  #loses(message: PlaceMessage): boolean {
    if (message.type === 'taken') return message.claim === this.#claim;
    if (message.type !== 'claim') return message.type === 'listening';
    // Said to oneself: the other one may have come too late to hear this claim, and would listen too.
    if (message.claim < this.#claim) return true;
    this.#say({ type: 'taken', claim: message.claim });
    return false;
  }

  #dialled(dial: string): void {
    // It may have heard that somebody listens after it had dialled, and dial again.
    if (this.#accepted.has(dial)) return;
    const link = new BroadcastLink(this.#surroundings, `${this.address}, by ${dial}`, () => {
      this.#accepted.delete(dial);
    });
    const handler = this.#accept(link);
    if (handler === undefined) return;
    this.#accepted.add(dial);
    link.attach(handler);
    const name = drawName(this.#surroundings.runtime);
    link.host(name);
    this.#say({ type: 'accept', dial, link: name });
  }

  #say(message: PlaceMessage): void {
    this.#channel.postMessage(message);
  }
}
