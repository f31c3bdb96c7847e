/** Counts the rare paths that runs must reach, as far as they show in what engines do. */
import type { NodeId, Outcome } from '@quorate/core';
import type { Observer, Request, Turn, WatchedNode } from '@quorate/core/checks';
import type { Journal } from '../world/journal.ts';

/** Watches for rare paths. */
export class Coverage implements Observer<unknown> {
  readonly #journal: Journal;
  readonly #roles = new Map<NodeId, string>();
  readonly #leaseReads = new Map<NodeId, Set<number>>();
  #epoch = 0;
  #candidates = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  started(node: WatchedNode): void {
    this.#roles.set(node.id, node.engine.status.role);
    this.#leaseReads.set(node.id, new Set());
    if (node.life > 1) this.#journal.reached('restarted with its data');
    if (node.disk.durable.snapshot !== undefined) this.#journal.reached('started from a snapshot');
  }

  crashed(node: WatchedNode): void {
    if (this.#roles.get(node.id) === 'leader') this.#journal.reached('leader crashed');
    if (node.disk.underWay > 0) this.#journal.reached('crashed with writes under way');
    this.#roles.delete(node.id);
  }

  requested(node: WatchedNode, ticket: number, request: Request): void {
    if (request.type !== 'read' || request.guarantee !== 'lease') return;
    this.#leaseReads.get(node.id)?.add(ticket);
  }

  took(node: WatchedNode, turn: Turn<unknown>): void {
    const { effects } = turn;
    this.#role(node);
    for (const { ops } of effects.writes) {
      for (const op of ops) {
        if (op.type === 'dropAfter') this.#journal.reached('suffix truncated');
        else if (op.type === 'dropBefore') this.#journal.reached('log trimmed');
      }
    }
    if (effects.loads.length > 0) this.#journal.reached('records paged in');
    if (effects.ships.length > 0) this.#journal.reached('snapshot needed by a peer');
    if (effects.restored !== undefined) this.#journal.reached('snapshot installed');
    if (turn.memberships.some(({ outgoing }) => outgoing.length > 0)) {
      this.#journal.reached('joint membership');
    }
    const lease = this.#leaseReads.get(node.id);
    if (lease !== undefined && lease.size > 0) {
      for (const { ticket } of effects.reads) {
        if (lease.delete(ticket)) this.#journal.reached('read under a lease');
      }
      // Whoever leads and cannot answer at once has no lease, or none any more.
      if (lease.size > 0 && node.engine.status.role === 'leader') {
        this.#journal.reached('lease expired');
        lease.clear();
      }
    }
  }

  settled(_node: WatchedNode, outcome: Outcome): void {
    if (outcome.type === 'rejected') this.#journal.reached(`engine refuses: ${outcome.reason}`);
    else if (outcome.type === 'unknown') this.#journal.reached('engine: outcome unknown');
  }

  #role(node: WatchedNode): void {
    const { role, epoch } = node.engine.status;
    const before = this.#roles.get(node.id);
    if (epoch > this.#epoch) {
      this.#epoch = epoch;
      this.#candidates = 0;
    }
    if (before === role) return;
    this.#roles.set(node.id, role);
    if (role === 'candidate') {
      this.#candidates += 1;
      // Two want to lead before anybody does.
      if (this.#candidates === 2) this.#journal.reached('duel');
    }
    if (role === 'leader') {
      this.#candidates = 0;
      this.#journal.reached('leader elected');
    }
    if (before === 'leader') this.#journal.reached('leader deposed');
    if (before === 'learner') this.#journal.reached('learner promoted');
  }
}
