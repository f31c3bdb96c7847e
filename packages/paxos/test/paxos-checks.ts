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
import {
  type Cluster,
  must,
  type NewGroup,
  type Observer,
  type PlacedMembership,
  type Request,
  type SimNode,
  type Turn,
} from '@quorate/conformance/engine';
import { entryKind, type Input, type NodeId, type Write } from '@quorate/core';
import { type Ballot, compareBallots, describeBallot, noBallot } from '../src/ballot.ts';
import type { Accept, Accepted, PaxosMessage, Promised } from '../src/messages.ts';
import type { QuorumSystem } from '../src/quorums.ts';
import {
  ballotOf,
  headerBytes,
  holdsMembership,
  isMarkedChosen,
  membershipIn,
  sameValue,
  settledRoundIn,
} from '../src/record.ts';
import { decodeContext, decodeState, type DurableState } from '../src/state.ts';
import { ownersOf } from './paxos-rules.ts';

/** What was ever proposed in a slot in one ballot, and who has ever accepted it durably. */
interface Proposal {
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

/** A node, as its disk and its messages show it. */
interface Shadow {
  /** Writes that are not durable yet. */
  pending: Write[];
  promised: Ballot;
  knownIn: Ballot;
  base: number;
  /** Everything up to here has been found on its disk, for what it says in this ballot. */
  verified: { readonly ballot: string; match: number };
}

/** Who has promised a ballot to its owner, as its owner got it. */
interface Promises {
  /** First slot that was asked for. */
  readonly from: number;
  readonly due: Map<NodeId, number>;
  readonly complete: Set<NodeId>;
}

/** The agreement of a group. */
export interface Agreement {
  readonly window: number;
  readonly quorums: QuorumSystem;
}

/** Checks one cluster. */
export class PaxosChecks implements Observer<PaxosMessage> {
  readonly #cluster: Cluster<PaxosMessage>;
  readonly #window: number;
  readonly #quorums: QuorumSystem;
  readonly #history: History[] = [];
  readonly #shadows = new Map<NodeId, Shadow>();
  readonly #lives = new Map<string, number>();
  readonly #promises = new Map<string, Promises>();
  readonly #leaseReads = new Set<number>();
  readonly #states = new WeakMap<Uint8Array, DurableState>();
  /** Memberships in the chosen prefix. */
  #memberships: PlacedMembership[];
  /** The highest of the ballots in which each slot up to this one was chosen. */
  #chosenIn: Ballot[] = [noBallot];
  #prefix = 0;
  #settledRound = 0;

  constructor(cluster: Cluster<PaxosMessage>, { window, quorums }: Agreement) {
    this.#cluster = cluster;
    this.#window = window;
    this.#quorums = quorums;
    this.#memberships = [{ index: 0, membership: cluster.bootstrap }];
  }

  /** Every slot up to here is chosen, whether anybody knows it or not. */
  get chosenPrefix(): number {
    return this.#prefix;
  }

  /** Whether a value is chosen in a slot, whether anybody knows it or not. */
  isChosen(slot: number): boolean {
    return this.#history[slot]?.chosen !== undefined;
  }

  started(node: SimNode<PaxosMessage>): void {
    const { durable } = node.disk;
    const state = this.#stateOf(node);
    const before = this.#shadows.get(node.id);
    const promised = state?.promised ?? noBallot;
    must(
      before === undefined || compareBallots(promised, before.promised) >= 0,
      () => `${node.id} forgot its promise of ${describeBallot(before?.promised ?? noBallot)}`,
    );
    this.#shadows.set(node.id, {
      pending: [],
      promised,
      knownIn: state?.knownIn ?? noBallot,
      base: state?.base ?? 0,
      verified: { ballot: '', match: 0 },
    });
    for (let index = durable.first; index <= durable.last; index++) {
      const record = durable.record(index);
      if (record === undefined || index <= (state?.base ?? 0)) continue;
      this.#stands(node, index, record, promised);
    }
  }

  crashed(node: SimNode<PaxosMessage>): void {
    this.#flush(node);
  }

  /** What the first nodes hold is chosen, in the ballot that they say. Promises go on where a node does. */
  regrouped({ nodes, survivor, membership }: NewGroup<PaxosMessage>): void {
    const shadow = survivor && this.#shadows.get(survivor.id);
    this.#shadows.clear();
    if (survivor !== undefined && shadow !== undefined) this.#shadows.set(survivor.id, shadow);
    this.#history.length = 0;
    this.#lives.clear();
    this.#promises.clear();
    this.#memberships = [{ index: 0, membership }];
    const [first] = nodes;
    const state = first && this.#stateOf(first);
    must(first !== undefined && state !== undefined, () => 'a group begins with a state');
    const { base, chosen, knownIn, settledRound } = state;
    this.#prefix = chosen;
    this.#chosenIn = Array.from({ length: chosen + 1 }, (_, slot) =>
      slot === 0 ? noBallot : knownIn,
    );
    this.#settledRound = settledRound;
    for (let slot = base + 1; slot <= chosen; slot++) {
      const record = first.disk.durable.record(slot);
      must(record !== undefined, () => `slot ${String(slot)} is called chosen, and has no value`);
      const proposal = { ballot: knownIn, record, voters: new Set([first.id]) };
      this.#history[slot] = {
        proposals: new Map([[describeBallot(knownIn), proposal]]),
        chosen: proposal,
      };
    }
  }

  stepped(node: SimNode<PaxosMessage>, input: Input<PaxosMessage>): void {
    this.#flush(node);
    if (input.type === 'receive' && input.message.type === 'promise') {
      this.#receivePromise(node, input.from, input.message);
    }
    this.#checkChosen(node);
  }

  took(node: SimNode<PaxosMessage>, turn: Turn<PaxosMessage>): void {
    const shadow = this.#of(node);
    this.#flush(node);
    this.#checkChosen(node);
    for (const write of turn.effects.writes) {
      shadow.pending.push(write);
      for (const op of write.ops) {
        if (op.type === 'put') this.#checkPut(node, op.index, op.record);
      }
    }
    this.#checkLease(node, turn);
  }

  left(node: SimNode<PaxosMessage>, _to: NodeId, message: PaxosMessage): void {
    this.#flush(node);
    switch (message.type) {
      case 'prepare': {
        const { ballot, from } = message;
        this.#use(node, ballot);
        const key = describeBallot(ballot);
        must(
          compareBallots(this.#of(node).promised, ballot) >= 0,
          () => `${node.id} asks for promises to ${key} before that is durable`,
        );
        if (!this.#promises.has(key)) {
          this.#promises.set(key, { from, due: new Map(), complete: new Set() });
        }
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
          this.#checkIsChosen(message.from + at, record, () => `${node.id} teaches`);
        }
        this.#checkKnownIn(node, message.chosen, message.knownIn);
        break;
      case 'refuse':
        must(
          compareBallots(this.#of(node).promised, message.promised) >= 0 ||
            compareBallots(this.#of(node).knownIn, message.promised) >= 0,
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

  requested(_node: SimNode<PaxosMessage>, ticket: number, request: Request): void {
    if (request.type === 'read' && request.guarantee === 'lease') this.#leaseReads.add(ticket);
  }

  /** Takes in what has become durable. */
  #flush(node: SimNode<PaxosMessage>): void {
    const shadow = this.#of(node);
    while (shadow.pending.length > node.disk.underWay) {
      const write = shadow.pending.shift();
      if (write !== undefined) this.#durable(node, shadow, write);
    }
  }

  #durable(node: SimNode<PaxosMessage>, shadow: Shadow, { ops }: Write): void {
    for (const op of ops) {
      if (op.type === 'state') {
        const state = this.#decode(op.bytes);
        must(
          compareBallots(state.promised, shadow.promised) >= 0,
          () =>
            `P1a: the promise of ${node.id} falls from ${describeBallot(shadow.promised)} to ${describeBallot(state.promised)}`,
        );
        shadow.promised = state.promised;
        shadow.base = state.base;
        shadow.knownIn = state.knownIn;
        this.#checkKnownIn(node, state.chosen, state.knownIn);
      } else if (op.type === 'snapshot') {
        const { index, knownIn } = decodeContext(op.context);
        this.#checkKnownIn(node, index, knownIn);
      }
    }
    for (const op of ops) {
      if (op.type === 'put') this.#stands(node, op.index, op.record, shadow.promised);
    }
  }

  /** A record stands on a disk. */
  #stands(node: SimNode<PaxosMessage>, slot: number, record: Uint8Array, promised: Ballot): void {
    if (isMarkedChosen(record)) {
      this.#checkIsChosen(slot, record, () => `${node.id} marks as chosen`);
      return;
    }
    const ballot = ballotOf(record);
    must(
      compareBallots(ballot, promised) <= 0,
      () =>
        `${node.id} has accepted in ${describeBallot(ballot)} and promised only ${describeBallot(promised)}`,
    );
    const proposal = this.#propose(slot, ballot, record);
    if (proposal.voters.has(node.id)) return;
    proposal.voters.add(node.id);
    this.#choose(slot, proposal);
  }

  /** P2b from the one side: what is proposed in a higher ballot than a chosen value is that value. */
  #propose(slot: number, ballot: Ballot, record: Uint8Array): Proposal {
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

  /** P2b from the other side: a vote may be the one by which a value is chosen. */
  #choose(slot: number, proposal: Proposal): void {
    const history = this.#historyOf(slot);
    const { ballot, voters } = proposal;
    if (history.chosen !== undefined && compareBallots(history.chosen.ballot, ballot) <= 0) return;
    const owners = ownersOf(slot, this.#memberships, this.#window);
    if (!this.#quorums.phase2(owners, (id) => voters.has(id))) return;
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

  #checkPut(node: SimNode<PaxosMessage>, slot: number, record: Uint8Array): void {
    const shadow = this.#of(node);
    must(
      slot > shadow.base,
      () => `${node.id} votes in slot ${String(slot)}, and has trimmed ${String(shadow.base)}`,
    );
    if (isMarkedChosen(record)) return;
    const ballot = ballotOf(record);
    must(
      compareBallots(ballot, shadow.promised) >= 0 && compareBallots(ballot, shadow.knownIn) >= 0,
      () =>
        `P2: ${node.id} accepts in ${describeBallot(ballot)}, below ${describeBallot(shadow.promised)} or ${describeBallot(shadow.knownIn)}`,
    );
    if (ballot.node !== node.id) return;
    this.#use(node, ballot);
    const { commitIndex } = node.engine.status;
    must(
      slot <= commitIndex + this.#window,
      () =>
        `P14: ${node.id} proposes in slot ${String(slot)}, and knows only ${String(commitIndex)} as chosen`,
    );
    this.#propose(slot, ballot, record);
    const promises = this.#promises.get(describeBallot(ballot));
    const owners = ownersOf(slot, this.#memberships, this.#window);
    const has = (id: NodeId): boolean =>
      id === node.id
        ? compareBallots(shadow.promised, ballot) >= 0
        : promises?.complete.has(id) === true;
    must(
      this.#quorums.phase1(owners, has),
      () =>
        `${node.id} proposes in slot ${String(slot)} and ballot ${describeBallot(ballot)} without a quorum of ${owners.join()}`,
    );
  }

  /** P24: a promise counts once all of its pages are there, one after the other. */
  #receivePromise(node: SimNode<PaxosMessage>, from: NodeId, message: Promised): void {
    if (message.ballot.node !== node.id) return;
    const promises = this.#promises.get(describeBallot(message.ballot));
    if (promises === undefined) return;
    if (message.from !== (promises.due.get(from) ?? promises.from)) return;
    if (message.next === 0) promises.complete.add(from);
    else promises.due.set(from, message.next);
  }

  #checkPromise(node: SimNode<PaxosMessage>, message: Promised): void {
    const { ballot, chosen, from, votes, next } = message;
    const { durable } = node.disk;
    const shadow = this.#of(node);
    must(
      compareBallots(shadow.promised, ballot) >= 0,
      () => `P1: ${node.id} promises ${describeBallot(ballot)} before that is durable`,
    );
    // Whoever promises a ballot knows nothing that was chosen in a higher one.
    this.#checkKnownIn(node, chosen, ballot);
    must(
      chosen <= this.#prefix,
      () => `${node.id} reports ${String(chosen)} slots as chosen, ${String(this.#prefix)} are`,
    );
    const reported = new Map(votes.map(({ slot, record }) => [slot, record]));
    for (const [slot, record] of reported) {
      if (isMarkedChosen(record)) continue;
      const vote = ballotOf(record);
      const proposal = this.#history[slot]?.proposals.get(describeBallot(vote));
      // One that was replaced before it reached the disk may be told of all the same.
      const held = durable.record(slot);
      const replaced =
        slot <= shadow.base ||
        (held !== undefined && (isMarkedChosen(held) || compareBallots(ballotOf(held), vote) > 0));
      must(
        proposal !== undefined && (proposal.voters.has(node.id) || replaced),
        () => `${node.id} reports a vote in slot ${String(slot)} that is not on its disk`,
      );
    }
    const end = next === 0 ? durable.last : next - 1;
    for (let slot = Math.max(from, chosen + 1, shadow.base + 1); slot <= end; slot++) {
      const record = durable.record(slot);
      if (record === undefined || isMarkedChosen(record)) continue;
      if (compareBallots(ballotOf(record), ballot) >= 0) continue;
      must(
        reported.has(slot),
        () => `P7: ${node.id} keeps quiet about its vote in slot ${String(slot)}`,
      );
    }
  }

  #checkAccept(node: SimNode<PaxosMessage>, { ballot, chosen, proposals }: Accept): void {
    this.#use(node, ballot);
    for (const { slot, record } of proposals) {
      must(
        compareBallots(ballotOf(record), ballot) === 0,
        () => `${node.id} proposes slot ${String(slot)} under another ballot than its own`,
      );
      this.#propose(slot, ballot, record);
    }
    must(
      chosen <= this.#prefix,
      () => `${node.id} tells of ${String(chosen)} chosen slots, ${String(this.#prefix)} are`,
    );
  }

  #checkAccepted(node: SimNode<PaxosMessage>, message: Accepted): void {
    const { ballot, match, beyond, chosen } = message;
    const shadow = this.#of(node);
    const key = describeBallot(ballot);
    must(
      compareBallots(shadow.promised, ballot) >= 0,
      () => `P4: ${node.id} answers in ${key} before it has promised that durably`,
    );
    must(chosen <= this.#prefix, () => `${node.id} knows more as chosen than is`);
    const check = (slot: number): void => {
      must(
        this.#holds(node, slot, key),
        () => `${node.id} acknowledges slot ${String(slot)} in ${key}, which is not on its disk`,
      );
    };
    if (shadow.verified.ballot !== key) shadow.verified = { ballot: key, match: 0 };
    const covered = node.disk.durable.snapshot?.index ?? 0;
    for (let slot = Math.max(shadow.verified.match, covered) + 1; slot <= match; slot++) {
      check(slot);
    }
    shadow.verified.match = Math.max(shadow.verified.match, match);
    for (const { from, to } of beyond) {
      for (let slot = from; slot <= to; slot++) if (slot > covered) check(slot);
    }
  }

  /** Whether a node has accepted in a slot in this ballot, or holds what is chosen there. */
  #holds(node: SimNode<PaxosMessage>, slot: number, ballot: string): boolean {
    const history = this.#history[slot];
    if (history?.proposals.get(ballot)?.voters.has(node.id) === true) return true;
    const record = node.disk.durable.record(slot);
    const chosen = history?.chosen;
    return record !== undefined && chosen !== undefined && sameValue(record, chosen.record);
  }

  #checkChosen(node: SimNode<PaxosMessage>): void {
    const { commitIndex } = node.engine.status;
    must(
      commitIndex <= this.#prefix,
      () =>
        `${node.id} calls slot ${String(commitIndex)} chosen, and quorums have accepted only ${String(this.#prefix)}`,
    );
  }

  #checkIsChosen(slot: number, record: Uint8Array, who: () => string): void {
    const chosen = this.#history[slot]?.chosen;
    must(
      chosen !== undefined && sameValue(chosen.record, record),
      () => `${who()} what is not chosen in slot ${String(slot)}`,
    );
  }

  #checkKnownIn(node: SimNode<PaxosMessage>, chosen: number, knownIn: Ballot): void {
    const highest = this.#chosenIn[chosen];
    must(
      highest !== undefined,
      () => `${node.id} knows ${String(chosen)} slots, more than are chosen`,
    );
    must(
      compareBallots(highest, knownIn) <= 0,
      () =>
        `${node.id} takes ${String(chosen)} slots for chosen in ballots up to ${describeBallot(knownIn)}; one was only in ${describeBallot(highest)}`,
    );
  }

  /** A ballot belongs to one node, in one of its lives (P23). */
  #use(node: SimNode<PaxosMessage>, ballot: Ballot): void {
    const key = describeBallot(ballot);
    must(ballot.node === node.id, () => `${node.id} uses ballot ${key}`);
    const life = this.#lives.get(key) ?? node.life;
    must(life === node.life, () => `P23: ${node.id} uses ballot ${key} again after a restart`);
    this.#lives.set(key, life);
  }

  /** A read that is answered in the very turn in which it came was answered under the lease. */
  #checkLease(node: SimNode<PaxosMessage>, { inputs, effects }: Turn<PaxosMessage>): void {
    if (effects.reads.length === 0 || !node.leads) return;
    const { commitIndex, epoch } = node.engine.status;
    for (const { ticket } of effects.reads) {
      if (!this.#leaseReads.delete(ticket)) continue;
      if (!inputs.some((input) => input.type === 'read' && input.ticket === ticket)) continue;
      const owners = ownersOf(commitIndex + 1, this.#memberships, this.#window);
      const other = this.#cluster.live.find(
        (each) =>
          each.leads && each.engine.status.epoch > epoch && this.#hasPromisesOf(each, owners),
      );
      must(
        other === undefined,
        () => `${node.id} answers under its lease, and ${String(other?.id)} leads`,
      );
    }
  }

  #hasPromisesOf(leader: SimNode<PaxosMessage>, owners: readonly NodeId[]): boolean {
    const ballot = { round: leader.engine.status.epoch, node: leader.id };
    const promises = this.#promises.get(describeBallot(ballot));
    return this.#quorums.phase1(
      owners,
      (id) => id === leader.id || promises?.complete.has(id) === true,
    );
  }

  #historyOf(slot: number): History {
    return (this.#history[slot] ??= { proposals: new Map(), chosen: undefined });
  }

  #stateOf(node: SimNode<PaxosMessage>): DurableState | undefined {
    const { state } = node.disk.durable;
    return state === undefined ? undefined : this.#decode(state);
  }

  #decode(bytes: Uint8Array): DurableState {
    const known = this.#states.get(bytes) ?? decodeState(bytes);
    this.#states.set(bytes, known);
    return known;
  }

  #of(node: SimNode<PaxosMessage>): Shadow {
    const shadow = this.#shadows.get(node.id);
    if (shadow === undefined) throw new Error(`${node.id} never started`);
    return shadow;
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
