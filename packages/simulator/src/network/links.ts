/**
 * Links on the simulated network, for whatever stands on streams of bytes: in order, or broken, as over TCP.
 *
 * What loses or damages frames only delays a stream, for its system sends it again; a cut holds it up. Now and
 * then a flipped bit gets past the system's own checksum, and it is for whoever reads the stream to notice.
 */
import { concatBytes, type Random, TransportFailedError } from '@quorate/core';
import {
  type Link,
  type LinkEnd,
  type LinkHandler,
  type Links,
  type Listener,
  portablePlatform,
} from '@quorate/connections';
import type { Life } from '../nodes/life.ts';
import type { Journal } from '../world/journal.ts';
import type { Schedule } from '../world/schedule.ts';
import type { NetworkConditions } from './conditions.ts';
import type { Network, Way } from './network.ts';

/** What links are made of. */
export interface StreamParts {
  readonly network: Network;
  readonly schedule: Schedule;
  readonly journal: Journal;
}

type Accept = (link: Link) => LinkHandler | undefined;

interface Listening {
  readonly process: Life;
  readonly accept: Accept;
}

/** What is lost is sent again after so long, and after twice as long each time that it is lost again. */
const resendMs = 200;
const mostResends = 5;
/** Of the damage that befalls packets, this share is noticed by no checksum of the system. */
const unnoticed = 0.1;
/** How often a write arrives in two pieces. */
const splitChance = 0.1;
/** From here on whoever writes should wait: what a socket holds. */
const highWaterBytes = 64 * 1024;

const broken: LinkEnd = { code: 'LOST', detail: 'reset' };

/** All streams of a world. An address is the name of a host. */
export class Streams {
  readonly parts: StreamParts;
  readonly ends: Set<StreamEnd> = new Set<StreamEnd>();
  readonly #listening = new Map<string, Listening>();
  readonly #dark = new Set<string>();

  constructor(parts: StreamParts) {
    this.parts = parts;
  }

  /** Links of a process. They end with it, and its host answers for it from now on. */
  linksOf(host: string, process: Life): Links {
    this.#dark.delete(host);
    process.onEnd(() => {
      if (this.#listening.get(host)?.process === process) this.#listening.delete(host);
      for (const end of this.ends) if (end.process === process) end.vanish(!this.isDark(host));
    });
    return {
      platform: portablePlatform,
      proves: false,
      identity: undefined,
      dial: (address, _expected, handler) => this.#dial(process, host, address, handler),
      listen: (address, accept) => this.#listen(process, host, address ?? host, accept),
    };
  }

  /** To be called before its process ends: a host without power tells nobody that its streams are gone. */
  losePower(host: string): void {
    this.#dark.add(host);
  }

  isDark(host: string): boolean {
    return this.#dark.has(host);
  }

  /** Breaks all streams of a host, or those with some others alone: both ends are told. */
  break(host: string, others?: ReadonlySet<string>): void {
    for (const end of this.ends) {
      if (end.host === host && (others === undefined || others.has(end.remote))) end.breakDown();
    }
  }

  #dial(
    process: Life,
    host: string,
    address: string,
    makeHandler: (link: Link) => LinkHandler,
  ): Link {
    const there = new Pipe(this.parts, host, address);
    const back = new Pipe(this.parts, address, host);
    const near = new StreamEnd(this, process, host, address, there);
    near.attach(makeHandler(near));
    there.post(0, () => {
      const listening = this.#listening.get(address);
      if (near.closed || this.isDark(address)) return;
      if (listening === undefined) {
        back.post(0, () => near.reset({ code: 'UNREACHABLE', detail: 'nobody listens there' }));
        return;
      }
      run(this.parts.schedule, listening.process, () => {
        if (near.closed) return;
        const far = new StreamEnd(this, listening.process, address, host, back);
        near.connect(far);
        far.connect(near);
        const handler = listening.accept(far);
        if (handler === undefined) {
          far.destroy();
          return;
        }
        far.attach(handler);
        far.open();
        back.post(0, () => near.open());
      });
    });
    return near;
  }

  #listen(process: Life, host: string, address: string, accept: Accept): Promise<Listener> {
    if (address !== host || this.#listening.has(host)) {
      return Promise.reject(new TransportFailedError(`cannot listen on ${address} of ${host}`));
    }
    const entry: Listening = { process, accept };
    if (!process.ended) this.#listening.set(host, entry);
    return Promise.resolve({
      address,
      close: () => {
        if (this.#listening.get(host) === entry) this.#listening.delete(host);
        return Promise.resolve();
      },
    });
  }
}

/** One direction of a stream: what is put on its way arrives in order. */
class Pipe {
  waitingBytes = 0;
  readonly #parts: StreamParts;
  readonly #way: Way;
  readonly #to: string;
  #lastArrival = 0;

  constructor(parts: StreamParts, from: string, to: string) {
    this.#parts = parts;
    this.#way = parts.network.way(from, to);
    this.#to = to;
  }

  get random(): Random {
    return this.#way.random;
  }

  post(bytes: number, arrive: () => void): void {
    const { schedule, journal, network } = this.#parts;
    const arrival = schedule.now + delayOf(network.conditions, this.#way.random);
    this.#lastArrival = Math.max(arrival, this.#lastArrival);
    this.waitingBytes += bytes;
    const go = (): void => {
      if (this.#way.isHeld) {
        journal.reached('stream held up');
        this.#way.whenOpen(go);
        return;
      }
      this.waitingBytes -= bytes;
      journal.digest.text(this.#to);
      journal.digest.add(schedule.now);
      journal.digest.add(bytes);
      arrive();
    };
    schedule.at(this.#lastArrival, undefined, go);
  }
}

/** One end of a stream. */
class StreamEnd implements Link {
  readonly process: Life;
  readonly host: string;
  readonly remote: string;
  readonly remoteHost: string;
  readonly #streams: Streams;
  readonly #out: Pipe;
  #other: StreamEnd | undefined;
  #handler: LinkHandler | undefined;
  #state: 'opening' | 'open' | 'closed' = 'opening';
  #hasEnded = false;
  #wantsDrain = false;

  constructor(streams: Streams, process: Life, host: string, remote: string, out: Pipe) {
    this.#streams = streams;
    this.process = process;
    this.host = host;
    this.remote = remote;
    this.remoteHost = remote;
    this.#out = out;
    streams.ends.add(this);
  }

  get waitingBytes(): number {
    return this.#out.waitingBytes;
  }

  get needsDrain(): boolean {
    const needs = this.#out.waitingBytes >= highWaterBytes;
    this.#wantsDrain ||= needs;
    return needs;
  }

  get closed(): boolean {
    return this.#state === 'closed';
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#hasEnded || this.closed || this.process.ended) return;
    // Always a copy: the bytes are the receiver's, who may write into them.
    const chunk = concatBytes([new Uint8Array(0), ...pieces]);
    const { random } = this.#out;
    this.#damage(chunk, random);
    if (chunk.length > 1 && random.chance(splitChance)) {
      const at = 1 + random.below(chunk.length - 1);
      this.#send(chunk.subarray(0, at));
      this.#send(chunk.subarray(at));
    } else {
      this.#send(chunk);
    }
  }

  end(): void {
    if (this.#hasEnded || this.closed || this.process.ended) return;
    this.#hasEnded = true;
    this.#out.post(0, () => this.#tell((other) => other.otherSideEnded()));
  }

  destroy(): void {
    if (this.closed) return;
    // What was written is the system's by now, and still arrives; then the other end is told.
    this.end();
    this.#close({ code: 'LOST', detail: 'given up by this side' });
  }

  // What the streams call.

  attach(handler: LinkHandler): void {
    this.#handler = handler;
  }

  connect(other: StreamEnd): void {
    this.#other = other;
  }

  open(): void {
    this.#run(() => {
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      this.#handler?.opened(undefined);
    });
  }

  reset(end: LinkEnd): void {
    this.#close(end);
  }

  /** The network breaks the stream. */
  breakDown(): void {
    if (this.closed) return;
    this.#streams.parts.journal.reached('stream broken');
    this.#other?.reset(broken);
    this.reset(broken);
  }

  /** Its process has ended. @param told whether its system lives on and says so. */
  vanish(told: boolean): void {
    if (this.closed) return;
    this.#state = 'closed';
    this.#streams.ends.delete(this);
    if (told && !this.#hasEnded) this.#out.post(0, () => this.#other?.reset(broken));
  }

  otherSideEnded(): void {
    if (this.closed) return;
    this.#handler?.otherSideEnded();
    // As sockets do: nobody talks to a side that has left.
    this.end();
    this.#close({ code: 'CLOSED' });
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state === 'open') this.#handler?.data(chunk);
  }

  #send(chunk: Uint8Array): void {
    this.#out.post(chunk.length, () => {
      this.#tell((other) => other.#receive(chunk));
      if (!this.#wantsDrain || this.#out.waitingBytes > 0) return;
      this.#wantsDrain = false;
      this.#run(() => {
        if (!this.closed) this.#handler?.drained();
      });
    });
  }

  #tell(what: (other: StreamEnd) => void): void {
    const other = this.#other;
    if (other === undefined) return;
    if (!other.process.ended) {
      other.#run(() => {
        what(other);
      });
    } else if (!this.#streams.isDark(other.host)) {
      // Its system knows nothing of such a stream, any more.
      other.#out.post(0, () => this.reset(broken));
    }
  }

  #damage(chunk: Uint8Array, random: Random): void {
    const { network, journal } = this.#streams.parts;
    const { corruption } = network.conditions;
    if (corruption === 0 || chunk.length === 0 || !random.chance(corruption * unnoticed)) return;
    const at = random.below(chunk.length);
    chunk[at] = (chunk[at] ?? 0) ^ (1 << random.below(8));
    journal.reached('stream damaged');
  }

  #close(end: LinkEnd): void {
    if (this.closed) return;
    this.#state = 'closed';
    this.#streams.ends.delete(this);
    // Never from inside a call of this end.
    this.#streams.parts.schedule.after(0, this.process, () => this.#handler?.closed(end));
  }

  #run(act: () => void): void {
    run(this.#streams.parts.schedule, this.process, act);
  }
}

/** A process that is stopped finds what came when it goes on. */
function run(schedule: Schedule, process: Life, act: () => void): void {
  if (process.pausedUntil <= schedule.now) act();
  else schedule.after(0, process, act);
}

function delayOf({ delayMs, loss, corruption }: NetworkConditions, random: Random): number {
  let ms = random.between(...delayMs);
  for (let again = 0; again < mostResends && random.chance(loss + corruption); again++) {
    ms += resendMs * 2 ** again;
  }
  return ms;
}
