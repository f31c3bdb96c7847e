/**
 * What only Paxos promises, checked after every step of every node, from what stands on the disks and
 * in the messages alone: the engine's own bookkeeping is never asked whether it is right.
 *
 *  - P1a: the durable promise of an acceptor never falls; no vote is in a higher ballot than it.
 *  - P2b: once a phase-2 quorum of its owners has accepted a value in a slot, every vote and every accept
 *    in a higher ballot has that value. One value a slot and ballot.
 *  - Nobody calls chosen what no phase-2 quorum of its owners has accepted in one ballot.
 *  - A ballot is used by its owner alone, in one of its lives.
 *  - What a promise or an acceptance says is on the disk of whoever says it, and a promise leaves
 *    nothing out.
 *  - Nobody proposes past the window, or without a phase-1 quorum of the slot's owners.
 *  - Nobody votes where it has trimmed its log.
 *  - Everything is chosen in ballots up to the one that comes with it (`knownIn`).
 *  - What a settled round settles is settled.
 *  - While somebody answers reads under a lease, nobody leads those in a higher ballot who decide what
 *    comes next.
 */
import type { Input, NodeId } from '@quorate/core';
import {
  must,
  type NewGroup,
  type Observer,
  type Request,
  type Turn,
  type WatchedGroup,
  type WatchedNode,
} from '@quorate/core/checks';
import { compareBallots, describeBallot } from '../ballot.ts';
import type { Accept, Accepted, PaxosMessage, Promised } from '../messages.ts';
import type { QuorumSystem } from '../quorums.ts';
import { ballotOf, isMarkedChosen } from '../record.ts';
import { Acceptors } from './acceptors.ts';
import { Ballots } from './ballots.ts';
import { LeaseReads } from './lease-reads.ts';
import { type Agreement, Slots } from './slots.ts';

/** Checks one group. */
export class PaxosChecks implements Observer<PaxosMessage> {
  readonly #window: number;
  readonly #quorums: QuorumSystem;
  readonly #slots: Slots;
  readonly #acceptors: Acceptors;
  readonly #ballots: Ballots = new Ballots();
  readonly #leaseReads: LeaseReads;

  constructor(group: WatchedGroup<PaxosMessage>, agreement: Agreement) {
    this.#window = agreement.window;
    this.#quorums = agreement.quorums;
    this.#slots = new Slots(agreement, group.bootstrap);
    this.#acceptors = new Acceptors(this.#slots);
    this.#leaseReads = new LeaseReads(group, agreement.quorums, this.#slots, this.#ballots);
  }

  started(node: WatchedNode): void {
    this.#acceptors.start(node);
  }

  crashed(node: WatchedNode): void {
    this.#acceptors.flush(node);
  }

  /** What the first nodes hold is chosen, in the ballot that they say. Promises go on where a node does. */
  regrouped({ nodes, survivor, membership }: NewGroup): void {
    this.#acceptors.regroup(survivor);
    this.#ballots.regroup();
    const [first] = nodes;
    const state = first && this.#acceptors.stateOf(first);
    must(first !== undefined && state !== undefined, () => 'a group begins with a state');
    this.#slots.begin(first.id, state, membership, (slot) => first.disk.durable.record(slot));
  }

  stepped(node: WatchedNode, input: Input<PaxosMessage>): void {
    this.#acceptors.flush(node);
    if (input.type === 'receive' && input.message.type === 'promise') {
      this.#ballots.receive(node, input.from, input.message);
    }
    this.#checkChosen(node);
  }

  took(node: WatchedNode, turn: Turn<PaxosMessage>): void {
    const acceptor = this.#acceptors.of(node);
    this.#acceptors.flush(node);
    this.#checkChosen(node);
    for (const write of turn.effects.writes) {
      acceptor.pending.push(write);
      for (const op of write.ops) {
        if (op.type === 'put') this.#checkPut(node, op.index, op.record);
      }
    }
    this.#leaseReads.check(node, turn);
  }

  left(node: WatchedNode, _to: NodeId, message: PaxosMessage): void {
    this.#acceptors.flush(node);
    switch (message.type) {
      case 'prepare': {
        const { ballot, from } = message;
        this.#ballots.use(node, ballot);
        must(
          compareBallots(this.#acceptors.of(node).promised, ballot) >= 0,
          () => `${node.id} asks for promises to ${describeBallot(ballot)} before that is durable`,
        );
        this.#ballots.ask(ballot, from);
        break;
      }
      case 'promise':
        this.#checkPromise(node, message);
        break;
      case 'accept':
        this.#checkAccept(node, message);
        break;
      case 'accepted':
        this.#checkAccepted(node, message);
        break;
      case 'learned':
        for (const [at, record] of message.records.entries()) {
          this.#slots.checkIsChosen(message.from + at, record, () => `${node.id} teaches`);
        }
        this.#slots.checkKnownIn(node.id, message.chosen, message.knownIn);
        break;
      case 'refuse':
        must(
          compareBallots(this.#acceptors.of(node).promised, message.promised) >= 0 ||
            compareBallots(this.#acceptors.of(node).knownIn, message.promised) >= 0,
          () => `${node.id} refuses for the sake of a promise that is not durable`,
        );
        break;
      case 'survey':
      case 'survey-reply':
      case 'learn':
      case 'take-over':
      case 'inquire':
      case 'inquire-reply':
    }
  }

  requested(node: WatchedNode, ticket: number, request: Request): void {
    if (request.type === 'read' && request.guarantee === 'lease') {
      this.#leaseReads.ask(node, ticket);
    }
  }

  #checkPut(node: WatchedNode, slot: number, record: Uint8Array): void {
    const acceptor = this.#acceptors.of(node);
    must(
      slot > acceptor.base,
      () => `${node.id} votes in slot ${String(slot)}, and has trimmed ${String(acceptor.base)}`,
    );
    if (isMarkedChosen(record)) return;
    const ballot = ballotOf(record);
    must(
      compareBallots(ballot, acceptor.promised) >= 0 &&
        compareBallots(ballot, acceptor.knownIn) >= 0,
      () =>
        `P2: ${node.id} accepts in ${describeBallot(ballot)}, below ${describeBallot(acceptor.promised)} or ${describeBallot(acceptor.knownIn)}`,
    );
    if (ballot.node !== node.id) return;
    this.#ballots.use(node, ballot);
    const { commitIndex } = node.engine.status;
    must(
      slot <= commitIndex + this.#window,
      () =>
        `P14: ${node.id} proposes in slot ${String(slot)}, and knows only ${String(commitIndex)} as chosen`,
    );
    this.#slots.propose(slot, ballot, record);
    const owners = this.#slots.owners(slot);
    const has = (id: NodeId): boolean =>
      id === node.id
        ? compareBallots(acceptor.promised, ballot) >= 0
        : this.#ballots.hasPromise(ballot, id);
    must(
      this.#quorums.phase1(owners, has),
      () =>
        `${node.id} proposes in slot ${String(slot)} and ballot ${describeBallot(ballot)} without a quorum of ${owners.join()}`,
    );
  }

  #checkPromise(node: WatchedNode, message: Promised): void {
    const { ballot, chosen, from, votes, next } = message;
    const { durable } = node.disk;
    const acceptor = this.#acceptors.of(node);
    must(
      compareBallots(acceptor.promised, ballot) >= 0,
      () => `P1: ${node.id} promises ${describeBallot(ballot)} before that is durable`,
    );
    // Whoever promises a ballot knows nothing that was chosen in a higher one.
    this.#slots.checkKnownIn(node.id, chosen, ballot);
    must(
      chosen <= this.#slots.prefix,
      () =>
        `${node.id} reports ${String(chosen)} slots as chosen, ${String(this.#slots.prefix)} are`,
    );
    const reported = new Map(votes.map(({ slot, record }) => [slot, record]));
    for (const [slot, record] of reported) {
      if (isMarkedChosen(record)) continue;
      const vote = ballotOf(record);
      const proposal = this.#slots.proposed(slot, describeBallot(vote));
      // One that was replaced before it reached the disk may be told of all the same.
      const held = durable.record(slot);
      const replaced =
        slot <= acceptor.base ||
        (held !== undefined && (isMarkedChosen(held) || compareBallots(ballotOf(held), vote) > 0));
      must(
        proposal !== undefined && (proposal.voters.has(node.id) || replaced),
        () => `${node.id} reports a vote in slot ${String(slot)} that is not on its disk`,
      );
    }
    const end = next === 0 ? durable.last : next - 1;
    for (let slot = Math.max(from, chosen + 1, acceptor.base + 1); slot <= end; slot++) {
      const record = durable.record(slot);
      if (record === undefined || isMarkedChosen(record)) continue;
      if (compareBallots(ballotOf(record), ballot) >= 0) continue;
      must(
        reported.has(slot),
        () => `P7: ${node.id} keeps quiet about its vote in slot ${String(slot)}`,
      );
    }
  }

  #checkAccept(node: WatchedNode, { ballot, chosen, proposals }: Accept): void {
    this.#ballots.use(node, ballot);
    for (const { slot, record } of proposals) {
      must(
        compareBallots(ballotOf(record), ballot) === 0,
        () => `${node.id} proposes slot ${String(slot)} under another ballot than its own`,
      );
      this.#slots.propose(slot, ballot, record);
    }
    must(
      chosen <= this.#slots.prefix,
      () => `${node.id} tells of ${String(chosen)} chosen slots, ${String(this.#slots.prefix)} are`,
    );
  }

  #checkAccepted(node: WatchedNode, message: Accepted): void {
    const { ballot, match, beyond, chosen } = message;
    const acceptor = this.#acceptors.of(node);
    const key = describeBallot(ballot);
    must(
      compareBallots(acceptor.promised, ballot) >= 0,
      () => `P4: ${node.id} answers in ${key} before it has promised that durably`,
    );
    must(chosen <= this.#slots.prefix, () => `${node.id} knows more as chosen than is`);
    const check = (slot: number): void => {
      must(
        this.#acceptors.holds(node, slot, key),
        () => `${node.id} acknowledges slot ${String(slot)} in ${key}, which is not on its disk`,
      );
    };
    if (acceptor.verified.ballot !== key) acceptor.verified = { ballot: key, match: 0 };
    const covered = node.disk.durable.snapshot?.index ?? 0;
    for (let slot = Math.max(acceptor.verified.match, covered) + 1; slot <= match; slot++) {
      check(slot);
    }
    acceptor.verified.match = Math.max(acceptor.verified.match, match);
    for (const { from, to } of beyond) {
      for (let slot = from; slot <= to; slot++) if (slot > covered) check(slot);
    }
  }

  #checkChosen(node: WatchedNode): void {
    const { commitIndex } = node.engine.status;
    must(
      commitIndex <= this.#slots.prefix,
      () =>
        `${node.id} calls slot ${String(commitIndex)} chosen, and quorums have accepted only ${String(this.#slots.prefix)}`,
    );
  }
}
