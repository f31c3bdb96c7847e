/**
 * What only Raft promises, checked after every step of every node (Ongaro and Ousterhout 2014,
 * figure 3 and section 6).
 *
 *  - Log matching: an index and a term name one record, and one history before it.
 *  - Leader completeness: whoever comes to lead has every record decided in earlier terms.
 *  - Leader append-only; nobody truncates what is committed.
 *  - The membership in force is the last one in the log, decided or not.
 *  - One vote a term, and a term that others were told of survives a crash.
 *  - What a node acknowledges is on its disk.
 */
import { entryKind, equalBytes, equalMemberships } from '@quorate/core';
import type { Input, Membership, NodeId, Write } from '@quorate/core';
import {
  haveCommonQuorums,
  must,
  type NewGroup,
  type Observer,
  type PlacedMembership,
  type Turn,
  type WatchedGroup,
  type WatchedNode,
} from '@quorate/core/checks';
import type { RaftMessage } from '../messages.ts';
import { headerBytes, membershipIn, recordTerm } from '../record.ts';

/** Checks one group. */
export class RaftChecks implements Observer<RaftMessage> {
  readonly #group: WatchedGroup<RaftMessage>;
  /** Every record ever written, by index and term, with the term before it. */
  readonly #records = new Map<string, { readonly record: Uint8Array; readonly before: number }>();
  /** Memberships in the log of each node, as written. */
  readonly #memberships = new Map<NodeId, PlacedMembership[]>();
  /** What each node had committed when its effects were last taken. */
  readonly #committed = new Map<NodeId, number>();
  readonly #ledIn = new Map<NodeId, number>();
  readonly #votes = new Map<string, NodeId>();
  /** Highest term that a node has told anybody. */
  readonly #told = new Map<NodeId, number>();

  constructor(group: WatchedGroup<RaftMessage>) {
    this.#group = group;
  }

  started(node: WatchedNode): void {
    const { durable } = node.disk;
    const { epoch, lastIndex } = node.engine.status;
    const told = this.#told.get(node.id) ?? 0;
    must(
      epoch >= told,
      () => `${node.id} told of term ${String(told)} and woke up in ${String(epoch)}`,
    );
    const last = durable.record(durable.last);
    must(
      last === undefined || epoch >= recordTerm(last),
      () => `${node.id} holds an entry of a later term than its own`,
    );
    must(
      lastIndex === Math.max(durable.last, durable.snapshot?.index ?? 0),
      () => `${node.id} starts with a log up to ${String(lastIndex)}`,
    );
    const placed: PlacedMembership[] = [];
    for (let index = durable.first; index <= durable.last; index++) {
      const record = durable.record(index);
      must(record !== undefined, () => `${node.id} has a hole in its log at ${String(index)}`);
      this.#checkRecord(node, index, record);
      if (entryKind(record, headerBytes) === 'membership') {
        placed.push({ index, membership: membershipIn(record) });
      }
    }
    this.#memberships.set(node.id, placed);
    this.#ledIn.delete(node.id);
    this.#committed.set(node.id, node.engine.status.commitIndex);
    this.#checkMembership(node);
  }

  /** Terms go on only where a node goes on; entries that were memberships are other ones now. */
  regrouped({ survivor }: NewGroup): void {
    this.#records.clear();
    this.#memberships.clear();
    this.#committed.clear();
    this.#ledIn.clear();
    this.#votes.clear();
    const told = survivor && this.#told.get(survivor.id);
    this.#told.clear();
    if (survivor !== undefined && told !== undefined) this.#told.set(survivor.id, told);
  }

  stepped(node: WatchedNode, _input: Input<RaftMessage>): void {
    const { role, epoch } = node.engine.status;
    if (role !== 'leader' || this.#ledIn.get(node.id) === epoch) return;
    this.#checkCompleteness(node, epoch);
  }

  took(node: WatchedNode, turn: Turn<RaftMessage>): void {
    const { role, epoch } = node.engine.status;
    const led = this.#ledIn.get(node.id) === epoch && role === 'leader';
    for (const write of turn.effects.writes) this.#checkWrite(node, write, led);
    this.#committed.set(node.id, node.engine.status.commitIndex);
    if (role === 'leader') this.#ledIn.set(node.id, epoch);
    else this.#ledIn.delete(node.id);
    const { written } = node.disk;
    const end = Math.max(written.last, written.snapshot?.index ?? 0);
    must(
      end === node.engine.status.lastIndex,
      () =>
        `the log of ${node.id} ends at ${String(node.engine.status.lastIndex)}, on disk at ${String(end)}`,
    );
    this.#checkMembership(node);
  }

  left(node: WatchedNode, to: NodeId, message: RaftMessage): void {
    this.#checkMessage(node, to, message);
  }

  /**
   * Figure 3, Leader Completeness: "in all leaders for higher-numbered terms". Whoever slept through
   * a later election may find itself elected in an earlier term, without what was decided since.
   */
  #checkCompleteness(node: WatchedNode, epoch: number): void {
    const { written } = node.disk;
    const { recorder } = this.#group;
    const start = (written.snapshot?.index ?? 0) + 1;
    for (let index = start; recorder.decidedIn(index) < epoch; index++) {
      const record = written.record(index);
      const decided = recorder.decided(index);
      must(
        record !== undefined && decided !== undefined && equalBytes(record, decided),
        () =>
          `leader completeness: ${node.id} leads in ${String(epoch)} without decided entry ${String(index)}`,
      );
    }
  }

  #checkWrite(node: WatchedNode, write: Write, led: boolean): void {
    const placed = this.#memberships.get(node.id) ?? [];
    const committed = this.#committed.get(node.id) ?? 0;
    for (const op of write.ops) {
      switch (op.type) {
        case 'put':
          this.#checkRecord(node, op.index, op.record);
          if (entryKind(op.record, headerBytes) === 'membership') {
            this.#checkChange(node, op.index, membershipIn(op.record), placed.at(-1), led);
            placed.push({ index: op.index, membership: membershipIn(op.record) });
          }
          break;
        case 'dropAfter':
          must(!led, () => `leader append-only: ${node.id} truncates behind ${String(op.index)}`);
          // A snapshot takes the place of the log in the same write.
          must(
            op.index >= committed || write.ops.some((other) => other.type === 'snapshot'),
            () => `${node.id} truncates committed entries behind ${String(op.index)}`,
          );
          while ((placed.at(-1)?.index ?? 0) > op.index) placed.pop();
          break;
        case 'dropBefore':
          while ((placed[0]?.index ?? op.index) < op.index) placed.shift();
          break;
        case 'snapshot':
        case 'state':
      }
    }
    this.#memberships.set(node.id, placed);
  }

  /** Section 6: one change at a time, each with quorums that meet those of the one before. */
  #checkChange(
    node: WatchedNode,
    index: number,
    membership: Membership,
    previous: PlacedMembership | undefined,
    led: boolean,
  ): void {
    const { commitIndex } = node.engine.status;
    must(
      !led || previous === undefined || previous.index <= commitIndex,
      () =>
        `membership: ${node.id} starts a change at ${String(index)} before the one before is decided`,
    );
    must(
      previous === undefined || haveCommonQuorums(previous.membership, membership),
      () => `membership: ${node.id} goes at ${String(index)} to quorums apart from those before`,
    );
  }

  /** Figure 3, Log Matching: by induction, an equal index and term mean equal logs up to there. */
  #checkRecord(node: WatchedNode, index: number, record: Uint8Array): void {
    const term = recordTerm(record);
    must(
      term <= node.engine.status.epoch,
      () => `${node.id} writes an entry of term ${String(term)}, later than its own`,
    );
    const previous = node.disk.written.record(index - 1);
    const before = previous === undefined ? -1 : recordTerm(previous);
    const key = `${String(index)}/${String(term)}`;
    const known = this.#records.get(key);
    if (known === undefined) {
      this.#records.set(key, { record: record.slice(), before });
      return;
    }
    must(
      equalBytes(known.record, record),
      () =>
        `log matching: ${node.id} writes another record at ${String(index)} of term ${String(term)}`,
    );
    must(
      known.before === before || known.before === -1 || before === -1,
      () => `log matching: ${node.id} writes ${String(index)} behind another history`,
    );
  }

  /** Section 6: a membership is in force from the moment it is in the log. */
  #checkMembership(node: WatchedNode): void {
    const { membership } = node.engine.status;
    const { snapshot } = node.disk.written;
    const last = this.#memberships.get(node.id)?.at(-1);
    const expected =
      last?.membership ??
      (snapshot === undefined ? node.bootstrap : this.#group.recorder.membershipAt(snapshot.index));
    must(
      equalMemberships(membership, expected),
      () =>
        `membership: in force on ${node.id} is ${JSON.stringify(membership)}, in its log ${JSON.stringify(expected)}`,
    );
  }

  /** Figure 2: what a node says rests on what it cannot forget. */
  #checkMessage(node: WatchedNode, to: NodeId, message: RaftMessage): void {
    const rehearsal =
      (message.type === 'vote-request' && message.pre) ||
      (message.type === 'vote-reply' && message.pre && message.granted);
    if (!rehearsal) {
      this.#told.set(node.id, Math.max(this.#told.get(node.id) ?? 0, message.term));
    }
    if (message.type === 'vote-request' && !message.pre)
      this.#checkVote(node, message.term, node.id);
    if (message.type === 'vote-reply' && message.granted && !message.pre) {
      this.#checkVote(node, message.term, to);
    }
    if (message.type === 'append-reply' && message.term === node.engine.status.epoch) {
      const { durable } = node.disk;
      const end = Math.max(durable.last, durable.snapshot?.index ?? 0);
      must(
        message.match <= end,
        () =>
          `${node.id} acknowledges ${String(message.match)} and has only ${String(end)} on disk`,
      );
    }
  }

  #checkVote(node: WatchedNode, term: number, candidate: NodeId): void {
    const key = `${node.id}/${String(term)}`;
    const before = this.#votes.get(key);
    this.#votes.set(key, candidate);
    must(
      before === undefined || before === candidate,
      () => `${node.id} votes for ${String(before)} and for ${candidate} in term ${String(term)}`,
    );
  }
}
