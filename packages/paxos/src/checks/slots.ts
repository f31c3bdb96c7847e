/**
 * What was ever proposed in each slot, who has accepted it on its disk, and what is chosen by that:
 * whether anybody knows it or not.
 *
 *  - P2b: once a phase-2 quorum of its owners has accepted a value in a slot, every vote and every accept
 *    in a higher ballot has that value. One value a slot and ballot.
 *  - Nothing is proposed past the window.
 *  - Everything is chosen in ballots up to the one that comes with it (`knownIn`).
 *  - What a settled round settles is settled.
 */
import { entryKind, type Membership, type NodeId } from '@quorate/core';
import { must, type PlacedMembership } from '@quorate/core/checks';
import { type Ballot, compareBallots, describeBallot, noBallot } from '../ballot.ts';
import type { QuorumSystem } from '../quorums.ts';
import {
  headerBytes,
  holdsMembership,
  membershipIn,
  sameValue,
  settledRoundIn,
} from '../record.ts';
import type { DurableState } from '../state.ts';
import { ownersOf } from './paxos-rules.ts';

/** What all nodes of a group must agree on for the checks to hold. */
export interface Agreement {
  /** How many slots may be open behind the chosen ones (α). */
  readonly window: number;
  readonly quorums: QuorumSystem;
}

/** What was ever proposed in a slot in one ballot, and who has ever accepted it durably. */
export interface Proposal {
  readonly ballot: Ballot;
  readonly record: Uint8Array;
  readonly voters: Set<NodeId>;
}

/** All that ever happened in a slot. */
interface History {
  readonly proposals: Map<string, Proposal>;
  /** The lowest ballot in which a value was chosen, as far as is known. */
  chosen: Proposal | undefined;
}

/** All slots of one group. */
export class Slots {
  readonly #window: number;
  readonly #quorums: QuorumSystem;
  readonly #history: History[] = [];
  /** Memberships in the chosen prefix. */
  #memberships: PlacedMembership[];
  /** The highest of the ballots in which each slot up to this one was chosen. */
  #chosenIn: Ballot[] = [noBallot];
  #prefix = 0;
  #settledRound = 0;

  constructor({ window, quorums }: Agreement, bootstrap: Membership) {
    this.#window = window;
    this.#quorums = quorums;
    this.#memberships = [{ index: 0, membership: bootstrap }];
  }

  /** Every slot up to here is chosen. */
  get prefix(): number {
    return this.#prefix;
  }

  /** What is chosen in a slot, if anything is. */
  chosenAt(slot: number): Uint8Array | undefined {
    return this.#history[slot]?.chosen?.record;
  }

  /** What was proposed in a slot in this ballot, as `describeBallot` names it. */
  proposed(slot: number, ballot: string): Proposal | undefined {
    return this.#history[slot]?.proposals.get(ballot);
  }

  /** Those who decide a slot, by what is chosen so far. */
  owners(slot: number): readonly NodeId[] {
    return ownersOf(slot, this.#memberships, this.#window);
  }

  /** The group begins anew: what this node holds is chosen, in the ballot that its state says. */
  begin(
    node: NodeId,
    { base, chosen, knownIn, settledRound }: DurableState,
    membership: Membership,
    recordAt: (slot: number) => Uint8Array | undefined,
  ): void {
    this.#history.length = 0;
    this.#memberships = [{ index: 0, membership }];
    this.#prefix = chosen;
    this.#chosenIn = Array.from({ length: chosen + 1 }, (_, slot) =>
      slot === 0 ? noBallot : knownIn,
    );
    this.#settledRound = settledRound;
    for (let slot = base + 1; slot <= chosen; slot++) {
      const record = recordAt(slot);
      must(record !== undefined, () => `slot ${String(slot)} is called chosen, and has no value`);
      const proposal = { ballot: knownIn, record, voters: new Set([node]) };
      this.#history[slot] = {
        proposals: new Map([[describeBallot(knownIn), proposal]]),
        chosen: proposal,
      };
    }
  }

  /** P2b from the one side: what is proposed in a higher ballot than a chosen value is that value. */
  propose(slot: number, ballot: Ballot, record: Uint8Array): Proposal {
    const history = this.#historyOf(slot);
    const key = describeBallot(ballot);
    const known = history.proposals.get(key);
    if (known !== undefined) {
      must(
        known.record === record || sameValue(known.record, record),
        () => `two values in slot ${String(slot)} and ballot ${key}`,
      );
      return known;
    }
    must(
      slot <= this.#prefix + this.#window,
      () =>
        `slot ${String(slot)} is proposed in ${key}, and only ${String(this.#prefix)} slots are chosen`,
    );
    const proposal: Proposal = { ballot, record: record.slice(), voters: new Set() };
    history.proposals.set(key, proposal);
    if (history.chosen !== undefined) checkP2b(slot, history.chosen, proposal);
    return proposal;
  }

  /** P2b from the other side: a vote on a disk may be the one by which a value is chosen. */
  vote(slot: number, ballot: Ballot, record: Uint8Array, voter: NodeId): void {
    const proposal = this.propose(slot, ballot, record);
    if (proposal.voters.has(voter)) return;
    proposal.voters.add(voter);
    this.#choose(slot, proposal);
  }

  checkIsChosen(slot: number, record: Uint8Array, who: () => string): void {
    const chosen = this.chosenAt(slot);
    must(
      chosen !== undefined && sameValue(chosen, record),
      () => `${who()} what is not chosen in slot ${String(slot)}`,
    );
  }

  /** Whether so many slots are chosen, and in ballots up to this one, as the node says. */
  checkKnownIn(node: NodeId, chosen: number, knownIn: Ballot): void {
    const highest = this.#chosenIn[chosen];
    must(
      highest !== undefined,
      () => `${node} knows ${String(chosen)} slots, more than are chosen`,
    );
    must(
      compareBallots(highest, knownIn) <= 0,
      () =>
        `${node} takes ${String(chosen)} slots for chosen in ballots up to ${describeBallot(knownIn)}; one was only in ${describeBallot(highest)}`,
    );
  }

  #choose(slot: number, proposal: Proposal): void {
    const history = this.#historyOf(slot);
    const { ballot, voters } = proposal;
    if (history.chosen !== undefined && compareBallots(history.chosen.ballot, ballot) <= 0) return;
    if (!this.#quorums.phase2(this.owners(slot), (id) => voters.has(id))) return;
    history.chosen = proposal;
    for (const other of history.proposals.values()) checkP2b(slot, proposal, other);
    if (slot === this.#prefix + 1) this.#advance();
  }

  #advance(): void {
    for (;;) {
      const slot = this.#prefix + 1;
      const history = this.#history[slot];
      if (history?.chosen === undefined) return;
      const { ballot, record } = history.chosen;
      if (holdsMembership(record)) {
        this.#memberships.push({ index: slot, membership: membershipIn(record) });
      }
      this.#checkSettled(slot, history, record);
      const highest = this.#chosenIn[this.#prefix] ?? noBallot;
      this.#chosenIn.push(compareBallots(ballot, highest) > 0 ? ballot : highest);
      this.#prefix = slot;
    }
  }

  /** What was first proposed in a lower round than one that is settled is not chosen behind that. */
  #checkSettled(slot: number, { proposals }: History, record: Uint8Array): void {
    if (entryKind(record, headerBytes) === 'commands') {
      let round = Number.POSITIVE_INFINITY;
      for (const other of proposals.values()) {
        if (sameValue(other.record, record)) round = Math.min(round, other.ballot.round);
      }
      must(
        round >= this.#settledRound,
        () =>
          `round ${String(this.#settledRound)} is settled, and a command of round ${String(round)} is chosen in slot ${String(slot)}`,
      );
    }
    this.#settledRound = Math.max(this.#settledRound, settledRoundIn(record));
  }

  #historyOf(slot: number): History {
    return (this.#history[slot] ??= { proposals: new Map(), chosen: undefined });
  }
}

function checkP2b(slot: number, chosen: Proposal, other: Proposal): void {
  must(
    compareBallots(other.ballot, chosen.ballot) <= 0 || sameValue(other.record, chosen.record),
    () =>
      `P2b: a value is chosen in slot ${String(slot)} in ballot ${describeBallot(chosen.ballot)}, ` +
      `and another is proposed in ${describeBallot(other.ballot)}`,
  );
}
