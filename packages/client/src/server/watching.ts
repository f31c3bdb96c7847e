/**
 * One watch of one client: takes events from the replica as long as the client has room for them, and says now
 * and then how far it has looked, so that after a reconnect it does not look at all of that again.
 */
import { QuorateError, type ServiceWatch } from '@quorate/core';

/** Most events, and bytes of them, in one message. */
const batch = { events: 512, bytes: 64 * 1024 } as const;

/** Where events go. */
export interface Watcher {
  /** Whether more may be written to the connection at all. */
  readonly hasRoom: boolean;
  events(events: readonly Uint8Array[], rest: Uint8Array): void;
  failed(error: QuorateError): void;
  /** Asks to be called again in a turn of its own. */
  later(): void;
}

/** Goes on until it is closed or has failed. */
export class Watching {
  readonly #watcher: Watcher;
  #watch: ServiceWatch | undefined;
  /** Bytes that the client still has room for. */
  #window: number;
  #told: Uint8Array | undefined;

  constructor(watcher: Watcher, window: number) {
    this.#watcher = watcher;
    this.#window = window;
  }

  /** Begins; says at once from where. */
  begin(watch: ServiceWatch): void {
    this.#watch = watch;
    this.#tell([]);
    this.pump();
  }

  /** The client has room for so many bytes more. */
  more(bytes: number): void {
    this.#window += bytes;
    this.pump();
  }

  /** Sends what there is and fits. */
  pump(): void {
    const watch = this.#watch;
    if (watch === undefined || this.#window <= 0 || !this.#watcher.hasRoom) return;
    let events: readonly Uint8Array[];
    try {
      events = watch.take(batch.events, Math.min(batch.bytes, this.#window));
    } catch (error) {
      this.close();
      if (!(error instanceof QuorateError)) throw error;
      this.#watcher.failed(error);
      return;
    }
    if (events.length === 0) return;
    for (const { length } of events) this.#window -= length;
    this.#tell(events);
    // Others want their turn, too.
    this.#watcher.later();
  }

  /** To be called now and then: says how far it has looked if that is further than it has said. */
  progress(): void {
    const rest = this.#watch?.rest;
    if (rest !== undefined && !isEqual(rest, this.#told)) this.#tell([]);
  }

  close(): void {
    this.#watch?.close();
    this.#watch = undefined;
  }

  #tell(events: readonly Uint8Array[]): void {
    if (this.#watch === undefined) return;
    this.#told = this.#watch.rest;
    this.#watcher.events(events, this.#told);
  }
}

function isEqual(left: Uint8Array, right: Uint8Array | undefined): boolean {
  return left.length === right?.length && left.every((byte, at) => byte === right[at]);
}
