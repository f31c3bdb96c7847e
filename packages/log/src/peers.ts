/**
 * Which nodes the transport connects with: the members, and for a while those that were removed,
 * so that they hear of their removal instead of campaigning against it.
 */
import type { Member, NodeId, Timer, Transport } from '@quorate/core';

/** Keeps the transport's list of peers. */
export class Peers {
  readonly #node: NodeId;
  readonly #transport: Transport;
  readonly #lingerMs: number;
  readonly #setTimer: (ms: number, run: () => void) => Timer;
  #members: readonly Member[] = [];
  readonly #leaving = new Map<NodeId, { readonly member: Member; readonly timer: Timer }>();

  constructor(
    node: NodeId,
    transport: Transport,
    lingerMs: number,
    setTimer: (ms: number, run: () => void) => Timer,
  ) {
    this.#node = node;
    this.#transport = transport;
    this.#lingerMs = lingerMs;
    this.#setTimer = setTimer;
  }

  /** Connects with these, without this node itself. */
  set(members: readonly Member[]): void {
    const now = members.filter((member) => member.id !== this.#node);
    for (const member of this.#members) {
      if (!now.some(({ id }) => id === member.id)) this.#linger(member);
    }
    for (const { id } of now) {
      this.#leaving.get(id)?.timer.cancel();
      this.#leaving.delete(id);
    }
    this.#members = now;
    this.#tell();
  }

  /** Takes its timers back. */
  close(): void {
    for (const { timer } of this.#leaving.values()) timer.cancel();
    this.#leaving.clear();
  }

  #linger(member: Member): void {
    const timer = this.#setTimer(this.#lingerMs, () => {
      this.#leaving.delete(member.id);
      this.#tell();
    });
    this.#leaving.set(member.id, { member, timer });
  }

  #tell(): void {
    const leaving = [...this.#leaving.values()].map(({ member }) => member);
    this.#transport.setPeers([...this.#members, ...leaving]);
  }
}
