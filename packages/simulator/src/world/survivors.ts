/** Those that live on once faults are over: some, as many as it takes, or all. */
import { isMember, isQuorum, type Random } from '@quorate/core';
import { shuffled } from '../faults/target.ts';
import type { AnyNode, Stage } from './stage.ts';

/** Chooses and holds them. */
export class Survivors {
  readonly #stage: Stage;
  readonly #random: Random;
  readonly #quorumOnly: boolean;
  #nodes: ReadonlySet<AnyNode> = new Set();

  constructor(stage: Stage, random: Random, quorumOnly: boolean) {
    this.#stage = stage;
    this.#random = random;
    this.#quorumOnly = quorumOnly;
  }

  has(node: AnyNode): boolean {
    return this.#nodes.has(node);
  }

  /** Those of them that are members of the group and run. */
  get members(): readonly AnyNode[] {
    const decided = this.#stage.membership();
    return [...this.#nodes].filter(
      (node) => node.replica !== undefined && isMember(decided, node.id),
    );
  }

  /** Whether they can decide by every membership that is in force somewhere. */
  get areEnough(): boolean {
    return this.#suffice(this.#nodes);
  }

  /**
   * Chooses: in a random order, until they can decide by every membership that is in force somewhere.
   *
   * @returns whether what is intact is enough for that.
   */
  choose(): boolean {
    if (!this.#suffice(new Set(this.#sound()))) return false;
    if (this.#quorumOnly) this.#extend();
    else this.#nodes = new Set(this.#stage.nodes.filter((node) => !node.broken));
    return true;
  }

  /**
   * A change that was asked for before may come into force only now, and need others than those that live. What
   * rots is not called for, even then: it may not be enough.
   *
   * @returns those that it needs in addition.
   */
  extend(): readonly AnyNode[] {
    const before = this.#nodes;
    if (this.#suffice(before)) return [];
    this.#extend();
    return [...this.#nodes].filter((node) => !before.has(node));
  }

  #extend(): void {
    const nodes = new Set(this.#nodes);
    for (const node of shuffled(this.#sound(), this.#random)) {
      if (this.#suffice(nodes)) break;
      nodes.add(node);
    }
    this.#nodes = nodes;
  }

  /** What rots may be refused at its next start: it is counted as dead. */
  #sound(): readonly AnyNode[] {
    return this.#stage.nodes.filter((node) => !node.broken && !node.damaged);
  }

  #suffice(nodes: ReadonlySet<AnyNode>): boolean {
    const ids = new Set([...nodes].map(({ id }) => id));
    return [this.#stage.membership(), ...this.#stage.memberships()].every(
      (membership) => membership.voters.length === 0 || isQuorum(membership, (id) => ids.has(id)),
    );
  }
}
