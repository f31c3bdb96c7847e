/**
 * The one interface for Raft, Paxos and whatever else decides an order.
 *
 * An engine is pure and synchronous: inputs go in with `step`, everything it wants done comes out
 * with `take`. It knows no clock but `now`, no randomness but the generator it was given, and never
 * waits. The same inputs give the same effects, byte for byte, so a run can be recorded, replayed
 * and shrunk. A driver (`@quorate/log`) carries the effects out.
 */
import type { ByteReader } from './byte-reader.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { LogIndex, NodeId, Ticket, WriteId } from './ids.ts';
import type { Member, Membership, MembershipChange } from './membership.ts';
import type { Random } from './random.ts';
import type { LogRecord, Recovered, SnapshotId, StorageOp } from './storage.ts';
import type { IndexSpan } from './storage-ops.ts';

/** How strong a read is: confirmed by a quorum now, or by a quorum within a lease of bounded drift. */
export type ReadGuarantee = 'linearizable' | 'lease';

/** What can happen to an engine. */
export type Input<Message> =
  /** Time has passed; the driver sends one when `wakeAt` is reached. */
  | { readonly type: 'tick' }
  | { readonly type: 'receive'; readonly from: NodeId; readonly message: Message }
  /**
   * Asks to append an entry. `record` comes from `encodeEntry` with the algorithm's `headerBytes`;
   * the engine fills in that header in place, and owns the bytes from then on.
   */
  | { readonly type: 'propose'; readonly ticket: Ticket; readonly record: Uint8Array }
  | { readonly type: 'read'; readonly ticket: Ticket; readonly guarantee: ReadGuarantee }
  | { readonly type: 'reconfigure'; readonly ticket: Ticket; readonly change: MembershipChange }
  /** Hands leadership over, to the best follower where `to` is absent. */
  | { readonly type: 'transfer'; readonly ticket: Ticket; readonly to?: NodeId }
  /**
   * This write is durable, and every earlier one with it. May come late, twice or out of order.
   */
  | { readonly type: 'stored'; readonly write: WriteId }
  /** Answer to a load: records in ascending order, at least the first one unless it is gone. */
  | { readonly type: 'loaded'; readonly load: number; readonly records: readonly LogRecord[] }
  /** The consumer has applied everything up to this index. */
  | { readonly type: 'applied'; readonly index: LogIndex }
  /** A snapshot of the applied state at `index` is staged: publish it and trim the log. */
  | { readonly type: 'compact'; readonly ticket: Ticket; readonly snapshot: StagedSnapshot }
  /** A snapshot from another node is staged: put it in the place of the log up to its index. */
  | {
      readonly type: 'install';
      readonly ticket: Ticket;
      readonly snapshot: StagedSnapshot;
      /** The engine's bytes that came along with it. */
      readonly context: Uint8Array;
    }
  /** What became of a {@link Ship}: the peer has the snapshot at `index`, or the attempt failed. */
  | { readonly type: 'shipped'; readonly to: NodeId; readonly index: LogIndex | undefined };

/** A snapshot that is durable but not visible yet. */
export interface StagedSnapshot {
  readonly id: SnapshotId;
  /** The last index that it covers. */
  readonly index: LogIndex;
}

/** Everything that an engine wants done since the last `take`. */
export interface Effects<Message> {
  /** Ordered; each is atomic. The driver may join neighbours into one. */
  readonly writes: readonly Write[];
  readonly sends: readonly Send<Message>[];
  /** Decided for ever; gapless and ascending over all `take`s, except across a `restored`. */
  readonly committed: readonly CommittedRecord[];
  /** An installed snapshot is durable: the consumer must restore it; `committed` goes on after it. */
  readonly restored: StagedSnapshot | undefined;
  readonly reads: readonly ReadReady[];
  readonly outcomes: readonly Outcome[];
  readonly loads: readonly Load[];
  /** Peers that need a snapshot because the log does not reach back far enough for them. */
  readonly ships: readonly Ship[];
  /** Monotonic ms at which to send the next `tick`; `Infinity`: never. */
  readonly wakeAt: number;
}

/** An atomic, durable change of the storage. */
export interface Write {
  readonly id: WriteId;
  readonly ops: readonly StorageOp[];
}

/** A message that leaves once the write `after` (and all before it) is durable, or at once. */
export interface Send<Message> {
  readonly to: NodeId;
  readonly message: Message;
  readonly after?: WriteId;
  /**
   * Nobody waits for it: it may leave with the next frame to that node, or a few ms later by itself. Only the
   * latest such message to a node counts.
   */
  readonly mayWait?: true;
}

/** A decided entry, as the record that the engine keeps (its own header in front). */
export interface CommittedRecord {
  readonly index: LogIndex;
  readonly record: Uint8Array;
}

/** The read may be answered by whoever has applied `index`. */
export interface ReadReady {
  readonly ticket: Ticket;
  readonly index: LogIndex;
}

/** What became of a ticket. A proposal that is `accepted` shows up in `committed`, or is lost. */
export type Outcome =
  /** Appended at this index; not decided yet. */
  | { readonly type: 'accepted'; readonly ticket: Ticket; readonly index: LogIndex }
  /** Reconfiguration in force, leadership handed over, snapshot published or installed. */
  | { readonly type: 'done'; readonly ticket: Ticket; readonly index: LogIndex }
  /** It did not and will not happen. */
  | {
      readonly type: 'rejected';
      readonly ticket: Ticket;
      readonly reason: RejectReason;
      readonly leader?: NodeId;
      readonly detail?: string;
    }
  /** Leadership was lost on the way; it may happen or not. */
  | { readonly type: 'unknown'; readonly ticket: Ticket };

/** Why an engine refuses. */
export type RejectReason =
  | 'not-leader'
  /** The limit of bytes accepted and not yet committed is reached. */
  | 'overloaded'
  /** Leadership is being handed over; no writes meanwhile. */
  | 'transferring'
  | 'change-in-progress'
  /** It can never work; `detail` says why. */
  | 'invalid'
  /** A snapshot that is older than what the engine has, or ahead of what is applied. */
  | 'stale'
  /** The other node did not take over in time. */
  | 'timed-out';

/** Asks for records from disk: `from` to `to`, both included, stopping before `maxBytes` is passed. */
export interface Load {
  readonly id: number;
  readonly from: LogIndex;
  readonly to: LogIndex;
  readonly maxBytes: number;
}

/** Asks the driver to bring the current snapshot to a peer, and to report with `shipped`. */
export interface Ship {
  readonly to: NodeId;
}

/** What a node does in its group at the moment. */
export type Role = 'follower' | 'candidate' | 'leader' | 'learner';

/** A live view on an engine; copy what you keep. */
export interface EngineStatus {
  readonly role: Role;
  readonly leader: NodeId | undefined;
  /** Raft: the term. Paxos: the round of the highest ballot promised. Never falls. */
  readonly epoch: number;
  /** First index that is still in the log; everything before is in the snapshot. */
  readonly firstIndex: LogIndex;
  readonly lastIndex: LogIndex;
  readonly commitIndex: LogIndex;
  /**
   * An entry that was proposed in an epoch below this one, and that is not decided at or below
   * `commitIndex`, will never be decided. So whoever handed it in may do so again. 0 where the
   * algorithm cannot say.
   */
  readonly settledEpoch: number;
  /** In force on this node, decided or not. */
  readonly membership: Membership;
  /**
   * Monotonic ms at which this node last knew itself in touch with the group: a follower heard from
   * the leader then, a leader sent what a quorum has answered. `undefined`: not yet.
   */
  readonly contactAt: number | undefined;
  /** Bytes of records held in memory. */
  readonly tailBytes: number;
  /** On a leader: how far each other member is. */
  readonly peers: readonly PeerStatus[];
}

/** How a leader sees another member. */
export interface PeerStatus {
  readonly id: NodeId;
  /** Highest index known to be durable there. */
  readonly matchIndex: LogIndex;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  /** Whether it answered within the last election time-out. */
  readonly active: boolean;
}

/** A consensus algorithm, running. */
export interface Engine<Message> {
  /**
   * Takes one input.
   *
   * @param now monotonic ms; never falls from one call to the next.
   * @throws InvariantError when one of its invariants does not hold: the node must stop.
   */
  step(input: Input<Message>, now: number): void;
  /** Everything to be done since the last call. */
  take(): Effects<Message>;
  readonly status: EngineStatus;
}

/** What an engine starts from. */
export interface EngineSetup {
  readonly node: NodeId;
  /** What the storage holds; empty on the first start. */
  readonly recovered: Recovered;
  /**
   * Membership of a group that starts for the first time, equal on all of its nodes; ignored where
   * something was recovered. Empty for a node that is going to be added to an existing group.
   */
  readonly bootstrap: Membership;
  readonly random: Random;
  /** Monotonic ms. */
  readonly now: number;
}

/** Bytes of an engine's messages, and back. */
export interface MessageCodec<Message> {
  encode(message: Message, frame: FrameWriter): void;
  /**
   * Byte strings in the message may be views on what the reader reads.
   *
   * @throws MalformedError if the bytes are not a message.
   */
  decode(reader: ByteReader): Message;
}

/** What a package such as `@quorate/raft` hands to the driver: its name, codec and constructor. */
export interface Algorithm<Message> {
  /** Goes into the storage's identity: data of one algorithm is not opened with another. */
  readonly name: string;
  /** Bytes in front of each record that belong to the engine. */
  readonly headerBytes: number;
  /** Largest message that its codec makes, as long as no single record is larger. */
  readonly maxMessageBytes: number;
  /**
   * Whether every node answers linearizable reads by itself, without the leader.
   *
   * @default false
   */
  readonly readsAnywhere?: boolean;
  readonly codec: MessageCodec<Message>;
  create(setup: EngineSetup): Engine<Message>;
  /**
   * Disaster recovery: how what one node holds becomes a group of its own, when the others are lost
   * for ever. See {@link SoleVoter} for what that costs.
   *
   * @throws CorruptError if what the storage holds does not fit together.
   * @throws InvalidArgumentError if it holds nothing to go on from, or one voter cannot decide alone.
   */
  forceSoleVoter(setup: SoleVoterSetup): SoleVoter;
  /**
   * The steps that put the beginning of a new group into an empty storage: a state that was saved
   * elsewhere, as the snapshot at its index, and who the members are. The log goes on behind it.
   *
   * As with the bootstrap of a group that begins with nothing, safety rests on every first member being
   * given the same: the same content at the same index, and the same membership.
   *
   * @throws InvalidArgumentError if there is nothing at that index, or the membership cannot begin a group.
   */
  beginFrom(beginning: GroupBeginning): readonly StorageOp[];
  /**
   * What the bytes mean that the engine leaves in a storage, for tools and people.
   *
   * @default nothing is said; tools show bytes
   */
  readonly explain?: Explain;
}

/** Bytes of an engine as plain values, fit for JSON. What cannot be read throws MalformedError. */
export interface Explain {
  state(bytes: Uint8Array): PlainFields;
  record(record: Uint8Array): PlainFields;
  /** What is kept with a snapshot. */
  context(bytes: Uint8Array): PlainFields;
}

/** Fields that JSON can hold. */
export interface PlainFields {
  readonly [name: string]: PlainValue;
}

/** A value that JSON can hold. */
export type PlainValue = string | number | boolean | null | readonly PlainValue[] | PlainFields;

/** What {@link Algorithm.forceSoleVoter} starts from. No engine may be running on it. */
export interface SoleVoterSetup {
  /** What the storage holds. */
  readonly recovered: Recovered;
  /** The node, and how others will reach it. */
  readonly member: Member;
  /**
   * The content of the current snapshot, staged once more, since what the engine keeps with a snapshot
   * (who the group was) has to change; `undefined` where there is no snapshot.
   */
  readonly snapshot: StagedSnapshot | undefined;
}

/**
 * A node on its way to be the only voter of a group.
 *
 * Everything that the node holds stays, at its index, and counts as decided from then on, also what was
 * perhaps never decided before: it cannot be told apart any more. Everything that was decided, and
 * acknowledged to clients, without this node is lost; indexes that are missing here hold no-ops. What
 * the others had overruled, and this node had not heard of that, comes back.
 *
 * Wherever the log or the snapshot said who the group is, they say that it is this node, as if it had
 * never been anybody else: new members may have names of lost ones, and were they to read the old
 * membership, they could elect each other by it. The epoch rises far above whatever the others can
 * have reached, so no leader of theirs is ever taken for one of this group. All the same no message of
 * the old group may reach it: what was decided there is not decided here. Another cluster name
 * (`StorageOwner`) sees to that, also when members that were given up come back.
 */
export interface SoleVoter {
  /** Records that it has to see first; `undefined`: none (any more). */
  readonly unseen: IndexSpan | undefined;
  /**
   * Takes the next of them, in ascending order: all that are there from `unseen.first` on, up to
   * wherever the page ends.
   *
   * @throws CorruptError if one of them cannot be what this node has written, or there is none though
   *   the storage had said so.
   */
  see(records: readonly LogRecord[]): void;
  /**
   * The steps, to be written to the storage at once. Until then nothing has changed, and it can be
   * begun again; afterwards too.
   *
   * @throws InvariantError while some records are unseen.
   */
  steps(): readonly StorageOp[];
}

/** How a group begins that takes a state over: equal on all of its first members. */
export interface GroupBeginning {
  readonly snapshot: StagedSnapshot;
  /** No change may be under way in it. */
  readonly membership: Membership;
}
