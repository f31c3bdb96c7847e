/**
 * A peer that this node dials, again and again.
 *
 * Between two nodes there are two connections: each node dials the other and sends on the one that
 * it dialled. One shared connection would save a socket, at the price of a race: both dial at once,
 * both must agree on which of the two survives, and frames on the other are lost while one side
 * already uses it. With two, each side finds out and mends by itself what it sends on.
 */
import type { NodeId, Timer } from '@quorate/core';
import { type Address, formatAddress } from './address.ts';
import { describeEnd, type End, type EndCode } from './codes.ts';
import { Connection, type ConnectionContext, type ConnectionOwner } from './connection.ts';
import { dial } from './sockets.ts';

/** Keeps a connection to one address open. */
export class Peer implements ConnectionOwner {
  readonly id: NodeId;
  readonly address: Address;
  readonly #context: ConnectionContext;
  #connection: Connection | undefined;
  #establishedAt: number | undefined;
  #failures = 0;
  #pause: Timer | undefined;
  #closed = false;
  #lastCode: EndCode | undefined;

  constructor(context: ConnectionContext, id: NodeId, address: Address) {
    this.#context = context;
    this.id = id;
    this.address = address;
    this.#dial();
  }

  /** The connection that stands or is being made; `undefined` during a pause. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** The peer has shown that it is alive: dials at once instead of waiting for the pause to end. */
  wake(): void {
    if (this.#pause === undefined) return;
    this.#pause.cancel();
    this.#dial();
  }

  tick(): void {
    this.#connection?.tick();
  }

  /** Ends the connection, after what was sent has left, and dials no more. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pause?.cancel();
    this.#pause = undefined;
    await this.#connection?.close();
  }

  established(): void {
    const { counters, settings } = this.#context;
    counters.connections_dialled += 1;
    this.#establishedAt = settings.runtime.now();
    this.#lastCode = undefined;
    settings.logger.info(`connected with ${this.id}`, this.#fields);
  }

  ended(_connection: Connection, end: End): void {
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
    this.#context.counters.dials += 1;
    this.#connection = new Connection(this.#context, this, dial(this.address), this.id);
  }

  /** Warns when the reason is a new one; a peer that stays away is not worth a warning each time. */
  #log(end: End): void {
    const expected = end.code === 'CLOSED' ? 'info' : 'warn';
    const level = end.code === this.#lastCode ? 'debug' : expected;
    this.#lastCode = end.code;
    this.#context.settings.logger[level](
      `no connection with ${this.id} at ${formatAddress(this.address)}: ${describeEnd(end)}`,
      { ...this.#fields, code: end.code, failures: this.#failures },
    );
  }

  get #fields(): { readonly peer: NodeId; readonly address: string } {
    return { peer: this.id, address: formatAddress(this.address) };
  }
}
