/**
 * Who may stay when there are too many: the one place that bounds what strangers can open.
 *
 * Whoever has kept its greeting back for longest makes room, so that strangers who never greet cannot
 * shut out those who do; connections that are established are never given up for a newcomer.
 */
import type { Logger, Runtime } from '@quorate/core';
import { describeEnd, type End, type EndCode } from './codes.ts';
import type { Connection } from './connection.ts';
import { checkIntegers } from './options.ts';

/** Bounds of what others may open. */
export interface AdmissionOptions {
  /** Accepted connections in all. @default 128 */
  readonly maxConnections?: number;
  /** Accepted connections from one IP address. @default 64, or `maxConnections` where that is less */
  readonly maxConnectionsPerHost?: number;
}

/** The bounds, complete. */
export type AdmissionLimits = Required<AdmissionOptions>;

/**
 * Completes the bounds.
 *
 * @throws InvalidArgumentError naming what is no positive integer.
 */
export function checkAdmission(options: AdmissionOptions): AdmissionLimits {
  const maxConnections = options.maxConnections ?? 128;
  const maxConnectionsPerHost = options.maxConnectionsPerHost ?? Math.min(64, maxConnections);
  const limits = { maxConnections, maxConnectionsPerHost };
  checkIntegers(limits);
  return limits;
}

/** Strangers can open connections as fast as they like: one line per code in this time. */
const logIntervalMs = 1_000;

/** Counts accepted connections, from the moment that they are there until their link is gone. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #logger: Logger;
  readonly #runtime: Runtime;
  /** Not established yet, the oldest first. */
  readonly #greeting = new Set<Connection>();
  readonly #established = new Set<Connection>();
  /** Refused, and still saying goodbye; the oldest first. */
  readonly #leaving = new Set<Connection>();
  readonly #logged = new Map<EndCode, { readonly at: number; unsaid: number }>();
  /** Counted by where they come from. */
  readonly #perHost = new Map<string, number>();

  constructor(limits: AdmissionLimits, runtime: Runtime, logger: Logger) {
    this.#limits = limits;
    this.#runtime = runtime;
    this.#logger = logger;
  }

  /** Connections that are there. */
  get size(): number {
    return this.#greeting.size + this.#established.size + this.#leaving.size;
  }

  /**
   * A connection has come. Others may be ended to make room for it, or it itself, with `BUSY`.
   */
  enter(connection: Connection): void {
    const host = connection.remoteHost;
    this.#greeting.add(connection);
    if (host !== undefined) this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    void connection.gone.then(() => this.#gone(connection, host));
    // Those that are leaving anyway go first, without waiting for their goodbye.
    if (this.size > this.#limits.maxConnections) this.#abandonOldest();
    if (host !== undefined && (this.#perHost.get(host) ?? 0) > this.#limits.maxConnectionsPerHost) {
      this.#makeRoom((each) => each.remoteHost === host);
    }
    if (this.#greeting.size + this.#established.size > this.#limits.maxConnections) {
      this.#makeRoom(() => true);
    }
  }

  /** Its handshake is over. */
  establish(connection: Connection): void {
    if (this.#greeting.delete(connection)) this.#established.add(connection);
  }

  /** It has ended, though its link may still stand. */
  end(connection: Connection, end: End): void {
    if (this.#greeting.delete(connection) || this.#established.delete(connection)) {
      this.#leaving.add(connection);
    }
    this.#log(connection, end);
  }

  tick(): void {
    for (const connection of this.#established) connection.tick();
  }

  /** Ends all of them, in order where they are established. */
  async close(): Promise<void> {
    const all = [...this.#greeting, ...this.#established, ...this.#leaving];
    await Promise.all(all.map((connection) => connection.close()));
  }

  #gone(connection: Connection, host: string | undefined): void {
    this.#greeting.delete(connection);
    this.#established.delete(connection);
    this.#leaving.delete(connection);
    if (host === undefined) return;
    const left = (this.#perHost.get(host) ?? 1) - 1;
    if (left === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, left);
  }

  #abandonOldest(): void {
    const [oldest] = this.#leaving;
    oldest?.abandon();
  }

  #makeRoom(concerns: (connection: Connection) => boolean): void {
    for (const each of this.#leaving) {
      if (concerns(each)) each.abandon();
    }
    for (const each of this.#greeting) {
      if (!concerns(each)) continue;
      each.refuse('BUSY', undefined);
      return;
    }
  }

  #log(connection: Connection, end: End): void {
    const now = this.#runtime.now();
    const logged = this.#logged.get(end.code);
    if (logged !== undefined && now - logged.at < logIntervalMs) {
      logged.unsaid += 1;
      return;
    }
    this.#logged.set(end.code, { at: now, unsaid: 0 });
    const level = end.code === 'CLOSED' ? 'debug' : 'warn';
    this.#logger[level](`connection from ${connection.remote} ended: ${describeEnd(end)}`, {
      code: end.code,
      remote: connection.remote,
      notLogged: logged?.unsaid ?? 0,
    });
  }
}
