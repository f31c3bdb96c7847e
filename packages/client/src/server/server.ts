/** A server of clients: listens, admits, and knows all connections. */
import {
  Admission,
  type ConnectionContext,
  type End,
  type Listener,
  Turns,
} from '@quorate/connections';
import type { Timer } from '@quorate/core';
import { ServerConnection, type ServerOwner } from './connection.ts';
import type { ServerSettings } from './options.ts';

/** Serves the clients of one node. Made by `serveClients`. */
export class ClientServer implements ServerOwner, AsyncDisposable {
  readonly #settings: ServerSettings;
  readonly #admission: Admission;
  readonly #context: ConnectionContext;
  readonly #clients = new Set<ServerConnection>();
  #queuedSinceLook = 0;
  #listener: Listener | undefined;
  #tick: Timer | undefined;
  /** Those that every client was compared with. */
  #tokens: readonly string[] | undefined;
  #stopListening: () => void = () => undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use `serveClients`. */
  constructor(settings: ServerSettings) {
    const { runtime, logger, links, handshakeTimeoutMs, keepAliveMs, closeTimeoutMs } = settings;
    this.#settings = settings;
    this.#admission = new Admission(settings, runtime, logger);
    this.#context = {
      runtime,
      platform: links.platform,
      turns: new Turns(runtime),
      counters: { socket_writes: 0 },
      handshakeTimeoutMs,
      keepAliveMs,
      closeTimeoutMs,
    };
  }

  /** @internal */
  async start(): Promise<this> {
    const { links, listen, service } = this.#settings;
    this.#listener = await links.listen(listen, (link) => {
      if (this.#closing !== undefined) return undefined;
      const { connection } = new ServerConnection(this.#context, this.#settings, this, link);
      this.#admission.enter(connection);
      return connection;
    });
    this.#stopListening = service.onLeader((leader) => {
      for (const client of this.#clients) client.leads(leader);
    });
    this.#keepAlive();
    return this;
  }

  /** Where clients reach it, with the port that was free in the place of port 0. */
  get address(): string {
    return this.#listener?.address ?? '';
  }

  /** Clients that are connected. */
  get clients(): number {
    return this.#clients.size;
  }

  /** Takes nobody in any more, and ends the connections after what was answered has left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // What connections tell.

  established(client: ServerConnection): void {
    this.#clients.add(client);
    this.#admission.establish(client.connection);
  }

  queued(bytes: number): void {
    this.#queuedSinceLook += bytes;
    // Adding up what waits for thousands of clients would cost too much at each answer.
    if (this.#queuedSinceLook >= this.#settings.maxHeldBytes / 64) this.#boundHeld();
  }

  ended(client: ServerConnection, end: End): void {
    this.#clients.delete(client);
    this.#admission.end(client.connection, end);
  }

  async #close(): Promise<void> {
    this.#tick?.cancel();
    this.#stopListening();
    await Promise.all([this.#listener?.close(), this.#admission.close()]);
  }

  /** What one client may hold is bounded; what thousands of them hold together is not, by that. */
  #boundHeld(): void {
    this.#queuedSinceLook = 0;
    const { maxHeldBytes } = this.#settings;
    let total = 0;
    for (const { heldBytes } of this.#clients) total += heldBytes;
    if (total <= maxHeldBytes) return;
    const held = [...this.#clients].map((client) => ({ client, bytes: client.heldBytes }));
    held.sort((left, right) => right.bytes - left.bytes);
    for (const { client, bytes } of held) {
      if (total <= maxHeldBytes) return;
      total -= bytes;
      client.connection.fail('BUSY', 'it holds most where too much waits for all clients');
    }
  }

  #keepAlive(): void {
    const { runtime, keepAliveMs } = this.#settings;
    this.#tick = runtime.setTimer(keepAliveMs, () => {
      this.#admission.tick();
      this.#checkTokens();
      for (const client of this.#clients) client.progress();
      this.#boundHeld();
      this.#keepAlive();
    });
  }

  #checkTokens(): void {
    const tokens = this.#settings.tokens?.();
    if (tokens === undefined || tokens === this.#tokens) return;
    this.#tokens = tokens;
    for (const client of this.#clients) client.checkToken(tokens);
  }
}
