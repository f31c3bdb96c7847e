/**
 * Connections that others have dialled: who may stay, and who makes room.
 */
import type { Socket } from 'node:net';
import type { NodeId } from '@quorate/core';
import { describeEnd, type End, type EndCode } from './codes.ts';
import { Connection, type ConnectionContext, type ConnectionOwner } from './connection.ts';

/** Strangers can open connections as fast as they like: one line per code in this time. */
const logIntervalMs = 1_000;

/** Holds all accepted connections. */
export class Acceptor implements ConnectionOwner {
  readonly #context: ConnectionContext;
  readonly #onPeer: (peer: NodeId) => void;
  /** In their handshake, the oldest first. */
  readonly #greeting = new Set<Connection>();
  readonly #established = new Map<NodeId, Connection>();
  #closed = false;
  readonly #logged = new Map<EndCode, { readonly at: number; unsaid: number }>();

  /** @param onPeer called when a node has connected. */
  constructor(context: ConnectionContext, onPeer: (peer: NodeId) => void) {
    this.#context = context;
    this.#onPeer = onPeer;
  }

  /** The connection that this node has dialled, if it stands. */
  from(peer: NodeId): Connection | undefined {
    return this.#established.get(peer);
  }

  accept(socket: Socket): void {
    if (this.#closed) {
      socket.destroy();
      return;
    }
    const isFull =
      this.#greeting.size + this.#established.size >= this.#context.settings.maxConnections;
    // Whoever has kept its greeting back for longest makes room, so that strangers who never greet
    // cannot shut the members out.
    const [oldest] = this.#greeting;
    if (isFull) oldest?.abort('BUSY');
    const connection = new Connection(this.#context, this, socket, undefined);
    this.#greeting.add(connection);
    if (isFull && oldest === undefined) connection.abort('BUSY');
  }

  tick(): void {
    for (const connection of this.#established.values()) connection.tick();
  }

  async close(): Promise<void> {
    this.#closed = true;
    const all = [...this.#greeting, ...this.#established.values()];
    await Promise.all(all.map((connection) => connection.close()));
  }

  established(connection: Connection, peer: NodeId): void {
    this.#context.counters.connections_accepted += 1;
    this.#context.settings.logger.debug(`${peer} has connected`, {
      peer,
      remote: connection.remote,
    });
    this.#greeting.delete(connection);
    const earlier = this.#established.get(peer);
    this.#established.set(peer, connection);
    // The peer has given the earlier one up, or its machine has: that end would only time out.
    earlier?.abort('REPLACED');
    this.#onPeer(peer);
  }

  ended(connection: Connection, end: End): void {
    this.#greeting.delete(connection);
    for (const [peer, each] of this.#established) {
      if (each === connection) this.#established.delete(peer);
    }
    this.#log(connection, end);
  }

  #log(connection: Connection, end: End): void {
    const { logger, runtime } = this.#context.settings;
    const now = runtime.now();
    const logged = this.#logged.get(end.code);
    if (logged !== undefined && now - logged.at < logIntervalMs) {
      logged.unsaid += 1;
      return;
    }
    this.#logged.set(end.code, { at: now, unsaid: 0 });
    const level = end.code === 'CLOSED' ? 'debug' : 'warn';
    logger[level](`connection from ${connection.remote} ended: ${describeEnd(end)}`, {
      code: end.code,
      remote: connection.remote,
      notLogged: logged?.unsaid ?? 0,
    });
  }
}
