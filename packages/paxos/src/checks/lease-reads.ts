/**
 * While somebody answers reads under a lease, nobody leads those in a higher ballot who decide what comes
 * next.
 */
import type { NodeId, Ticket } from '@quorate/core';
import { must, type Turn, type WatchedGroup, type WatchedNode } from '@quorate/core/checks';
import type { PaxosMessage } from '../messages.ts';
import type { QuorumSystem } from '../quorums.ts';
import type { Ballots } from './ballots.ts';
import type { Slots } from './slots.ts';

/** The tickets of one life; another life of the same node may give them out again. */
interface Asked {
  readonly life: number;
  readonly tickets: Set<Ticket>;
}

/** The lease reads of one group. */
export class LeaseReads {
  readonly #group: WatchedGroup<PaxosMessage>;
  readonly #quorums: QuorumSystem;
  readonly #slots: Slots;
  readonly #ballots: Ballots;
  readonly #asked = new Map<NodeId, Asked>();

  constructor(
    group: WatchedGroup<PaxosMessage>,
    quorums: QuorumSystem,
    slots: Slots,
    ballots: Ballots,
  ) {
    this.#group = group;
    this.#quorums = quorums;
    this.#slots = slots;
    this.#ballots = ballots;
  }

  ask({ id, life }: WatchedNode, ticket: Ticket): void {
    let asked = this.#asked.get(id);
    if (asked?.life !== life) {
      asked = { life, tickets: new Set() };
      this.#asked.set(id, asked);
    }
    asked.tickets.add(ticket);
  }

  /** A read that is answered in the very turn in which it came was answered under the lease. */
  check(node: WatchedNode, { inputs, effects }: Turn<PaxosMessage>): void {
    if (effects.reads.length === 0 || !leads(node)) return;
    const { commitIndex, epoch } = node.engine.status;
    for (const { ticket } of effects.reads) {
      if (!this.#answer(node, ticket)) continue;
      if (!inputs.some((input) => input.type === 'read' && input.ticket === ticket)) continue;
      const owners = this.#slots.owners(commitIndex + 1);
      const other = this.#group.live.find(
        (each) =>
          leads(each) && each.engine.status.epoch > epoch && this.#hasPromisesOf(each, owners),
      );
      must(
        other === undefined,
        () => `${node.id} answers under its lease, and ${String(other?.id)} leads`,
      );
    }
  }

  /** Whether it was a lease read. Each is answered once. */
  #answer({ id, life }: WatchedNode, ticket: Ticket): boolean {
    const asked = this.#asked.get(id);
    return asked?.life === life && asked.tickets.delete(ticket);
  }

  #hasPromisesOf(leader: WatchedNode, owners: readonly NodeId[]): boolean {
    const ballot = { round: leader.engine.status.epoch, node: leader.id };
    return this.#quorums.phase1(
      owners,
      (id) => id === leader.id || this.#ballots.hasPromise(ballot, id),
    );
  }
}

function leads({ engine }: WatchedNode): boolean {
  return engine.status.role === 'leader';
}
