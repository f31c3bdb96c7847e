/**
 * One end of a link: a channel that nobody else has joined.
 */
import { concatBytes } from '@quorate/core';
import type { Link, LinkEnd, LinkHandler } from '@quorate/connections';
import {
  hear,
  type LinkMessage,
  linkName,
  type PlatformBroadcastChannel,
  readLinkMessage,
  type Surroundings,
} from './channel.ts';

/**
 * What may be under way without counting as waiting: about what a socket holds. The other end says what it
 * has read each time it is half of that, not for each message.
 */
const windowBytes = 256 * 1024;

const noBytes: Uint8Array = new Uint8Array(0);

/** A link between two tabs or workers. */
export class BroadcastLink implements Link {
  readonly remote: string;
  readonly remoteHost = undefined;
  readonly #surroundings: Surroundings;
  readonly #onClose: () => void;
  #handler: LinkHandler | undefined;
  #channel: PlatformBroadcastChannel | undefined;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #hasEnded = false;
  #wantsDrain = false;
  /** Written here, and not known to be read there. */
  #unreadBytes = 0;
  /** Read here, and not told yet. */
  #untoldBytes = 0;

  /** @param onClose called once, when it is closed. */
  constructor(surroundings: Surroundings, remote: string, onClose: () => void) {
    this.#surroundings = surroundings;
    this.remote = remote;
    this.#onClose = onClose;
  }

  // The platform takes everything at once and says nothing of what became of it: a tab that does not
  // keep up would be sent to without any bound.
  get waitingBytes(): number {
    return Math.max(this.#unreadBytes - windowBytes, 0);
  }

  get needsDrain(): boolean {
    const needs = this.waitingBytes > 0;
    this.#wantsDrain ||= needs;
    return needs;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.#state !== 'open') return;
    // Always copied, since a view would be posted with all of the memory that it is a part of.
    const bytes = concatBytes([noBytes, ...pieces]);
    this.#unreadBytes += bytes.length;
    this.#say({ type: 'data', bytes });
  }

  end(): void {
    if (this.#hasEnded || this.closed) return;
    this.#hasEnded = true;
    this.#say({ type: 'end' });
  }

  destroy(): void {
    if (this.closed) return;
    this.end();
    this.#close({ code: 'LOST', detail: 'given up by this side' });
  }

  // What the place calls.

  attach(handler: LinkHandler): void {
    this.#handler = handler;
  }

  /** This side was dialled: the other one will join this channel. */
  host(link: string): void {
    if (!this.closed) this.#enter(link);
  }

  /** This side has dialled, and was accepted: the other one waits on this channel. */
  join(link: string): void {
    if (this.closed) return;
    this.#enter(link);
    this.#say({ type: 'open' });
    this.#open();
  }

  /** The other end is known to be gone. */
  lose(detail: string): void {
    this.#close({ code: 'LOST', detail });
  }

  #enter(link: string): void {
    const { BroadcastChannel } = this.#surroundings;
    this.#channel = new BroadcastChannel(linkName(link));
    hear(this.#channel, readLinkMessage, (message) => this.#take(message));
  }

  #take(message: LinkMessage): void {
    if (this.closed) return;
    switch (message.type) {
      case 'open':
        this.#open();
        break;
      case 'data':
        this.#received(message.bytes);
        break;
      case 'read':
        this.#wasRead(message.bytes);
        break;
      case 'end':
        this.#handler?.otherSideEnded();
        // As sockets do: nobody talks to a side that has left.
        this.end();
        this.#close({ code: 'CLOSED' });
        break;
    }
  }

  #open(): void {
    if (this.#state !== 'opening') return;
    this.#state = 'open';
    // Nothing proves who another tab is, and nothing has to: it is the same site.
    this.#handler?.opened(undefined);
  }

  #received(bytes: Uint8Array): void {
    if (this.#state !== 'open') return;
    this.#untoldBytes += bytes.length;
    if (this.#untoldBytes >= windowBytes / 2) {
      this.#say({ type: 'read', bytes: this.#untoldBytes });
      this.#untoldBytes = 0;
    }
    this.#handler?.data(bytes);
  }

  #wasRead(bytes: number): void {
    this.#unreadBytes = Math.max(this.#unreadBytes - bytes, 0);
    if (!this.#wantsDrain || this.waitingBytes > 0) return;
    this.#wantsDrain = false;
    this.#handler?.drained();
  }

  #say(message: LinkMessage): void {
    this.#channel?.postMessage(message);
  }

  #close(end: LinkEnd): void {
    if (this.closed) return;
    this.#state = 'closed';
    this.#onClose();
    // What was posted still arrives.
    this.#channel?.close();
    this.#channel = undefined;
    // Never from inside a call of this end.
    this.#surroundings.runtime.nextTurn(() => this.#handler?.closed(end));
  }
}
