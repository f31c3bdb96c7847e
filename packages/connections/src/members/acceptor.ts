/**
 * Connections that others have dialled, by the member that did.
 */
import type { NodeId } from '@quorate/core';
import { Admission } from '../admission.ts';
import type { End } from '../codes.ts';
import type { Link, LinkHandler } from '../link.ts';
import { MemberConnection, type MemberContext, type MemberOwner } from './connection.ts';

/** Holds all accepted connections. */
export class Acceptor implements MemberOwner {
  readonly #context: MemberContext;
  readonly #onPeer: (peer: NodeId) => void;
  readonly #admission: Admission;
  readonly #established = new Map<NodeId, MemberConnection>();
  #closed = false;

  /** @param onPeer called when a node has connected. */
  constructor(context: MemberContext, onPeer: (peer: NodeId) => void) {
    const { settings } = context;
    this.#context = context;
    this.#onPeer = onPeer;
    this.#admission = new Admission(settings, settings.runtime, settings.logger);
  }

  /** The connection that this node has dialled, if it stands. */
  from(peer: NodeId): MemberConnection | undefined {
    return this.#established.get(peer);
  }

  accept(link: Link): LinkHandler | undefined {
    if (this.#closed) return undefined;
    const { connection } = new MemberConnection(this.#context, this, link, undefined);
    this.#admission.enter(connection);
    return connection;
  }

  tick(): void {
    this.#admission.tick();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#admission.close();
  }

  established(member: MemberConnection, peer: NodeId): void {
    const { connection } = member;
    this.#context.counters.connections_accepted += 1;
    this.#context.settings.logger.debug(`${peer} has connected`, {
      peer,
      remote: connection.remote,
    });
    this.#admission.establish(connection);
    const earlier = this.#established.get(peer);
    this.#established.set(peer, member);
    // The peer has given the earlier one up, or its machine has: that end would only time out.
    earlier?.connection.fail('REPLACED', undefined);
    this.#onPeer(peer);
  }

  ended(member: MemberConnection, end: End): void {
    for (const [peer, each] of this.#established) {
      if (each === member) this.#established.delete(peer);
    }
    this.#admission.end(member.connection, end);
  }
}
