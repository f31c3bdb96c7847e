/**
 * Which voters decide which slot.
 *
 * A membership takes effect by its place in the sequence of chosen values ("Paxos Made Simple", section
 * 3; Lamport, Malkhi and Zhou, "Reconfiguring a State Machine", 2010, method R-alpha): one that is
 * chosen in slot *i* governs from slot *i* + α on. Nobody proposes in slot *i* + α before slot *i* is
 * chosen, so whoever proposes knows the voters, and each slot has exactly one set of them.
 *
 * In an entry, `outgoing` holds the voters who decide until then. They stay members, until a second
 * entry without `outgoing` says that the new voters hold everything that was decided without them
 * (`reconfiguration.ts`).
 */
import { invariant, type LogIndex, memberIds, type Membership, type NodeId } from '@quorate/core';
import { invariants } from './invariants.ts';

/** A membership and the slot in which it was chosen; 0 for the one a group started with. */
export interface PlacedMembership {
  readonly index: LogIndex;
  readonly membership: Membership;
}

/** A set of voters, in the order of their ids. */
export type Voters = readonly NodeId[];

interface Configuration extends PlacedMembership {
  readonly voters: Voters;
  readonly outgoing: Voters;
}

/** All memberships that were chosen since the base of the log. Never empty. */
export class Configurations {
  readonly #window: number;
  #placed: Configuration[];

  constructor(window: number, placed: readonly PlacedMembership[]) {
    this.#window = window;
    this.#placed = placed.map(configurationOf);
  }

  /** The last one that was chosen. */
  get current(): Membership {
    return this.#last.membership;
  }

  /** The slot in which it was chosen. */
  get currentIndex(): LogIndex {
    return this.#last.index;
  }

  /** First slot that its voters decide. */
  get effectiveFrom(): LogIndex {
    const last = this.#last;
    return last.outgoing.length === 0 ? last.index + 1 : last.index + this.#window;
  }

  /** How many there are. */
  get count(): number {
    return this.#placed.length;
  }

  /** All of them, in order. */
  all(): readonly PlacedMembership[] {
    return this.#placed.map(({ index, membership }) => ({ index, membership }));
  }

  /** The last one that was chosen in this slot or before. */
  at(index: LogIndex): PlacedMembership {
    const { index: placedAt, membership } =
      this.#placed.findLast((placed) => placed.index <= index) ?? this.#first;
    return { index: placedAt, membership };
  }

  /**
   * Who decides a slot. Known for certain for slots up to α past what is chosen.
   */
  votersOf(slot: LogIndex): Voters {
    let at = this.#placed.length - 1;
    while (at > 0 && (this.#placed[at]?.index ?? 0) >= slot) at--;
    const { index, voters, outgoing } = this.#placed[at] ?? this.#first;
    return outgoing.length === 0 || slot >= index + this.#window ? voters : outgoing;
  }

  /** Everybody who decides a slot behind this index, as far as is known: one set or two. */
  behind(index: LogIndex): readonly Voters[] {
    const first = this.votersOf(index + 1);
    const last = this.#last.voters;
    return first === last ? [first] : [first, last];
  }

  /**
   * Whether a membership may be chosen next: a change of voters names those before it as outgoing, and what
   * ends the change keeps the voters.
   */
  mayFollow(membership: Membership): boolean {
    const { voters, outgoing } = configurationOf({ index: 0, membership });
    const last = this.#last;
    if (last.voters.length === 0) return true;
    if (outgoing.length === 0) return sameVoters(last.voters, voters);
    return last.outgoing.length === 0 && sameVoters(last.voters, outgoing);
  }

  /** A membership was chosen in a slot. */
  append(placed: PlacedMembership): void {
    const configuration = configurationOf(placed);
    const before = this.#last.voters;
    invariant(this.mayFollow(placed.membership), invariants.oneChangeAtATime);
    // Mostly the same people: then it is the same set, and nobody need be asked twice.
    const same = sameVoters(before, configuration.voters);
    this.#placed.push(same ? { ...configuration, voters: before } : configuration);
  }

  /** Forgets what only mattered up to the index. */
  dropThrough(index: LogIndex): void {
    const at = this.#placed.findLastIndex((placed) => placed.index <= index);
    if (at > 0) this.#placed.splice(0, at);
  }

  /** Starts over from a snapshot. */
  reset(placed: PlacedMembership): void {
    this.#placed = [configurationOf(placed)];
  }

  /** Every member of the current membership, in any role. */
  members(): readonly NodeId[] {
    return memberIds(this.current);
  }

  get #first(): Configuration {
    return this.#placed[0] ?? nobody;
  }

  get #last(): Configuration {
    return this.#placed[this.#placed.length - 1] ?? nobody;
  }
}

const nobody: Configuration = {
  index: 0,
  membership: { voters: [], outgoing: [], learners: [] },
  voters: [],
  outgoing: [],
};

function configurationOf({ index, membership }: PlacedMembership): Configuration {
  const ids = (members: Membership['voters']): Voters => members.map(({ id }) => id);
  return {
    index,
    membership,
    voters: ids(membership.voters),
    outgoing: ids(membership.outgoing),
  };
}

function sameVoters(left: Voters, right: Voters): boolean {
  return left.length === right.length && left.every((id, at) => id === right[at]);
}
