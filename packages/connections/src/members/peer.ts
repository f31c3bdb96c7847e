/**
 * A peer that this node dials, again and again.
 *
 * Between two nodes there are two connections: each node dials the other and sends on the one that
 * it dialled. One shared connection would save a socket, at the price of a race: both dial at once,
 * both must agree on which of the two survives, and frames on the other are lost while one side
 * already uses it. With two, each side finds out and mends by itself what it sends on.
 */
import type { NodeId, Timer } from '@quorate/core';
import { describeEnd, type End, type EndCode } from '../codes.ts';
import type { Links } from '../link.ts';
import { MemberConnection, type MemberContext, type MemberOwner } from './connection.ts';

/** Keeps a connection to one address open. */
export class Peer implements MemberOwner {
  readonly id: NodeId;
  readonly address: string;
  readonly #context: MemberContext;
  readonly #links: Links;
  #connection: MemberConnection | undefined;
  #establishedAt: number | undefined;
  #failures = 0;
  #pause: Timer | undefined;
  #closed = false;
  #lastCode: EndCode | undefined;

  /** @throws InvalidArgumentError if the address cannot be one. */
  constructor(context: MemberContext, links: Links, id: NodeId, address: string) {
    this.#context = context;
    this.#links = links;
    this.id = id;
    this.address = address;
    this.#dial();
  }

  /** The connection that stands or is being made; `undefined` during a pause. */
  get connection(): MemberConnection | undefined {
    return this.#connection;
  }

  /** The peer has shown that it is alive: dials at once instead of waiting for the pause to end. */
  wake(): void {
    if (this.#pause === undefined) return;
    this.#pause.cancel();
    this.#dial();
  }

  tick(): void {
    this.#connection?.connection.tick();
  }

  /** Ends the connection, after what was sent has left, and dials no more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pause?.cancel();
    this.#pause = undefined;
    await this.#connection?.connection.close();
  }

  established(): void {
    const { counters, settings } = this.#context;
    counters.connections_dialled += 1;
    this.#establishedAt = settings.runtime.now();
    this.#lastCode = undefined;
    settings.logger.info(`connected with ${this.id}`, this.#fields);
  }

  ended(_connection: MemberConnection, end: End): void {
    this.#connection = undefined;
    if (this.#closed) return;
    const { runtime, reconnectMinMs, reconnectMaxMs } = this.#context.settings;
    // A connection that breaks soon after its handshake is no success: two nodes that replace each
    // other under one name would dial without any pause.
    const lastedMs = this.#establishedAt === undefined ? 0 : runtime.now() - this.#establishedAt;
    this.#failures = lastedMs >= reconnectMaxMs ? 0 : this.#failures + 1;
    this.#establishedAt = undefined;
    const exponent = Math.min(Math.max(this.#failures - 1, 0), 30);
    const pauseMs = Math.min(reconnectMinMs * 2 ** exponent, reconnectMaxMs);
    // Jitter keeps the peers of a node that comes back from dialling it in step.
    const jitteredMs = pauseMs * (1 - runtime.random() / 2);
    this.#pause = runtime.setTimer(jitteredMs, () => this.#dial());
    this.#log(end);
  }

  #dial(): void {
    this.#pause = undefined;
    const expected = { type: 'member', cluster: this.#context.cluster, name: this.id } as const;
    this.#links.dial(this.address, expected, (link) => {
      this.#connection = new MemberConnection(this.#context, this, link, this.id);
      return this.#connection.connection;
    });
    this.#context.counters.dials += 1;
  }

  /** Warns when the reason is a new one; a peer that stays away is not worth a warning each time. */
  #log(end: End): void {
    const expected = end.code === 'CLOSED' ? 'info' : 'warn';
    const level = end.code === this.#lastCode ? 'debug' : expected;
    this.#lastCode = end.code;
    this.#context.settings.logger[level](
      `no connection with ${this.id} at ${this.address}: ${describeEnd(end)}`,
      { ...this.#fields, code: end.code, failures: this.#failures },
    );
  }

  get #fields(): { readonly peer: NodeId; readonly address: string } {
    return { peer: this.id, address: this.address };
  }
}
