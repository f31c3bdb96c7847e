/**
 * What a node must not forget besides its votes.
 *
 *     u8 version, u32 agreement, ballot promised (u48 round, string node),
 *     u48 chosen, u48 base, ballot known in, u48 settled round,
 *     u32 count, each: u48 index, membership         the one at the base first
 *
 * `chosen` is a hint that may lag: every slot up to there was known to be chosen. What stands behind it
 * is read back from the disk at a start, so it is written again before that becomes much.
 */
import {
  ByteReader,
  ByteWriter,
  decodeMembership,
  encodeMembership,
  isName,
  type LogIndex,
  MalformedError,
  maxNameLength,
} from '@quorate/core';
import { type Ballot, noBallot } from './ballot.ts';
import type { PlacedMembership } from './configurations.ts';

/** What a node must not forget besides its records. */
export interface DurableState {
  /** Names the options that must be equal on all nodes. */
  readonly agreement: number;
  readonly promised: Ballot;
  readonly chosen: LogIndex;
  /** The slot before the first that is kept; a snapshot covers it. */
  readonly base: LogIndex;
  /** Everything up to `chosen` was chosen in ballots up to this one. */
  readonly knownIn: Ballot;
  readonly settledRound: number;
  /** At least one. */
  readonly memberships: readonly PlacedMembership[];
}

/** What Paxos needs to know of a snapshot. */
export interface SnapshotContext {
  readonly agreement: number;
  readonly index: LogIndex;
  /** Everything in it was chosen in ballots up to this one. */
  readonly knownIn: Ballot;
  readonly settledRound: number;
  /** The last membership that was chosen at or before `index`. */
  readonly placed: PlacedMembership;
}

const version = 1;
/** An index and three empty lists. */
const minMembershipBytes = 12;

/** Encodes the durable state. */
export function encodeState(state: DurableState): Uint8Array {
  const writer = new ByteWriter(256).u8(version).u32(state.agreement);
  putBallot(writer, state.promised);
  writer.u48(state.chosen).u48(state.base);
  putBallot(writer, state.knownIn);
  writer.u48(state.settledRound).u32(state.memberships.length);
  for (const { index, membership } of state.memberships) {
    encodeMembership(membership, writer.u48(index));
  }
  return writer.take();
}

/**
 * Decodes the durable state.
 *
 * @throws MalformedError if the bytes are not one.
 */
export function decodeState(bytes: Uint8Array): DurableState {
  const reader = new ByteReader(bytes);
  checkVersion(reader.u8());
  const agreement = reader.u32();
  const promised = ballotFrom(reader);
  const chosen = reader.u48();
  const base = reader.u48();
  const knownIn = ballotFrom(reader);
  const settledRound = reader.u48();
  const memberships: PlacedMembership[] = [];
  for (let left = reader.count(minMembershipBytes); left > 0; left--) {
    const placed = placedFrom(reader);
    const last = memberships[memberships.length - 1];
    if (last !== undefined && placed.index <= Math.max(last.index, base)) {
      throw new MalformedError('memberships out of order');
    }
    memberships.push(placed);
  }
  reader.end();
  const [first] = memberships;
  if (first === undefined) throw new MalformedError('a state without a membership');
  if (base > chosen || first.index > base) throw new MalformedError('trimmed past what is chosen');
  return { agreement, promised, chosen, base, knownIn, settledRound, memberships };
}

/** Encodes what goes with a snapshot. */
export function encodeContext(context: SnapshotContext): Uint8Array {
  const writer = new ByteWriter(256).u8(version).u32(context.agreement).u48(context.index);
  putBallot(writer, context.knownIn);
  writer.u48(context.settledRound).u48(context.placed.index);
  encodeMembership(context.placed.membership, writer);
  return writer.take();
}

/**
 * Decodes what came with a snapshot.
 *
 * @throws MalformedError if the bytes are not a context.
 */
export function decodeContext(bytes: Uint8Array): SnapshotContext {
  const reader = new ByteReader(bytes);
  checkVersion(reader.u8());
  const agreement = reader.u32();
  const index = reader.u48();
  const knownIn = ballotFrom(reader);
  const settledRound = reader.u48();
  const placed = placedFrom(reader);
  reader.end();
  if (index === 0 || knownIn.round === 0) throw new MalformedError('a snapshot of nothing');
  if (placed.index > index) throw new MalformedError('a membership from behind the snapshot');
  if (placed.membership.voters.length === 0) throw new MalformedError('a snapshot of no group');
  return { agreement, index, knownIn, settledRound, placed };
}

function putBallot(writer: ByteWriter, { round, node }: Ballot): void {
  writer.u48(round).string(node);
}

function ballotFrom(reader: ByteReader): Ballot {
  const round = reader.u48();
  const node = reader.string(maxNameLength);
  if (round === 0 && node === '') return noBallot;
  if (round === 0 || !isName(node)) throw new MalformedError('no such ballot');
  return { round, node };
}

function placedFrom(reader: ByteReader): PlacedMembership {
  return { index: reader.u48(), membership: decodeMembership(reader) };
}

function checkVersion(found: number): void {
  if (found !== version) throw new MalformedError(`unknown version ${String(found)}`);
}
