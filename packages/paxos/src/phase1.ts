/**
 * Phase 1 of one ballot, for all slots behind the proposer's chosen prefix at once ("Paxos Made
 * Simple", section 3: "infinitely many instances").
 *
 * It goes on as long as the ballot is in use: a membership that is chosen later may name voters who have
 * not promised yet, and the slots that are theirs are not proposed before enough of them have.
 */
import type { LogIndex, NodeId } from '@quorate/core';
import { type Ballot, chosenBallot, sameBallot } from './ballot.ts';
import type { Voters } from './configurations.ts';
import type { Placed, Promised } from './messages.ts';
import type { QuorumSystem } from './quorums.ts';
import { ballotOf, isMarkedChosen } from './record.ts';
import { highestVote, type Vote } from './rules.ts';

const unknown = Number.POSITIVE_INFINITY;

/** Promises of one ballot, and the votes that came with them. */
export class Phase1 {
  readonly ballot: Ballot;
  /** The first slot that was asked for. */
  readonly from: LogIndex;
  /** When those that have not promised are asked again. */
  resendAt: number;
  /** The ballot of the former leader, if that one wants it. */
  readonly transfer: Ballot | undefined;
  /** Every slot up to here is known to be chosen by somebody who has promised. */
  chosen: LogIndex = 0;
  /** Who knows that; one whose log reaches back far enough before one that has only a snapshot. */
  teacher: NodeId | undefined;
  /** The highest slot for which a vote was reported. */
  highest: LogIndex = 0;
  /** Whether the teacher's log does. */
  #reachesBack = false;
  /** Who has promised, with all pages, and up to where it knew everything to be chosen. */
  readonly #promised = new Map<NodeId, LogIndex>();
  /** The same for those of whom a further page is due, and where that starts. */
  readonly #pages = new Map<NodeId, { readonly next: LogIndex; readonly chosen: LogIndex }>();
  readonly #votes = new Map<LogIndex, Vote<Uint8Array>>();
  readonly #covered = new Set<Voters>();

  constructor(ballot: Ballot, from: LogIndex, transfer: Ballot | undefined, resendAt: number) {
    this.ballot = ballot;
    this.from = from;
    this.transfer = transfer;
    this.resendAt = resendAt;
  }

  /** Whether a node has promised, and reported everything. */
  has(id: NodeId): boolean {
    return this.#promised.has(id);
  }

  /** The slot from which a node is to be asked. */
  dueFrom(id: NodeId): LogIndex {
    return this.#pages.get(id)?.next ?? this.from;
  }

  /** The proposer's own promise is durable. Its votes it knows by itself. */
  promisedBySelf(id: NodeId): void {
    this.#promised.set(id, 0);
  }

  /**
   * Takes a page of a promise.
   *
   * @param open the first slot that has no proposal yet: of those before nothing need be known.
   * @returns where the next page starts; 0 where this completes the promise; `undefined` where the page
   *   is not the one that is due, and says nothing.
   */
  add(from: NodeId, promise: Promised, open: LogIndex): LogIndex | undefined {
    const { chosen, firstIndex, votes, from: first, next } = promise;
    if (this.#promised.has(from) || first !== this.dueFrom(from)) return undefined;
    const reachesBack = firstIndex <= this.from;
    if (chosen > this.chosen || (chosen === this.chosen && reachesBack && !this.#reachesBack)) {
      this.chosen = chosen;
      this.teacher = from;
      this.#reachesBack = reachesBack;
    }
    for (const vote of votes) if (vote.slot >= open) this.#report(vote);
    // It may have restarted between two pages, and know less than before.
    const most = Math.max(chosen, this.#pages.get(from)?.chosen ?? 0);
    if (next === 0) {
      this.#pages.delete(from);
      this.#promised.set(from, most);
    } else {
      this.#pages.set(from, { next, chosen: most });
    }
    return next;
  }

  /**
   * Whether a phase-1 quorum of these voters has promised. Where a voter knows what is chosen it reports no
   * votes: it counts once the proposer knows all of that too, and not before. Others may be enough without
   * it.
   *
   * @param chosen the proposer's own chosen prefix.
   */
  covers(quorums: QuorumSystem, voters: Voters, chosen: LogIndex): boolean {
    if (this.#covered.has(voters)) return true;
    const counts = (voter: NodeId): boolean => (this.#promised.get(voter) ?? unknown) <= chosen;
    if (!quorums.phase1(voters, counts)) return false;
    this.#covered.add(voters);
    return true;
  }

  /**
   * P2c: the value that has to be proposed in a slot: that of the highest vote among all reported ones
   * and the proposer's own. `undefined`: any.
   */
  valueFor(slot: LogIndex, own: Vote<Uint8Array> | undefined): Uint8Array | undefined {
    return highestVote([this.#votes.get(slot), own])?.value;
  }

  /** The slot is proposed: what was reported of it is of no use any more. */
  forget(slot: LogIndex): void {
    this.#votes.delete(slot);
  }

  #report({ slot, record }: Placed): void {
    // A voter of a later membership may have heard from the leader before it was asked.
    const ballot = isMarkedChosen(record) ? chosenBallot : ballotOf(record);
    if (sameBallot(ballot, this.ballot)) return;
    if (slot > this.highest) this.highest = slot;
    const vote = { ballot, value: record };
    const highest = highestVote([this.#votes.get(slot), vote]);
    if (highest !== undefined) this.#votes.set(slot, highest);
  }
}
